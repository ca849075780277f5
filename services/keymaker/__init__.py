"""Function `key-maker`, outside of the network: makes API keys at API Gateway and takes them away.

Not here: whose a key is and how far it reaches, which the ledger holds; this function cannot reach it.
"""
