"""Webhook endpoints and deliveries, as callers write and read them."""

from typing import Annotated, Final, Literal

from pydantic import Field
from typing_extensions import TypedDict

from metadata_api.models.fields import (
    ClientId,
    CursorText,
    Description,
    Moment,
    UniqueTags,
    UrlText,
    WholeNumber,
)
from metadata_api.models.records import (
    DEFAULT_PAGE_SIZE,
    PageSize,
    QueryModel,
    RequestModel,
    without_default,
)

MAX_WEBHOOKS: Final = 20
MAX_OVERLAP_SECONDS: Final = 7 * 86_400

WebhookEventType = Literal["job.completed", "job.failed", "job.cancelled", "webhook.disabled"]
DeliveryStatus = Literal["PENDING", "SENDING", "DELIVERED", "FAILED"]
DisabledReasonName = Literal["REQUESTED", "GONE", "FAILING"]
_EventTypes = Annotated[list[WebhookEventType], Field(min_length=1, max_length=20), UniqueTags]
_Description = Annotated[Description, Field(max_length=500)]
_ADDRESS = "Address that gets the events: https, a public host, no redirects."


class WebhookBody(RequestModel):
    """An endpoint that is to be told about jobs."""

    url: UrlText = Field(description=_ADDRESS)
    description: _Description = ""
    events: _EventTypes = Field(description="Types of events that it gets.")
    enabled: bool = True
    client: ClientId | None = Field(
        default=None, description="Whose records it is told about; null means everybody's."
    )


class WebhookPatch(RequestModel):
    """Changes to an endpoint; an absent field stays as it is."""

    url: UrlText = Field(default="", description=_ADDRESS, json_schema_extra=without_default)
    description: _Description = Field(default="", json_schema_extra=without_default)
    events: _EventTypes = Field(default_factory=list)
    enabled: bool = Field(default=True, json_schema_extra=without_default)
    client: ClientId | None = Field(
        default=None, description="Null means everybody's.", json_schema_extra=without_default
    )


class RotateBody(RequestModel):
    """How long the former secret signs beside the new one."""

    overlap_seconds: WholeNumber = Field(default=86_400, ge=0, le=MAX_OVERLAP_SECONDS)


class ReplayBody(RequestModel):
    """Which events to send again."""

    since: Moment = Field(strict=False, description="Events from this time on; they are kept for 30 days.")
    include_delivered: bool = Field(
        default=False, description="Also those that the endpoint has accepted before."
    )


class WebhookQuery(QueryModel):
    """Paging of the list of endpoints; newest first."""

    limit: PageSize = DEFAULT_PAGE_SIZE
    cursor: CursorText | None = Field(default=None, description="next_cursor of the page before, unchanged.")


class DeliveryQuery(WebhookQuery):
    """Filter and paging of the deliveries of an endpoint; newest first."""

    status: DeliveryStatus | None = Field(default=None, description="Only deliveries in this status.")


class WebhookView(TypedDict):
    """An endpoint. disabled_reason is null while it gets events; failing_since while nothing fails.

    client is whose records it is told about, or null for everybody's.
    """

    webhook_id: str
    url: str
    client: str | None
    description: str
    events: list[str]
    enabled: bool
    disabled_reason: DisabledReasonName | None
    failing_since: str | None
    former_secret_until: str | None
    created_at: str
    updated_at: str


class WebhookWithSecret(TypedDict):
    """An endpoint and its new secret, which is shown this once; null in a repeated answer."""

    webhook: WebhookView
    secret: str | None


class WebhookPage(TypedDict):
    """One page of endpoints, newest first; next_cursor is null on the last page."""

    items: list[WebhookView]
    next_cursor: str | None


class DeliveryView(TypedDict):
    """One event on its way to an endpoint; next_attempt_at is null once it is settled."""

    event_id: str
    event_type: str
    job_id: str | None
    status: DeliveryStatus
    attempts: int
    last_attempt_at: str | None
    last_status_code: int | None
    last_error: str | None
    next_attempt_at: str | None
    created_at: str
    delivered_at: str | None


class DeliveryPage(TypedDict):
    """One page of deliveries, newest first; next_cursor is null on the last page."""

    items: list[DeliveryView]
    next_cursor: str | None


class Replayed(TypedDict):
    """How many events will be sent again."""

    replayed: int


class TestEvent(TypedDict):
    """The event that was made; find it among the deliveries."""

    event_id: str
