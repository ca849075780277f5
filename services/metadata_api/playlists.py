"""Puts new addresses into stored playlists and manifests, and changes nothing else in them."""

import re
from collections.abc import Callable
from typing import Final
from xml.sax.saxutils import escape, unescape

_URI_ATTRIBUTE: Final = re.compile(r'(?<=[:,]URI=")[^"]*(?=")')
_BASE_URL: Final = re.compile(r"(?<=<BaseURL>)[^<]*(?=</BaseURL>)")

Place = Callable[[str], str]


def with_addresses_in_hls(text: str, place: Place) -> str:
    """An HLS playlist, master or media, with every file name replaced.

    Args:
        text: The stored playlist.
        place: Gives the address of a file name.
    """
    return "".join(_hls_line(line, place) for line in text.splitlines(keepends=True))


def _hls_line(line: str, place: Place) -> str:
    content = line.rstrip("\r\n")
    if content.startswith("#EXT"):
        return _URI_ATTRIBUTE.sub(lambda found: place(found.group()), line)
    if not content or content.startswith("#"):
        return line
    return place(content) + line[len(content) :]


def with_addresses_in_dash(text: str, place: Place) -> str:
    """A DASH manifest with every file name in a BaseURL replaced.

    Args:
        text: The stored manifest.
        place: Gives the address of a file name.
    """
    return _BASE_URL.sub(lambda found: escape(place(unescape(found.group()))), text)
