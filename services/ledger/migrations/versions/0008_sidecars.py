"""Subtitles that came beside a video.

Revision ID: 0008
"""

from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

_SIDECARS = """
CREATE TABLE sidecars (
    video_id uuid NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    name text NOT NULL,
    language text NOT NULL,
    label text NOT NULL,
    webvtt text NOT NULL,
    cues integer NOT NULL,
    ends_seconds double precision NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (video_id, name)
);
"""


def upgrade() -> None:
    op.execute(_SIDECARS)
