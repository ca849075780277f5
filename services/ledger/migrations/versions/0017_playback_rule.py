"""Which of a video's jobs plays is a rule over all of them, no longer whatever completed last.

Revision ID: 0017
"""

from alembic import op

revision = "0017"
down_revision: str | None = "0016"
branch_labels: str | None = None
depends_on: str | None = None

_COLUMNS = """
-- What probing the source told is kept with the job; NULL where an older worker stored it on the video alone.
ALTER TABLE jobs
    ADD COLUMN publish boolean NOT NULL DEFAULT true,
    ADD COLUMN profile_version text,
    ADD COLUMN technical jsonb CHECK (jsonb_typeof(technical) = 'object');
ALTER TABLE videos ADD COLUMN pinned_job_id uuid REFERENCES jobs (id);
"""

_RULE = """
-- The one place that chooses: whoever writes either column only asks for the choice. It runs with the video's
-- row held, so of two jobs that complete at once the second sees the first (ADR 0037).
CREATE FUNCTION choose_playing_job() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    known jsonb;
BEGIN
    SELECT j.id, j.technical INTO NEW.current_job_id, known FROM jobs j
     WHERE j.video_id = NEW.id AND j.status = 'COMPLETED' AND (j.publish OR j.id = NEW.pinned_job_id)
       AND EXISTS (SELECT FROM outputs o
                    WHERE o.job_id = j.id AND o.kind IN ('rendition', 'audio', 'download'))
     ORDER BY (j.id = NEW.pinned_job_id) IS TRUE DESC, j.ordinal DESC LIMIT 1;
    IF known IS NOT NULL THEN
        NEW.technical := known;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER videos_choose_playing BEFORE UPDATE OF current_job_id, pinned_job_id ON videos
    FOR EACH ROW EXECUTE FUNCTION choose_playing_job();
"""

# The record told of the newest source that was probed: of all jobs on that one the facts are known.
_OLD_ROWS = """
UPDATE jobs j SET publish = false
 WHERE j.overrides ? 'trim'
   AND EXISTS (SELECT FROM jobs first WHERE first.video_id = j.video_id AND first.ordinal < j.ordinal);
UPDATE jobs j SET technical = v.technical
  FROM videos v
  JOIN LATERAL (SELECT * FROM jobs t WHERE t.video_id = v.id AND t.started_at IS NOT NULL
                 ORDER BY t.ordinal DESC LIMIT 1) probed ON true
 WHERE j.video_id = v.id AND v.technical <> '{}'
   AND (j.source_bucket, j.source_key) = (probed.source_bucket, probed.source_key)
   AND j.source_version_id IS NOT DISTINCT FROM probed.source_version_id;
CREATE INDEX videos_playable ON videos (created_at DESC, id DESC)
    WHERE deleted_at IS NULL AND current_job_id IS NOT NULL;
CREATE INDEX videos_not_playable ON videos (created_at DESC, id DESC)
    WHERE deleted_at IS NULL AND current_job_id IS NULL;
CREATE INDEX jobs_by_profile_version ON jobs (profile, profile_version, created_at DESC, id DESC);
UPDATE videos SET current_job_id = current_job_id WHERE current_job_id IS NOT NULL AND purged_at IS NULL;
-- What waits for the end of the transaction would stand in the way of the next revision.
SET CONSTRAINTS ALL IMMEDIATE;
"""


def upgrade() -> None:
    for block in (_COLUMNS, _RULE, _OLD_ROWS):
        op.execute(block)
