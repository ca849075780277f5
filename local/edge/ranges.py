"""Which bytes of a file a request asks for (RFC 9110, section 14)."""

import re
from collections.abc import Mapping
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class UnsatisfiableRangeError(ValueError):
    """The file has no such bytes."""


def asked_range(headers: Mapping[str, str], etag: str, size_bytes: int) -> tuple[int, int] | None:
    """Give the first and the last byte; None for the whole file, also when several ranges are asked for.

    Args:
        headers: Of the request, by lower-case name.
        etag: Of the file; with another one in If-Range the whole file is meant.
        size_bytes: How long the file is.

    Raises:
        UnsatisfiableRangeError: It begins after the end.
    """
    found = _RANGE.fullmatch(headers.get("range", "").strip())
    if found is None or found[1] == found[2] == "" or headers.get("if-range", etag) != etag:
        return None
    if found[1] == "":
        first, last = size_bytes - int(found[2]), size_bytes - 1
        first = max(first, 0) if int(found[2]) else size_bytes
    else:
        first = int(found[1])
        last = min(int(found[2]), size_bytes - 1) if found[2] else size_bytes - 1
        if found[2] and int(found[2]) < first:
            return None
    if first >= size_bytes:
        raise UnsatisfiableRangeError
    return first, last
