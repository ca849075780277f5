"""How far the sweep has come in the buckets, and which ended jobs' leftovers it has seen to.

Revision ID: 0010
"""

from alembic import op

revision = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

_WALKS = """
CREATE TABLE walks (
    name text PRIMARY KEY,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended boolean NOT NULL DEFAULT false,
    -- The last key that was seen, and what its listing tells equal keys apart by.
    key_marker text NOT NULL DEFAULT '',
    id_marker text NOT NULL DEFAULT ''
);
ALTER TABLE jobs ADD COLUMN leftovers_seen_at timestamptz;
-- Small: a job leaves it an hour or so after its end, and most jobs are never in it.
CREATE INDEX jobs_with_leftovers ON jobs (finished_at)
 WHERE fence > 0 AND NOT (status = 'COMPLETED' AND fence = 1)
   AND (leftovers_seen_at IS NULL OR leftovers_seen_at < finished_at);
"""


def upgrade() -> None:
    op.execute(_WALKS)
