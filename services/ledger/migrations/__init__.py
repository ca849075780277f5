"""Schema of the ledger as Alembic revisions, run by `ledger.migrations.runner` and nothing else.

Not here: queries, and data of any one video or job.
"""
