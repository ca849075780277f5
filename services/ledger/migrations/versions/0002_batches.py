"""Batches: jobs that were ordered in one call.

Revision ID: 0002
"""

from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

_BATCHES = """
CREATE TABLE batches (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE jobs ADD COLUMN batch_id uuid REFERENCES batches (id);
CREATE INDEX jobs_by_batch ON jobs (batch_id, ordinal) WHERE batch_id IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(_BATCHES)
