"""Uploads in parts, as callers send and see them."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from metadata_api.models.fields import WholeNumber
from metadata_api.models.records import RequestModel

_ETAG = r'^"?[A-Za-z0-9+/=-]+"?$'
MAX_PART_NUMBER = 10_000

ETag = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_ETAG)]


class SentPart(RequestModel):
    """A part that was uploaded."""

    part_number: WholeNumber = Field(ge=1, le=MAX_PART_NUMBER)
    etag: ETag = Field(description="The header ETag that the upload of the part answered with.")


class CompletionBody(RequestModel):
    """Every part of the upload; the order does not matter."""

    parts: list[SentPart] = Field(min_length=1, max_length=MAX_PART_NUMBER)


class PartLink(TypedDict):
    """Where one part goes: PUT exactly size_bytes bytes to url."""

    part_number: int
    size_bytes: int
    url: str


class MultipartTicket(TypedDict):
    """How to upload a large file: cut it by the size of each part, PUT them in any order, then complete.

    The links end at expires_at; GET the path in parts_path for new ones and for what has arrived.
    """

    method: Literal["MULTIPART"]
    part_size_bytes: int
    parts: list[PartLink]
    complete_path: str
    abort_path: str
    parts_path: str
    expires_at: str


class PartState(TypedDict):
    """One part of an open upload: with etag it has arrived, with url it has not."""

    part_number: int
    size_bytes: int
    etag: str | None
    url: str | None


class PartList(TypedDict):
    """All parts of an open upload; the links of those missing end at expires_at."""

    parts: list[PartState]
    missing: int
    expires_at: str
