"""What all functions share: settings, clients, the way to the ledger, logs, and starting executions.

Not here: what only one function needs.
"""
