"""Bounded text and other small values, shared by the request models."""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
)

MAX_ATTRIBUTES: Final = 64
MAX_ATTRIBUTES_BYTES: Final = 16_384
MAX_ATTRIBUTES_DEPTH: Final = 4
MAX_INTEGER: Final = 2**53 - 1
MAX_TAGS: Final = 50

# No NUL and no C0, DEL or C1 controls: PostgreSQL refuses the first, terminals and mails obey the rest.
_ONE_LINE: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"
_ONE_LINE_VISIBLE: Final = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
_MANY_LINES: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
_LANGUAGE: Final = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
# With parameters, as browsers name what they recorded; nothing that could end the line of a header.
_MEDIA_TYPE: Final = r"^([A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*( *;[ -~]*)?)?$"
_UNKNOWN_MEDIA_TYPE: Final = "application/octet-stream"
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_PROFILE: Final = r"^[a-z][a-z0-9-]*$"
_PROFILE_VERSION: Final = r"^[0-9a-f]{16}$"
_SHA256: Final = r"^[0-9a-fA-F]{64}$"
_BUCKET: Final = r"^[a-z0-9][a-z0-9.-]+$"
_KEY_TEXT: Final = r"^[\x21-\x7e]+$"
_CLIENT: Final = r"^[a-z0-9][a-z0-9-]{0,30}$"
_URL: Final = r"^https?://[\x21-\x7e]+$"
# What to tell people instead of a regular expression.
PATTERN_HINTS: Final[Mapping[str, str]] = {
    _ONE_LINE: "must be one line without control characters",
    _ONE_LINE_VISIBLE: "must be one line with at least one visible character and no control characters",
    _MANY_LINES: "must not contain control characters other than tab and line breaks",
    _LANGUAGE: "must be a BCP 47 language tag such as en or pt-BR",
    _MEDIA_TYPE: "must be a media type such as video/mp4, with or without parameters, or empty",
    _PROFILE: "must be the name of a profile: lower-case letters, digits and hyphens; see GET /profiles",
    _PROFILE_VERSION: "must be 16 hexadecimal digits, as GET /profiles shows them",
    _SHA256: "must be 64 hexadecimal digits",
    _BUCKET: "must be a bucket name",
    _KEY_TEXT: "must be printable ASCII without spaces",
    _CLIENT: "must be 1 to 31 lower-case letters, digits and hyphens, beginning with a letter or digit",
    _URL: "must be a URL of printable ASCII characters that begins with https://",
}
_UNSAFE: Final = frozenset(map(chr, (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0))))


def _normalise(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip(" ")


def _check_moment(text: object) -> object:
    # Left to itself, the validator takes bare numbers as seconds since 1970.
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        msg = "must be a time with an offset, such as 2026-01-31T12:00:00Z"
        raise ValueError(msg)
    return text


def _whole(value: object) -> object:
    # 3.0 is an integer to JSON Schema and to clients whose language has one kind of number.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _media_type(value: str) -> str:
    # Headers lose spaces at their ends, and the signature of an upload counts every character.
    return value.strip() or _UNKNOWN_MEDIA_TYPE


def _unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


Title = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255, pattern=_ONE_LINE_VISIBLE),
    AfterValidator(_normalise),
]
Description = Annotated[
    str, StringConstraints(max_length=5_000, pattern=_MANY_LINES), AfterValidator(_normalise)
]
Tag = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=_ONE_LINE_VISIBLE), AfterValidator(_normalise)
]
Language = Annotated[str, StringConstraints(max_length=35, pattern=_LANGUAGE)]
FileName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255, pattern=_ONE_LINE_VISIBLE),
    AfterValidator(_normalise),
]
SearchText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=_ONE_LINE_VISIBLE),
    AfterValidator(_normalise),
]
MediaType = Annotated[
    str,
    StringConstraints(max_length=255, pattern=_MEDIA_TYPE),
    AfterValidator(_media_type),
]
ProfileName = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=_PROFILE)]
ProfileVersion = Annotated[str, StringConstraints(max_length=16, pattern=_PROFILE_VERSION)]
Sha256 = Annotated[str, StringConstraints(pattern=_SHA256), AfterValidator(str.lower)]
BucketName = Annotated[str, StringConstraints(min_length=3, max_length=63, pattern=_BUCKET)]
ObjectKey = Annotated[str, StringConstraints(min_length=1, max_length=1_024, pattern=_ONE_LINE)]
WholeNumber = Annotated[int, BeforeValidator(_whole)]
PictureHeight = Annotated[int, Field(ge=64, le=8_640), BeforeValidator(_whole)]
Moment = Annotated[AwareDatetime, BeforeValidator(_check_moment)]
CursorText = Annotated[str, StringConstraints(min_length=1, max_length=512)]
ClientId = Annotated[str, StringConstraints(max_length=31, pattern=_CLIENT)]
UrlText = Annotated[str, StringConstraints(max_length=2_048, pattern=_URL)]
IdempotencyKey = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_KEY_TEXT)]


def _check_leaf(value: JsonValue) -> None:
    if isinstance(value, str) and not _UNSAFE.isdisjoint(value):
        msg = "control characters are not allowed in text"
        raise ValueError(msg)
    if isinstance(value, int | float) and not -MAX_INTEGER <= value <= MAX_INTEGER:
        msg = f"numbers must be within -{MAX_INTEGER} and {MAX_INTEGER}; store larger ones as text"
        raise ValueError(msg)


def _check_tree(value: JsonValue, depth_left: int) -> None:
    if not isinstance(value, dict | list):
        _check_leaf(value)
        return
    if depth_left == 0:
        msg = f"nesting may be at most {MAX_ATTRIBUTES_DEPTH} levels deep"
        raise ValueError(msg)
    if isinstance(value, list):
        for item in value:
            _check_tree(item, depth_left - 1)
        return
    for key, item in value.items():
        _check_leaf(key)
        _check_tree(item, depth_left - 1)


def check_attributes(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Bounds free-form attributes in count, depth, size and content.

    Raises:
        ValueError: Something is out of bounds; the text says what and how far it may go.
    """
    if len(value) > MAX_ATTRIBUTES:
        msg = f"at most {MAX_ATTRIBUTES} attributes are allowed, got {len(value)}"
        raise ValueError(msg)
    _check_tree(value, MAX_ATTRIBUTES_DEPTH)
    size_bytes = len(json.dumps(value, ensure_ascii=False).encode())
    if size_bytes > MAX_ATTRIBUTES_BYTES:
        msg = f"all attributes together may take {MAX_ATTRIBUTES_BYTES} bytes of JSON, got {size_bytes}"
        raise ValueError(msg)
    return value


def _attributes_schema() -> Mapping[str, Any]:
    """Spells the depth limit out, which a plain JSON value cannot say."""
    text = {"type": "string", "pattern": _MANY_LINES}
    number = {"type": "number", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER}
    leaf: list[dict[str, Any]] = [text, number, {"type": "boolean"}, {"type": "null"}]
    options = leaf
    for _ in range(MAX_ATTRIBUTES_DEPTH - 1):
        inner = {"anyOf": options}
        group = {"type": "object", "additionalProperties": inner, "propertyNames": {"pattern": _MANY_LINES}}
        options = [*leaf, {"type": "array", "items": inner}, group]
    return {
        "type": "object",
        "maxProperties": MAX_ATTRIBUTES,
        "propertyNames": {"pattern": _MANY_LINES},
        "additionalProperties": {"anyOf": options},
        "description": (
            f"Free-form JSON: at most {MAX_ATTRIBUTES} names, {MAX_ATTRIBUTES_DEPTH} levels deep and "
            f"{MAX_ATTRIBUTES_BYTES} bytes in all."
        ),
    }


Attributes = Annotated[
    dict[str, JsonValue], AfterValidator(check_attributes), WithJsonSchema(dict(_attributes_schema()))
]
UniqueTags = AfterValidator(_unique)
