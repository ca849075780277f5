"""Clients, their API keys, and whose every record is; what happened to records, and who did it.

Revision ID: 0016
"""

from alembic import op

revision = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None

_CLIENTS = """
CREATE TABLE clients (
    id text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
-- Whose the stack's first key is, what is dropped in the bucket, and what people start in the console.
INSERT INTO clients (id) VALUES ('default'), ('bucket'), ('console');
CREATE TABLE api_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- Of API Gateway; unknown while the key is being made.
    gateway_id text UNIQUE,
    client text NOT NULL REFERENCES clients (id),
    name text NOT NULL,
    scope text NOT NULL CHECK (scope IN ('viewer', 'producer', 'operator')),
    state text NOT NULL CHECK (state IN ('making', 'active', 'revoking', 'revoked')),
    -- Made by a deployment of the stack, which alone takes it back.
    deployed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    CHECK (state <> 'active' OR gateway_id IS NOT NULL)
);
CREATE INDEX api_keys_unfinished ON api_keys (changed_at) WHERE state IN ('making', 'revoking');
"""
# Until now an owner was the public id of an API key, and every key was everybody's administrator.
_OWNERS = """
INSERT INTO job_owners (owner) VALUES ('default') ON CONFLICT DO NOTHING;
UPDATE jobs SET owner = 'default' WHERE owner NOT IN ('default', 'bucket', 'console');
DELETE FROM job_owners WHERE owner NOT IN ('default', 'bucket', 'console');
ALTER TABLE jobs ALTER COLUMN owner DROP DEFAULT;
DELETE FROM idempotency_keys k USING idempotency_keys newer
 WHERE k.operation = newer.operation AND k.key = newer.key
   AND (k.created_at, k.caller) < (newer.created_at, newer.caller);
UPDATE idempotency_keys SET caller = 'default';
ALTER TABLE videos ADD COLUMN client text REFERENCES clients (id);
UPDATE videos v SET client = coalesce(
    (SELECT j.owner FROM jobs j WHERE j.video_id = v.id ORDER BY j.ordinal LIMIT 1), 'default');
ALTER TABLE videos ALTER COLUMN client SET NOT NULL;
CREATE INDEX videos_client ON videos (client, created_at DESC, id DESC) WHERE deleted_at IS NULL;
ALTER TABLE batches ADD COLUMN client text REFERENCES clients (id);
UPDATE batches b SET client = coalesce(
    (SELECT j.owner FROM jobs j WHERE j.batch_id = b.id ORDER BY j.ordinal LIMIT 1), 'default');
ALTER TABLE batches ALTER COLUMN client SET NOT NULL;
-- Without a client an endpoint is told about everybody's jobs.
ALTER TABLE webhook_endpoints ADD COLUMN client text REFERENCES clients (id);
ALTER TABLE webhook_events ADD COLUMN client text REFERENCES clients (id);
UPDATE webhook_events e SET client = v.client FROM jobs j JOIN videos v ON v.id = j.video_id
 WHERE j.id = e.job_id;
"""
_TRAIL = """
CREATE TABLE record_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    video_id uuid NOT NULL REFERENCES videos (id),
    at timestamptz NOT NULL DEFAULT now(),
    type text NOT NULL,
    -- Who did it: client, key_id, key_name and request_id; null for the platform itself.
    actor jsonb,
    data jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX record_events_of_video ON record_events (video_id, id);
ALTER TABLE events ADD COLUMN actor jsonb;
"""


def upgrade() -> None:
    for statements in (_CLIENTS, _OWNERS, _TRAIL):
        op.execute(statements)
