"""What the ledger knows of objects in the buckets, and how far the sweep has come there.

Not here: calls of S3.
"""
