"""What was odd about a job's source, which was processed all the same.

Revision ID: 0012
"""

from alembic import op

revision = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None

# A constant default, so that no row is written again.
_WARNINGS = "ALTER TABLE jobs ADD COLUMN warnings jsonb NOT NULL DEFAULT '[]'"


def upgrade() -> None:
    op.execute(_WARNINGS)
