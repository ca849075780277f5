"""Schema of the ledger as Alembic revisions, run by `ledger.migrations.runner` and nothing else."""
