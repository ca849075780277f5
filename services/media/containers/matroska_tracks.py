"""Which tracks of a Matroska or WebM file are encrypted, from its elements alone; nothing is decoded here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media.containers.ebml import TRACK_ENTRY, TRACK_TYPE, inside, number, read_tracks

_CONTENT_ENCODINGS: Final = 0x6D80
_CONTENT_ENCODING: Final = 0x6240
_CONTENT_ENCRYPTION: Final = 0x5035
_ALGORITHM: Final = 0x47E1
_ONLY_SIGNED: Final = 0
_KINDS: Final = {0x01: "video", 0x02: "audio", 0x11: "subtitle", 0x21: "metadata"}
"""The types of track for which ffmpeg makes a stream, so that places in the file are its indices."""


@dataclass(frozen=True, slots=True)
class MatroskaTrack:
    """A track that ffmpeg makes a stream of.

    Attributes:
        kind: `video`, `audio`, `subtitle` or `metadata`.
        is_encrypted: Whether its frames are; compressed ones are not.
    """

    kind: str
    is_encrypted: bool


def read_encryption(path: Path) -> list[MatroskaTrack]:
    """List the tracks in the order of the file."""
    found = []
    for entry in inside(read_tracks(path), TRACK_ENTRY):
        kind = next((_KINDS.get(number(value)) for value in inside(entry, TRACK_TYPE)), None)
        if kind:
            found.append(MatroskaTrack(kind, _is_encrypted(entry)))
    return found


def _is_encrypted(entry: bytes) -> bool:
    return any(
        any(number(value) != _ONLY_SIGNED for value in inside(encryption, _ALGORITHM))
        for encodings in inside(entry, _CONTENT_ENCODINGS)
        for encoding in inside(encodings, _CONTENT_ENCODING)
        for encryption in inside(encoding, _CONTENT_ENCRYPTION)
    )
