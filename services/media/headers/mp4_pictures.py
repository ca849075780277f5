"""Reads the labels of colours in an MP4 or MOV file; headers only, each length checked against its parent."""

from pathlib import Path
from typing import Final

from media.containers.mp4_boxes import BoxWalker
from media.headers.declared_picture import DeclaredPicture

_PATH_TO_ENTRIES: Final = (b"minf", b"stbl", b"stsd")
_LIST_HEADER_BYTES: Final = 8
"""Of a sample description before its entries."""
_ENTRY_HEADER_BYTES: Final = 78
"""Of a visual sample entry before the boxes in it."""

Span = tuple[int, int]
"""Where a content begins and ends."""


def read_mp4_pictures(path: Path) -> tuple[DeclaredPicture, ...]:
    """What an MP4 or MOV file says about each of its tracks of video, in their order."""
    found = []
    with path.open("rb") as file:
        boxes = BoxWalker(file)
        for moov in boxes.named(0, path.stat().st_size, b"moov"):
            for track in boxes.named(*moov, b"trak"):
                for media in boxes.named(*track, b"mdia"):
                    handlers = [boxes.read(*handler)[8:12] for handler in boxes.named(*media, b"hdlr")]
                    if b"vide" in handlers:
                        found.append(_picture(boxes, media))
    return tuple(found)


def _picture(boxes: BoxWalker, media: Span) -> DeclaredPicture:
    spans = [media]
    for name in _PATH_TO_ENTRIES:
        spans = [inner for span in spans for inner in boxes.named(*span, name)]
    for start, end in spans:
        for _, *entry in boxes.boxes(start + _LIST_HEADER_BYTES, end):
            for colour in boxes.named(entry[0] + _ENTRY_HEADER_BYTES, entry[1], b"colr"):
                data = boxes.read(*colour)[:11]
                if data[:4] in {b"nclx", b"nclc"} and len(data) >= 10:
                    return _labels(data)
    return DeclaredPicture()


def _labels(data: bytes) -> DeclaredPicture:
    primaries, transfer, matrix = (int.from_bytes(data[at : at + 2], "big") for at in (4, 6, 8))
    full = bool(data[10] & 0x80) if data.startswith(b"nclx") and len(data) > 10 else None
    return DeclaredPicture(primaries=primaries, transfer=transfer, matrix=matrix, full_range=full)
