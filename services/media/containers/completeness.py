"""The outer structure of MP4, Matroska, WMV, AVI and WAV files: enough to tell that a file was cut short.

Cut short means that pictures or sound which the file declares are missing. A size that claims some bytes more
than there are, behind the last of them, is only wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from media.containers.animations import check_animation_complete
from media.containers.formats import (
    ANIMATED_GIF,
    ANIMATED_PNG,
    AVI,
    MATROSKA,
    MP4,
    WAVE,
    WINDOWS_MEDIA,
    Container,
)
from media.containers.matroska_elements import loses_media, read_size
from media.containers.mp4_samples import samples_end
from media.tools.errors import DamagedInputError, ErrorCode, InvalidInputError

_LARGE_SIZE: Final = 1
_TO_END_OF_FILE: Final = 0
_UNKNOWN_RIFF_SIZES: Final = frozenset({0, 0xFFFFFFFF})
"""What is written to a pipe never learns its size."""
_ASF_HEAD_BYTES: Final = 65_536
_ASF_FILE_PROPERTIES: Final = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_PROPERTIES_BYTES: Final = 104
_ASF_BROADCAST: Final = 1
"""Set while a live stream is written: its sizes were never filled in."""
_ASF_DATA_HEADER_BYTES: Final = 50
_SMALLEST_AVI_CHUNK_BYTES: Final = 9
_MAX_TOP_LEVEL_BOXES: Final = 100_000
_SEGMENT_ID: Final = b"\x18\x53\x80\x67"
_EBML_ID: Final = b"\x1a\x45\xdf\xa3"


@dataclass(frozen=True, slots=True)
class Box:
    """A top-level MP4 box.

    Attributes:
        kind: Four-character type.
        offset: Where it starts in the file.
        size: Its length with the header; it may claim to reach past the end of the file.
        header: Length of the header.
    """

    kind: bytes
    offset: int
    size: int
    header: int


def check_complete(path: Path, container: Container) -> None:
    """Check that a file is whole as far as its outer structure shows.

    Raises:
        DamagedInputError: It is cut short.
        InvalidInputError: It is cut short, and without what is missing nothing of it can be read.
    """
    if container is MP4:
        check_mp4_complete(path)
    elif container is MATROSKA:
        check_matroska_complete(path)
    elif container is WINDOWS_MEDIA:
        check_asf_complete(path)
    elif container is AVI:
        check_avi_complete(path)
    elif container is WAVE:
        check_wave_complete(path)
    elif container in {ANIMATED_GIF, ANIMATED_PNG}:
        check_animation_complete(path, container)


def top_level_boxes(file: BinaryIO, file_size: int) -> Iterator[Box]:
    """Walk the outermost boxes of an MP4 file; stops at the first thing that is no box."""
    offset = 0
    for _ in range(_MAX_TOP_LEVEL_BOXES):
        file.seek(offset)
        header = file.read(16)
        if len(header) < 8:
            return
        size, kind, length = int.from_bytes(header[:4], "big"), header[4:8], 8
        if size == _LARGE_SIZE and len(header) == 16:
            size, length = int.from_bytes(header[8:16], "big"), 16
        elif size == _TO_END_OF_FILE:
            size = file_size - offset
        if size < length or not kind.isascii() or not kind.strip().isalnum():
            return
        yield Box(kind, offset, size, length)
        offset += size
        if offset >= file_size:
            return


def check_mp4_complete(path: Path) -> None:
    """Compare the sizes that the boxes claim with the size of the file.

    Finds both usual cases: the index at the end is lost (recording or upload cut short), and the index is in
    front but the media behind it are cut; the second would otherwise encode to a short video without any
    error. Media boxes that claim more than there is are whole when all samples of the index are there.

    Raises:
        DamagedInputError: The file is cut short behind its index.
        InvalidInputError: It has no index, or a part of one.
    """
    size = path.stat().st_size
    indexes: list[Box] = []
    with path.open("rb") as file:
        for box in top_level_boxes(file, size):
            missing = box.offset + box.size - size
            is_cut = missing > 0 and box.kind in {b"mdat", b"moov", b"moof"}
            if is_cut and not (box.kind == b"mdat" and _holds_all_samples(file, indexes, size)):
                raise _cut(missing, box.offset + box.size, is_usable=_has_index(indexes))
            indexes += [box] if box.kind in {b"moov", b"moof"} else []
    if not _has_index(indexes):
        raise InvalidInputError(*_words("its index (the moov box) is missing."))


def _has_index(boxes: list[Box]) -> bool:
    return any(box.kind == b"moov" for box in boxes)


def _holds_all_samples(file: BinaryIO, indexes: list[Box], size: int) -> bool:
    """Whether the file reaches to the last sample; of fragments, only the last can reach behind its end."""
    if not indexes:
        return False
    last = indexes[-1]
    end = samples_end(file, last.kind, last.offset, last.size)
    return end is not None and end <= size


def check_avi_complete(path: Path) -> None:
    """Compare the sizes that the lists of an AVI file claim with the size of the file.

    The index at the end may be missing; pictures and sound may not.

    Raises:
        DamagedInputError: The file is cut short.
    """
    size, offset = path.stat().st_size, 0
    with path.open("rb") as file:
        for _ in range(_MAX_TOP_LEVEL_BOXES):
            file.seek(offset)
            head = file.read(12)
            if len(head) < 12:
                return
            kind, claimed = head[:4], int.from_bytes(head[4:8], "little")
            end = offset + 8 + claimed
            is_media = (kind, head[8:]) == (b"LIST", b"movi") and claimed not in _UNKNOWN_RIFF_SIZES
            if is_media and end - size >= _SMALLEST_AVI_CHUNK_BYTES:
                raise _cut(end - size, end)
            offset = offset + 12 if kind == b"RIFF" else end + claimed % 2


def check_wave_complete(path: Path) -> None:
    """Compare the size that a WAV file claims with the size of the file.

    Raises:
        DamagedInputError: The file is cut short.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        claimed = int.from_bytes(file.read(8)[4:], "little")
    if claimed not in _UNKNOWN_RIFF_SIZES and claimed + 8 > size:
        raise _cut(claimed + 8 - size, claimed + 8)


def check_asf_complete(path: Path) -> None:
    """Compare the size that a WMV file claims with the size of the file.

    ffmpeg guesses the length of such a file from its packets, so a shorter result would look right.

    Raises:
        DamagedInputError: The file is cut short.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_ASF_HEAD_BYTES)
    start = head.find(_ASF_FILE_PROPERTIES)
    properties = head[start : start + _ASF_PROPERTIES_BYTES]
    if start < 0 or len(properties) < _ASF_PROPERTIES_BYTES:
        return  # ffprobe says what is wrong with it
    claimed = int.from_bytes(properties[40:48], "little")
    flags = int.from_bytes(properties[88:92], "little")
    header, packets, packet_bytes = head[16:24], properties[56:64], properties[92:96]
    media = int.from_bytes(packets, "little") * int.from_bytes(packet_bytes, "little")
    needed = int.from_bytes(header, "little") + _ASF_DATA_HEADER_BYTES + media
    if claimed > size and not flags & _ASF_BROADCAST and (media == 0 or needed > size):
        raise _cut(claimed - size, claimed)


def check_matroska_complete(path: Path, *, is_short: bool = False) -> None:
    """Compare the size that the Matroska segment claims with the size of the file.

    Args:
        path: The file.
        is_short: Whether its packets end before the length that it declares: then a segment of unknown size
            is looked into as well.

    Raises:
        DamagedInputError: The file is cut short.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.startswith(_EBML_ID):
        return
    header_size, length = read_size(head[4:])
    segment = 4 + length + (header_size or 0)
    if head[segment : segment + 4] != _SEGMENT_ID:
        return
    segment_size, length = read_size(head[segment + 4 :])
    start = segment + 4 + length
    if segment_size is None and not (is_short or start > size):
        return  # written to a pipe: the length was never filled in
    end = None if segment_size is None else start + segment_size
    if end is not None and end <= size:
        return
    with path.open("rb") as file:
        if loses_media(file, start, size, end):
            raise _cut(end - size, end) if end else DamagedInputError(*_words("its end is missing."))


def _cut(missing_bytes: int, whole_bytes: int, *, is_usable: bool = True) -> InvalidInputError:
    words = _words(f"{missing_bytes} of {whole_bytes} bytes are missing at its end.")
    if not is_usable:
        return InvalidInputError(*words)
    return DamagedInputError(*words, {"missing_bytes": missing_bytes, "whole_bytes": whole_bytes})


def _words(what: str) -> tuple[ErrorCode, str, str]:
    return ErrorCode.INPUT_TRUNCATED, f"The file is cut short: {what}", "Upload the complete file again."
