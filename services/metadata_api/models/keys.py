"""API keys, as operators order and see them."""

from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict

from metadata_api.models.fields import ClientId, Title
from metadata_api.models.records import RequestModel

ScopeName = Literal["viewer", "producer", "operator"]
KeyStateName = Literal["making", "active", "revoking"]


class KeyBody(RequestModel):
    """A key that is to be made."""

    client: ClientId = Field(description="Whose key it is; a client is made with its first key.")
    name: Title = Field(description="What people call the key, to tell the keys of a client apart.")
    scope: ScopeName = Field(
        description=(
            "How far it reaches. viewer: read, search, play, download. producer: also order, upload and"
            " change what is its client's. operator: everything, of everybody."
        )
    )


class KeyView(TypedDict):
    """A key without its value; only an active one opens anything. Deployed ones belong to the stack."""

    key_id: str
    client: str
    name: str
    scope: ScopeName
    state: KeyStateName
    deployed: bool
    created_at: str


class KeyWithValue(TypedDict):
    """A key and its value, which is shown this once."""

    key: KeyView
    value: str


class KeyList(TypedDict):
    """All keys that are not revoked, by client and age."""

    items: list[KeyView]
