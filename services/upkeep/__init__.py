"""Functions `maintain`, `sweep` and `migrate`: what keeps ledger and buckets in order."""
