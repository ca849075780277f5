"""What the index of an MP4 or QuickTime file says of its tracks: are they protected, and where do they lie.

Read from the boxes alone, before any tool sees the file; nothing is decoded here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media.containers.mp4_boxes import BoxWalker

_SELF_CONTAINED: Final = 1
"""Flag of a data reference: the media lie in this very file."""

_KINDS: Final = {b"vide": "video", b"soun": "audio"}
PROTECTED_ENTRIES: Final = {"encv": "", "enca": "", "drms": "itun", "drmi": "itun", "aavd": "adrm"}
"""Names of sample entries that hide another one, with the scheme where the name alone tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedTrack:
    """A track of picture or sound.

    Attributes:
        kind: `video` or `audio`.
        scheme: Four characters that name its protection; None when it is not protected, empty when untold.
        is_elsewhere: Whether its media lie in another file.
    """

    kind: str
    scheme: str | None
    is_elsewhere: bool


def read_tracks(path: Path) -> list[IndexedTrack]:
    """List the tracks of picture and sound; what cannot be understood is left out."""
    with path.open("rb") as file:
        return _Index(file).tracks(path.stat().st_size)


class _Index(BoxWalker):
    """The boxes that say what a track is."""

    def tracks(self, size: int) -> list[IndexedTrack]:
        for movie in self.named(0, size, b"moov"):
            tracks = [self._track(*place) for place in self.named(*movie, b"trak")]
            found = [track for track in tracks if track is not None]
            if not found and next(self.named(*movie, b"rmra"), None):
                # A movie of nothing but references: QuickTime would choose one of other files.
                return [IndexedTrack(kind=kind, scheme=None, is_elsewhere=True) for kind in _KINDS.values()]
            if found:
                return found
        return []

    def _track(self, start: int, end: int) -> IndexedTrack | None:
        for media in self.named(start, end, b"mdia"):
            for handler in self.named(*media, b"hdlr"):
                kind = _KINDS.get(self.read(*handler)[8:12])
                for information in self.named(*media, b"minf") if kind else ():
                    return IndexedTrack(
                        kind=str(kind),
                        scheme=self._scheme(*information),
                        is_elsewhere=self._is_elsewhere(*information),
                    )
        return None

    def _scheme(self, start: int, end: int) -> str | None:
        """The scheme of the first protected sample entry; a track may begin in clear and go on protected."""
        for table in self.named(start, end, b"stbl"):
            for first, last in self.named(*table, b"stsd"):
                for kind, *entry in self.boxes(first + 8, last):
                    name = kind.decode("latin-1")
                    if name in PROTECTED_ENTRIES:
                        return PROTECTED_ENTRIES[name] or _scheme_type(self.read(entry[0], entry[1]))
        return None

    def _is_elsewhere(self, start: int, end: int) -> bool:
        """Whether every data reference names another file; one without a location means this file."""
        for place in self.named(start, end, b"dinf"):
            for first, last in self.named(*place, b"dref"):
                payloads = [self.read(*entry) for _, *entry in self.boxes(first + 8, last)]
                return bool(payloads) and all(_names_a_file(payload) for payload in payloads)
        return False


def _scheme_type(entry: bytes) -> str:
    """Four characters behind version and flags of the box `schm`, wherever in the entry it lies."""
    place = entry.find(b"schm")
    name = entry[place + 8 : place + 12] if place >= 0 else b""
    return name.decode("ascii") if name.isalnum() else ""


def _names_a_file(reference: bytes) -> bool:
    flags = int.from_bytes(reference[1:4], "big")
    return not flags & _SELF_CONTAINED and bool(reference[4:].strip(b"\0 "))
