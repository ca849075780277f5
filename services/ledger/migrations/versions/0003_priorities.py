"""Who ordered a job and how urgent it is, so that a bounded number is processed and shared fairly.

Revision ID: 0003
"""

from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

_ADMISSION = """
-- Each key that ever ordered a job; functions of the release before store jobs of 'unknown'.
CREATE TABLE job_owners (
    owner text PRIMARY KEY CHECK (char_length(owner) BETWEEN 1 AND 128),
    last_started_at timestamptz
);
INSERT INTO job_owners (owner) VALUES ('unknown'), ('bucket');

ALTER TABLE jobs
    ADD COLUMN owner text NOT NULL DEFAULT 'unknown' REFERENCES job_owners (owner),
    ADD COLUMN priority smallint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9);

-- The two halves of the queue: who waits, in the order of starting, and who has a slot.
CREATE INDEX jobs_waiting ON jobs (owner, priority DESC, queued_at, id)
    WHERE status = 'QUEUED' AND dispatched_at IS NULL;
CREATE INDEX jobs_in_work ON jobs (owner)
    WHERE status = 'PROCESSING' OR (status = 'QUEUED' AND dispatched_at IS NOT NULL);
CREATE INDEX jobs_awaiting_upload ON jobs (owner) WHERE status = 'PENDING';
"""


def upgrade() -> None:
    op.execute(_ADMISSION)
