"""Finds captions that lie in the picture itself (CEA-608 and CEA-708), so that manifests can name them.

Encoders and copies carry them in the same bytes whatever the codec, so nothing has to be decoded.
"""

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from media.tools.command import Command

_MARK: Final = b"\xb5\x00\x31GA94\x03"
"""Country, provider and type of captions in a message of ITU-T T.35 (ATSC A/53 Part 4)."""
_MOST_TRIPLETS: Final = 31
_LONGEST_BYTES: Final = 2 + 3 * _MOST_TRIPLETS * 2
_HAS_CAPTIONS: Final = 0x40
_IS_VALID: Final = 0x04
_DIGITAL: Final = 2
"""Kinds of triplets from here on are CEA-708; 0 and 1 are the two fields of CEA-608."""
_SECOND_CHANNEL: Final = 0x08
_DIGITAL_SERVICE: Final = "SERVICE1"


def caption_channels(path: Path) -> tuple[str, ...]:
    """The names of all channels with captions in a file, as manifests call them: `CC1` to `CC4`, `SERVICE1`.

    CEA-708 is only named where no CEA-608 goes with it: players show those that they know.
    """
    found = set()
    for kind, first in _triplets(path):
        if kind >= _DIGITAL:
            found.add(_DIGITAL_SERVICE)
        elif channel := _channel(kind, first & 0x7F):
            found.add(channel)
    plain = found - {_DIGITAL_SERVICE}
    return tuple(sorted(plain or found))


def naming_captions(packaging: Command, channels: Sequence[str]) -> Command:
    """Let the packager name channels of captions in both manifests; viewers turn them on by themselves."""
    named = ";".join(f"channel={name},name={name},default=no" for name in channels)
    return replace(
        packaging, arguments=(*packaging.arguments, *(("--closed_captions", named) if named else ()))
    )


def _channel(field: int, code: int) -> str | None:
    """Which channel a pair of bytes speaks to; padding, text and other data do not tell."""
    if not 0x10 <= code <= 0x1F:
        return None
    return f"CC{2 * field + (2 if code & _SECOND_CHANNEL else 1)}"


def _triplets(path: Path) -> Iterator[tuple[int, int]]:
    """The kind and the first byte of everything valid that captions are made of."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(_MARK)
        while at >= 0:
            start = at + len(_MARK)
            # Bytes that only keep the bitstream's own marks apart are taken out.
            message = data[start : start + _LONGEST_BYTES].replace(b"\0\0\3", b"\0\0")
            if message and message[0] & _HAS_CAPTIONS:
                end = 2 + 3 * (message[0] & 0x1F)
                for place in range(2, min(end, len(message) - 2), 3):
                    if message[place] & _IS_VALID:
                        yield message[place] & 3, message[place + 1]
            at = data.find(_MARK, start)
