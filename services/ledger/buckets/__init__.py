"""What the ledger knows of the objects in the buckets, and how far the sweep has come there."""
