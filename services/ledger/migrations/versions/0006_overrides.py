"""What a job asks for beyond its profile.

Revision ID: 0006
"""

from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.execute("ALTER TABLE jobs ADD COLUMN overrides jsonb NOT NULL DEFAULT '{}'")
