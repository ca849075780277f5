"""Makes HEIC and AVIF files box by box, because no tool at hand makes those with every property."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.media import ffmpeg

_ENCODERS = {
    b"hvc1": ("-c:v", "libx265", "-x265-params", "log-level=error:info=0", "-tag:v", "hvc1"),
    b"av01": ("-c:v", "libaom-av1", "-cpu-used", "8", "-still-picture", "1"),
}
_CONFIGURATION = {b"hvc1": b"hvcC", b"av01": b"av1C"}
ALPHA = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"

QUARTERS = (
    "color=red:size=128x64,drawbox=x=64:y=0:w=64:h=32:color=lime:t=fill,"
    "drawbox=x=0:y=32:w=64:h=32:color=blue:t=fill"
)
"""Red above left, lime above right, blue below left, red below right; 128 x 64."""


def box(kind: bytes, *content: bytes) -> bytes:
    """A box of MP4's kind."""
    data = b"".join(content)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def full_box(kind: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with a version."""
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


References = Sequence[tuple[bytes, int, Sequence[int]]]
"""Kind, from which item, and to which."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the file; its number is its place in the list, from 1."""

    kind: bytes
    data: bytes
    properties: Sequence[bytes] = ()
    hidden: bool = False


def size(width: int, height: int) -> bytes:
    """The property that announces a size."""
    return full_box(b"ispe", struct.pack(">II", width, height))


def turn(quarters_left: int) -> bytes:
    """The property that turns a picture, against the clock."""
    return box(b"irot", bytes([quarters_left]))


def mirror(axis: int) -> bytes:
    """The property that mirrors a picture: 0 swaps above and below, 1 left and right."""
    return box(b"imir", bytes([axis]))


def crop(width: int, height: int, right_by: int, down_by: int) -> bytes:
    """The property that cuts a window out of a picture; its middle is moved by half pixels."""
    return box(b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, right_by, 2, down_by, 2))


def profile(icc: bytes) -> bytes:
    """The property with an ICC profile."""
    return box(b"colr", b"prof", icc)


def numbers(primaries: int, transfer: int, matrix: int = 6, *, full: bool = False) -> bytes:
    """The property with numbers of colours."""
    return box(b"colr", b"nclx", struct.pack(">HHHB", primaries, transfer, matrix, 0x80 if full else 0))


def alpha() -> bytes:
    """The property of a picture that is another one's transparency."""
    return full_box(b"auxC", ALPHA.encode() + b"\0")


def grid(rows: int, columns: int, width: int, height: int) -> bytes:
    """The content of an item made of tiles."""
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)


@cache
def coded(kind: bytes, source: str, pixel_format: str = "yuv420p") -> tuple[bytes, bytes]:
    """One picture of a lavfi source as the configuration and the data of an item."""
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "a.mp4"
        ffmpeg(
            *("-f", "lavfi", "-i", source, "-frames:v", "1", "-vf", "scale=out_color_matrix=bt601"),
            *(*_ENCODERS[kind], "-crf", "8", "-pix_fmt", pixel_format, "-movflags", "faststart", str(path)),
        )
        data = path.read_bytes()
    start = data.index(_CONFIGURATION[kind]) - 4
    (length,) = struct.unpack_from(">I", data, start)
    return data[start : start + length], data[data.rindex(b"mdat") + 4 :]


def picture(
    kind: bytes, source: str, width: int, height: int, *properties: bytes, pixel_format: str = "yuv420p"
) -> Item:
    """An item that is one coded picture of a lavfi source."""
    configuration, data = coded(kind, source, pixel_format)
    return Item(kind, data, (configuration, size(width, height), *properties))


def heif(
    items: Sequence[Item],
    references: References = (),
    *,
    primary: int = 1,
    brands: bytes = b"heicmif1",
) -> bytes:
    """A whole file.

    Args:
        items: What is in it.
        references: Kind, from which item, and to which.
        primary: The item that is the picture.
        brands: The major one and those beside it.
    """
    head = box(b"ftyp", brands[:4], bytes(4), brands)
    start = len(head) + len(_index(items, references, primary, 0)) + 8
    return head + _index(items, references, primary, start) + box(b"mdat", *(item.data for item in items))


def _index(items: Sequence[Item], references: References, primary: int, start: int) -> bytes:
    entries, places, labels, known = b"", b"", b"", b""
    count = 0
    for number, item in enumerate(items, 1):
        entries += full_box(
            b"infe", struct.pack(">HH4sB", number, 0, item.kind, 0), version=2, flags=int(item.hidden)
        )
        places += struct.pack(">HHHII", number, 0, 1, start, len(item.data))
        start += len(item.data)
        own = range(count + 1, count + 1 + len(item.properties))
        count += len(item.properties)
        labels += struct.pack(">HB", number, len(own)) + b"".join(struct.pack(">H", place) for place in own)
        known += b"".join(item.properties)
    joined = b"".join(
        box(kind, struct.pack(">HH", source, len(to)), *(struct.pack(">H", one) for one in to))
        for kind, source, to in references
    )
    return full_box(
        b"meta",
        full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
        full_box(b"pitm", struct.pack(">H", primary)),
        full_box(b"iloc", struct.pack(">BBH", 0x44, 0, len(items)), places),
        full_box(b"iinf", struct.pack(">H", len(items)), entries),
        full_box(b"iref", joined),
        box(b"iprp", box(b"ipco", known), full_box(b"ipma", struct.pack(">I", len(items)), labels, flags=1)),
    )
