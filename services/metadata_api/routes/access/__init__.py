"""Routes about who may do what: API keys, whose a record is, and who changed it.

Not here: what a caller may do, which `metadata_api.access` decides before any route is called.
"""
