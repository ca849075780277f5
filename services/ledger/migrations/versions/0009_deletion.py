"""When the data of a deleted video go, and when they went.

Revision ID: 0009
"""

from alembic import op

revision = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None

_DELETION = """
ALTER TABLE videos
    -- Set where somebody asked for less than the configured time.
    ADD COLUMN purge_after timestamptz,
    ADD COLUMN purged_at timestamptz;
CREATE INDEX videos_deleted ON videos (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
CREATE INDEX outbox_by_job ON outbox (job_id);
CREATE INDEX videos_to_purge ON videos (purge_after) WHERE purge_after IS NOT NULL AND purged_at IS NULL;
"""


def upgrade() -> None:
    op.execute(_DELETION)
