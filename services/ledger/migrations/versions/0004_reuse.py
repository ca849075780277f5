"""Jobs that are answered with the outputs of an earlier job on the same bytes.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

_REUSE = """
ALTER TABLE jobs ADD COLUMN reused_job_id uuid REFERENCES jobs (id);
CREATE INDEX jobs_by_content ON jobs (declared_sha256, profile, ordinal DESC)
    WHERE status = 'COMPLETED' AND declared_sha256 IS NOT NULL;
-- One object may belong to several jobs; it is deleted with the last row that names it.
ALTER TABLE outputs DROP CONSTRAINT outputs_key_key;
CREATE INDEX outputs_by_key ON outputs (key);
-- The same for sources, and for who else still needs one.
CREATE INDEX jobs_by_source ON jobs (source_key);
"""


def upgrade() -> None:
    op.execute(_REUSE)
