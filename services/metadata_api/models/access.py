"""Who did something, and whose something is."""

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from metadata_api.models.fields import ClientId
from metadata_api.models.records import RequestModel


class ActorView(TypedDict):
    """Who asked for a change: the client, by which of its keys, in which request."""

    client: str
    key_id: str
    key_name: str
    request_id: str


class HandOverBody(RequestModel):
    """The client that a record is to belong to."""

    client: ClientId = Field(description="A client that has, or had, a key.")


class RecordEventView(TypedDict):
    """One thing that people changed about a record; actor is null where the platform did it by itself."""

    event_id: int
    type: str
    at: str
    actor: ActorView | None
    data: dict[str, JsonValue]


class RecordEventPage(TypedDict):
    """One page of a record's history, oldest first; next_cursor is null on the last page."""

    items: list[RecordEventView]
    next_cursor: str | None
