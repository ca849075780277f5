"""How often the sweep has told of files that nobody made a job of.

Revision ID: 0011
"""

from alembic import op

revision = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None

_RESENT_EVENTS = """
CREATE TABLE resent_events (
    bucket text NOT NULL,
    key text NOT NULL,
    version_id text NOT NULL,
    times integer NOT NULL DEFAULT 0 CHECK (times >= 0),
    due_at timestamptz NOT NULL DEFAULT now(),
    -- When a walk last found the file without a job.
    seen_at timestamptz NOT NULL DEFAULT now(),
    given_up_at timestamptz,
    PRIMARY KEY (bucket, key, version_id)
);
"""


def upgrade() -> None:
    op.execute(_RESENT_EVENTS)
