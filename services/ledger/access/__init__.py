"""Who may do what: clients and their API keys, whose a record is, and who changed it.

Not here: what a scope allows, which the API decides.
"""
