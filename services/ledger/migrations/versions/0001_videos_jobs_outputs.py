"""Videos, jobs, outputs, events, outbox and idempotency keys.

Revision ID: 0001
"""

from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

_VIDEOS = """
-- array_to_string is only STABLE because elements may have locale-bound output; text elements have not.
CREATE FUNCTION video_search_document(title text, description text, tags text[]) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT setweight(to_tsvector('pg_catalog.simple', coalesce(title, '')), 'A')
        || setweight(to_tsvector('pg_catalog.simple', array_to_string(coalesce(tags, '{}'), ' ')), 'B')
        || setweight(to_tsvector('pg_catalog.simple', coalesce(description, '')), 'C')
$$;

CREATE TABLE videos (
    id uuid PRIMARY KEY,
    title text NOT NULL CHECK (char_length(title) <= 500),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 10000),
    tags text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 100 AND array_position(tags, NULL) IS NULL),
    language text,
    attributes jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
    technical jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(technical) = 'object'),
    state text NOT NULL DEFAULT 'CREATED' CHECK (
        state IN ('CREATED', 'PENDING', 'QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    -- Set for files dropped into the bucket: new versions of the key become new jobs of the same video.
    source_bucket text,
    source_key text,
    current_job_id uuid,
    latest_job_id uuid,
    version bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    search tsvector GENERATED ALWAYS AS (video_search_document(title, description, tags)) STORED,
    CHECK ((source_bucket IS NULL) = (source_key IS NULL))
);
CREATE INDEX videos_by_time ON videos (created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX videos_by_state ON videos (state, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX videos_by_tag ON videos USING gin (tags);
CREATE INDEX videos_by_text ON videos USING gin (search);
CREATE UNIQUE INDEX videos_by_source ON videos (source_bucket, source_key) WHERE deleted_at IS NULL;
"""

_JOBS = """
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    -- Order of creation; a later job's result replaces an earlier one's, never the other way round.
    ordinal bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    video_id uuid NOT NULL REFERENCES videos (id),
    status text NOT NULL CHECK (
        status IN ('PENDING', 'QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    profile text NOT NULL CHECK (profile ~ '^[A-Za-z0-9_-]{1,64}$'),
    filename text NOT NULL CHECK (char_length(filename) BETWEEN 1 AND 1024),
    content_type text,
    upload_id text,
    declared_size_bytes bigint CHECK (declared_size_bytes >= 0),
    declared_sha256 text CHECK (declared_sha256 ~ '^[0-9a-f]{64}$'),
    source_bucket text NOT NULL,
    source_key text NOT NULL CHECK (octet_length(source_key) BETWEEN 1 AND 1024),
    -- Which delivery of the key this job is for: '' for an upload to a key of its own, the version for a
    -- dropped file, NULL for a job somebody ordered on an object (which may be ordered again).
    source_identity text,
    source_version_id text,
    source_etag text,
    source_sequencer text,
    source_size_bytes bigint CHECK (source_size_bytes >= 0),
    attempt integer NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    attempt_limit integer NOT NULL DEFAULT 3 CHECK (attempt_limit >= 1),
    fence integer NOT NULL DEFAULT 0 CHECK (fence >= 0),
    dispatched_at timestamptz,
    execution_arn text,
    task_arn text,
    task_token text,
    stage text,
    heartbeat_at timestamptz,
    output_bucket text,
    output_prefix text,
    -- json keeps the order of its keys, here the order of the stages; jsonb does not.
    stage_seconds json NOT NULL DEFAULT '{}' CHECK (json_typeof(stage_seconds) = 'object'),
    error_code text,
    error_message text,
    error_remedy text,
    announcement jsonb,
    announcement_route text NOT NULL DEFAULT 'NONE' CHECK (
        announcement_route IN ('NONE', 'WORKFLOW', 'OUTBOX', 'DONE')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    uploaded_at timestamptz,
    queued_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE (source_bucket, source_key, source_identity),
    CHECK (status <> 'COMPLETED' OR (output_prefix IS NOT NULL AND output_bucket IS NOT NULL)),
    CHECK ((status = 'FAILED') = (error_code IS NOT NULL)),
    CHECK ((status IN ('COMPLETED', 'FAILED')) = (announcement IS NOT NULL)),
    CHECK ((status IN ('COMPLETED', 'FAILED')) = (announcement_route <> 'NONE')),
    CHECK ((status IN ('COMPLETED', 'FAILED', 'CANCELLED')) = (finished_at IS NOT NULL)),
    CHECK (status NOT IN ('QUEUED', 'PROCESSING') OR (uploaded_at IS NOT NULL AND queued_at IS NOT NULL))
);
CREATE INDEX jobs_by_time ON jobs (created_at DESC, id DESC);
CREATE INDEX jobs_by_status ON jobs (status, created_at DESC, id DESC);
CREATE INDEX jobs_by_video ON jobs (video_id, created_at DESC, id DESC);
CREATE INDEX jobs_by_task ON jobs (task_arn) WHERE task_arn IS NOT NULL;
CREATE INDEX jobs_unfinished ON jobs (created_at) WHERE status IN ('PENDING', 'QUEUED', 'PROCESSING');
CREATE INDEX jobs_unannounced ON jobs (finished_at) WHERE announcement_route = 'WORKFLOW';

ALTER TABLE videos
    ADD FOREIGN KEY (current_job_id) REFERENCES jobs (id) DEFERRABLE INITIALLY DEFERRED,
    ADD FOREIGN KEY (latest_job_id) REFERENCES jobs (id) DEFERRABLE INITIALLY DEFERRED;

-- A video's state is its latest job's status; here it cannot be forgotten by a transition.
CREATE FUNCTION follow_latest_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE videos SET latest_job_id = NEW.id, state = NEW.status
     WHERE id = NEW.video_id
       AND (TG_OP = 'INSERT' OR latest_job_id = NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER jobs_follow_latest AFTER INSERT OR UPDATE OF status ON jobs
    FOR EACH ROW EXECUTE FUNCTION follow_latest_job();
"""

_OUTPUTS_AND_EVENTS = """
CREATE TABLE outputs (
    job_id uuid NOT NULL REFERENCES jobs (id),
    fence integer NOT NULL,
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9._-]{1,128}$'),
    kind text NOT NULL,
    key text NOT NULL UNIQUE,
    content_type text NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    width integer CHECK (width > 0),
    height integer CHECK (height > 0),
    codec text,
    bitrate_kbps integer CHECK (bitrate_kbps >= 0),
    duration_seconds double precision CHECK (duration_seconds >= 0),
    frame_rate double precision CHECK (frame_rate > 0),
    details jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, fence, name)
);

-- The audit trail: the application may add to it and read it, nothing else.
CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES jobs (id),
    attempt integer NOT NULL,
    fence integer NOT NULL,
    type text NOT NULL CHECK (type ~ '^[a-z_]+(\\.[a-z_]+)*$'),
    data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(data) = 'object'),
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX events_by_job ON events (job_id, id);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL UNIQUE,
    job_id uuid NOT NULL REFERENCES jobs (id),
    topic text NOT NULL CHECK (topic IN ('completion', 'error')),
    announcement jsonb NOT NULL CHECK (jsonb_typeof(announcement) = 'object'),
    attempts integer NOT NULL DEFAULT 0,
    available_at timestamptz NOT NULL DEFAULT now(),
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz
);
CREATE INDEX outbox_due ON outbox (available_at, id) WHERE delivered_at IS NULL;

CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    operation text NOT NULL,
    key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    request_sha256 text NOT NULL CHECK (request_sha256 ~ '^[0-9a-f]{64}$'),
    resource_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, operation, key)
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
"""


def upgrade() -> None:
    for block in (_VIDEOS, _JOBS, _OUTPUTS_AND_EVENTS):
        op.execute(block)
