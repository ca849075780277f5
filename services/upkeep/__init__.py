"""Functions `maintain`, `sweep` and `migrate`: what keeps ledger and buckets in order.

Not here: anything that a caller waits for.
"""
