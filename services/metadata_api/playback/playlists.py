"""Puts new addresses into stored playlists and manifests, and changes nothing else in them."""

import re
from collections.abc import Callable
from typing import Final
from xml.sax.saxutils import escape, unescape

_URI_ATTRIBUTE: Final = re.compile(r'(?<=[:,]URI=")[^"]*(?=")')
_BASE_URL: Final = re.compile(r"(?<=<BaseURL>)[^<]*(?=</BaseURL>)")

_VERSION: Final = re.compile(r"(?<=^#EXT-X-VERSION:)\d+", re.MULTILINE)
_VARIABLES_VERSION: Final = 8
# An answer of a Lambda function may have 6 MB, and the playlist is quoted as JSON in it.
MAX_PLAYLIST_BYTES: Final = 5_000_000

Place = Callable[[str], str]


def with_addresses_in_hls(text: str, place: Place) -> str:
    """An HLS playlist, master or media, with every file name replaced; a very long one refers to variables.

    Args:
        text: The stored playlist.
        place: Gives the address of a file name.
    """
    whole = _hls_text(text, place)
    return whole if len(whole.encode()) <= MAX_PLAYLIST_BYTES else _with_variables(text, place)


def _with_variables(text: str, place: Place) -> str:
    """Says every address once and refers to it by a variable (RFC 8216bis, 4.3), as players of version 8 can.

    The segments of a rendition are ranges of one file, so a long playlist repeats one signed address.
    """
    names: dict[str, str] = {}

    def variable(name: str) -> str:
        return f"{{${names.setdefault(name, f'file{len(names)}')}}}"

    first, _, rest = _hls_text(text, variable).partition("\n")
    lines = [f'#EXT-X-DEFINE:NAME="{short}",VALUE="{place(name)}"\n' for name, short in names.items()]
    rest, versions = _VERSION.subn(_at_least_eight, rest)
    if not versions:
        lines.insert(0, f"#EXT-X-VERSION:{_VARIABLES_VERSION}\n")
    return f"{first}\n{''.join(lines)}{rest}"


def _at_least_eight(found: re.Match[str]) -> str:
    return str(max(_VARIABLES_VERSION, int(found.group())))


def _hls_text(text: str, place: Place) -> str:
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
