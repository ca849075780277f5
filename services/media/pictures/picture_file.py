"""The structure of picture files: which way up they are, and what they carry beside the picture.

Read here and not by ffmpeg, which turns a picture in some versions and formats and not in others.
"""

import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media.containers.formats import Container
from media.containers.still_pictures import heif_kind, name_of_picture
from media.tools.command import MediaInput
from media.tools.errors import ErrorCode, InvalidInputError, LimitExceededError

JPEG: Final = Container(name="JPEG", demuxers=("jpeg_pipe",), declares_duration=False)
PNG: Final = Container(name="PNG", demuxers=("png_pipe",), declares_duration=False)
WEBP: Final = Container(name="WebP", demuxers=("webp_pipe",), declares_duration=False)
GIF: Final = Container(name="GIF", demuxers=("gif",), declares_duration=False)
HEIC: Final = Container(name="HEIC", demuxers=(), declares_duration=False)
AVIF: Final = Container(name="AVIF", demuxers=(), declares_duration=False)
CONVERTED: Final = (HEIC, AVIF)
"""ffmpeg opens none of these; another tool makes a PNG of them first."""
PICTURE_DECODERS: Final = ("mjpeg", "png", "webp", "gif")

_MAX_PARTS: Final = 100_000
_MAX_PROFILE_BYTES: Final = 4 * 1024 * 1024
_JPEG_PROFILE_HEADER_BYTES: Final = 14
"""`ICC_PROFILE`, a zero, the segment's number and how many there are."""
_ORIENTATION_TAG: Final = 0x0112
_SHORT: Final = 3
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_START_OF_SCAN: Final = 0xDA
_APPLICATION: Final = {
    (0xE1, b"Exif\0\0"): "exif",
    (0xE1, b"http:/"): "xmp",
    (0xE2, b"ICC_PR"): "icc",
    (0xED, b"Photos"): "iptc",
}
_CHUNKS: Final = {
    b"eXIf": "exif",
    b"EXIF": "exif",
    b"XMP ": "xmp",
    b"iCCP": "icc",
    b"ICCP": "icc",
    b"tEXt": "text",
    b"zTXt": "text",
    b"iTXt": "text",
    b"tIME": "time",
    b"acTL": "animation",
    b"ANIM": "animation",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFile:
    """What the parts of a picture file tell.

    Attributes:
        orientation: EXIF's number from 1 (upright) to 8.
        extras: What it carries beside the picture: `exif`, `xmp`, `icc`, `iptc`, `comment`, `text`, `time`,
            `animation`.
        profile: The ICC profile; empty where there is none or it is damaged.
        colours: Numbers of its primaries and of its transfer (ITU-T H.273); None where it does not tell.
    """

    container: Container
    orientation: int
    extras: frozenset[str]
    profile: bytes = b""
    colours: tuple[int, int] | None = None


def sniff_picture(path: Path, max_bytes: int) -> Container:
    """Tell the format of a picture from its first bytes.

    Raises:
        InvalidInputError: Empty, or no picture that is accepted.
        LimitExceededError: Larger than `max_bytes`.
    """
    status = path.lstat()
    size = status.st_size
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInputError(
            ErrorCode.INPUT_NOT_MEDIA, "The source is not a regular file.", "Upload the picture itself."
        )
    if size == 0:
        raise InvalidInputError(
            ErrorCode.INPUT_EMPTY, "The file is empty (0 bytes).", "Upload the picture again."
        )
    if size > max_bytes:
        raise LimitExceededError(
            ErrorCode.LIMIT_EXCEEDED,
            f"The file has {size} bytes; at most {max_bytes} are allowed for a picture.",
            "Export the picture smaller and upload the new file.",
        )
    with path.open("rb") as file:
        head = file.read(64)
    known = _by_magic(head)
    if known is None:
        name = name_of_picture(head)
        raise InvalidInputError(
            ErrorCode.INPUT_NOT_MEDIA,
            f"A picture in {name} cannot be read."
            if name
            else "The file is not a picture in a known format.",
            "Upload a JPEG, PNG, WebP, GIF, HEIC or AVIF picture, or choose a profile for video or sound.",
        )
    return known


def picture_media(path: Path, container: Container) -> MediaInput:
    """A picture with the one demuxer of its format and the decoders of pictures."""
    demuxer = container.demuxers[0]
    return MediaInput(path=path, formats=(demuxer,), codecs=PICTURE_DECODERS, demuxer=demuxer)


def read_picture_file(path: Path, container: Container) -> PictureFile:
    """Read the parts of a picture file, and make sure that the last one is there.

    Raises:
        InvalidInputError: The file is cut short.
    """
    data = path.read_bytes()
    if container is GIF:
        complete, parts = data.rstrip(b"\0").endswith(b"\x3b"), []
    elif container is JPEG:
        parts = list(_jpeg_parts(data))
        complete = b"\xff\xd9" in data and bool(parts) and parts[-1][0] == "scan"
    elif container is PNG:
        parts, complete = list(_chunks(data, 8, "big")), b"IEND" in data[-64:]
    else:
        parts = list(_chunks(data, 12, "little"))
        complete = len(data) >= int.from_bytes(data[4:8], "little") + 8
    if not complete:
        raise InvalidInputError(
            ErrorCode.INPUT_TRUNCATED,
            "The picture is cut short: its end is missing.",
            "Upload the complete file again.",
        )
    exif = next((content for kind, content in parts if kind == "exif"), b"")
    return PictureFile(
        container=container,
        orientation=_orientation(exif.removeprefix(b"Exif\0\0")),
        extras=frozenset(kind for kind, _ in parts if kind not in {"scan", ""}),
        profile=_profile([content for kind, content in parts if kind == "icc"], container),
    )


def _profile(parts: list[bytes], container: Container) -> bytes:
    """Put the ICC profile together: JPEG spreads it over segments, PNG compresses it behind a name."""
    if container is JPEG:
        numbered = sorted(parts, key=lambda part: part[12:13])
        return b"".join(part[_JPEG_PROFILE_HEADER_BYTES:] for part in numbered)
    if container is PNG and parts:
        packed = parts[0].partition(b"\0")[2][1:]
        with suppress(zlib.error):
            return zlib.decompressobj().decompress(packed, _MAX_PROFILE_BYTES)
        return b""
    return parts[0] if parts else b""


def _by_magic(head: bytes) -> Container | None:
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return GIF
    return {"HEIC": HEIC, "AVIF": AVIF}.get(heif_kind(head) or "")


def _jpeg_parts(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The marker segments up to the first scan; the picture itself is not looked through."""
    offset = 2
    for _ in range(_MAX_PARTS):
        if offset + 4 > len(data) or data[offset] != 0xFF:
            return
        marker = data[offset + 1]
        if marker == 0xFF or marker in _STANDALONE:
            offset += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(data[offset + 2 : offset + 4], "big")
        content = data[offset + 4 : offset + 2 + length]
        if marker == _START_OF_SCAN:
            yield "scan", b""
            return
        yield ("comment" if marker == 0xFE else _APPLICATION.get((marker, content[:6]), "")), content
        offset += 2 + max(length, 2)


def _chunks(data: bytes, offset: int, order: str) -> Iterator[tuple[str, bytes]]:
    """The chunks of PNG (length, name, content, checksum) or of RIFF (name, length, content, padding)."""
    big = order == "big"
    for _ in range(_MAX_PARTS):
        if offset + 8 > len(data):
            return
        first, second = data[offset : offset + 4], data[offset + 4 : offset + 8]
        name, length = (
            (second, int.from_bytes(first, "big")) if big else (first, int.from_bytes(second, "little"))
        )
        yield _CHUNKS.get(name, ""), data[offset + 8 : offset + 8 + length] if name in _CHUNKS else b""
        offset += 12 + length if big else 8 + length + length % 2


def _orientation(exif: bytes) -> int:
    """The orientation from the first directory of a TIFF block; 1 when there is none or it is nonsense."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, start)
        for position in range(entries):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", exif, start + 2 + position * 12)
            if (tag, kind) == (_ORIENTATION_TAG, _SHORT):
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1
