"""Who calls, and what they may do: the API's own answer to a key, whatever the gateway let through.

Not here: making and revoking keys, which is in `keys`; whose a record is, which the ledger knows.
"""
