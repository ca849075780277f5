"""Chunks: the parts of a long job that tasks encode side by side, each with a fence of its own.

Revision ID: 0005
"""

from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

_CHUNKS = """
ALTER TABLE jobs ADD COLUMN plan_key text;
CREATE TABLE chunks (
    job_id uuid NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    plan_key text NOT NULL,
    name text NOT NULL,
    frames bigint,
    status text NOT NULL DEFAULT 'MISSING' CHECK (status IN ('MISSING', 'ENCODING', 'DONE', 'FAILED')),
    fence integer NOT NULL DEFAULT 0,
    starts integer NOT NULL DEFAULT 0,
    attempt integer,
    task_arn text,
    heartbeat_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    directory text,
    sha256 text,
    error_code text,
    error_message text,
    error_remedy text,
    PRIMARY KEY (job_id, plan_key, name)
);
"""


def upgrade() -> None:
    op.execute(_CHUNKS)
