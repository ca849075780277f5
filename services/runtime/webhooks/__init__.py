"""What both who makes webhook endpoints and who calls them must know: addresses, secrets, signatures.

Not here: endpoints, which the ledger keeps, and calls, which `webhooks` makes.
"""
