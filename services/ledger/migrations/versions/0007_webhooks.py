"""Webhooks: who is to be told, what happened, and how each delivery stands.

Revision ID: 0007
"""

from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

_WEBHOOKS = """
CREATE TABLE webhook_endpoints (
    id uuid PRIMARY KEY,
    url text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2048),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 500),
    event_types text[] NOT NULL CHECK (cardinality(event_types) >= 1),
    -- NULL while it gets events.
    disabled_reason text CHECK (disabled_reason IN ('REQUESTED', 'GONE', 'FAILING')),
    -- Encrypted before they get here; the ledger cannot read them.
    sealed_secret text NOT NULL,
    former_sealed_secret text,
    former_secret_until timestamptz,
    failing_since timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CHECK ((former_sealed_secret IS NULL) = (former_secret_until IS NULL))
);
CREATE INDEX webhook_endpoints_by_time ON webhook_endpoints (created_at DESC, id DESC)
    WHERE deleted_at IS NULL;

CREATE TABLE webhook_events (
    id uuid PRIMARY KEY,
    type text NOT NULL CHECK (type ~ '^[a-z_]+(\\.[a-z_]+)*$'),
    -- No reference: what was told stays until it ages out, also when the job is purged before that.
    job_id uuid,
    -- Text, because exactly these characters are signed and sent, every time.
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX webhook_events_by_time ON webhook_events (created_at);

CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    event_id uuid NOT NULL REFERENCES webhook_events (id) ON DELETE CASCADE,
    status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'SENDING', 'DELIVERED', 'FAILED')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Number of the hand-over to the sender; a report on an earlier one counts for nothing.
    hand_over integer NOT NULL DEFAULT 0 CHECK (hand_over >= 0),
    handed_over_at timestamptz,
    due_at timestamptz NOT NULL DEFAULT now(),
    last_attempt_at timestamptz,
    last_status_code integer,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    delivered_at timestamptz,
    UNIQUE (endpoint_id, event_id),
    CHECK ((status = 'DELIVERED') = (delivered_at IS NOT NULL))
);
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (endpoint_id, created_at DESC, id DESC);
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event_id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at) WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_sending ON webhook_deliveries (endpoint_id) WHERE status = 'SENDING';
"""


def upgrade() -> None:
    op.execute(_WEBHOOKS)
