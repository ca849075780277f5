"""Alembic's entry point: runs the revisions over the connection that the runner handed in."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transaction_per_migration=False,
)

with context.begin_transaction():
    context.run_migrations()
