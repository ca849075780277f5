"""Executions that a person starts in the console, and jobs and chunks that wait for room for their task.

Revision ID: 0013
"""

from alembic import op

revision = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None

_EXECUTIONS = """
INSERT INTO job_owners (owner) VALUES ('console') ON CONFLICT DO NOTHING;

-- Jobs are found by the execution that runs their attempt, whatever its name.
CREATE INDEX jobs_execution ON jobs (execution_arn) WHERE execution_arn IS NOT NULL;

-- When the current attempt first found no room for a task; empty again once a task has begun.
ALTER TABLE jobs ADD COLUMN short_since timestamptz;

-- When a chunk was given one of the stack's tasks; counts until it is done, has failed, or waits for room.
ALTER TABLE chunks ADD COLUMN admitted_at timestamptz;
"""


def upgrade() -> None:
    op.execute(_EXECUTIONS)
