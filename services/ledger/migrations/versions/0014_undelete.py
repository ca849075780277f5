"""Since when the content of a deleted video is being removed: from then on it cannot be taken back.

Revision ID: 0014
"""

from alembic import op

revision = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None

_UNDELETE = """
ALTER TABLE videos ADD COLUMN purge_started_at timestamptz;
-- What can be taken back, in the order of the list.
CREATE INDEX videos_to_take_back ON videos (created_at DESC, id DESC)
 WHERE deleted_at IS NOT NULL AND purge_started_at IS NULL AND purged_at IS NULL;
"""


def upgrade() -> None:
    op.execute(_UNDELETE)
