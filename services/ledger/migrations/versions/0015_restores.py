"""Originals that are being brought back from the archive, and the jobs that wait for them.

Revision ID: 0015
"""

from alembic import op

revision = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None

_RESTORES = """
CREATE TABLE restores (
    bucket text NOT NULL,
    key text NOT NULL,
    -- '' for the object of a bucket without versions.
    version_id text NOT NULL,
    expected_at timestamptz NOT NULL,
    looked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bucket, key, version_id)
);
ALTER TABLE jobs
    -- While the job waits for its source: when that is expected.
    ADD COLUMN restore_expected_at timestamptz,
    -- Where the source is a restored copy: when that ends.
    ADD COLUMN source_readable_until timestamptz;
-- Who can begin, in the order of starting; the jobs that wait for their source are left out.
CREATE INDEX jobs_ready ON jobs (owner, priority DESC, queued_at, id)
 WHERE status = 'QUEUED' AND dispatched_at IS NULL AND restore_expected_at IS NULL;
CREATE INDEX jobs_awaiting_restore ON jobs (source_key)
 WHERE status = 'QUEUED' AND restore_expected_at IS NOT NULL;
CREATE INDEX jobs_on_copies ON jobs (source_readable_until)
 WHERE status = 'QUEUED' AND dispatched_at IS NULL AND source_readable_until IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(_RESTORES)
