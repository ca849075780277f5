"""What kind of file a source is, from its first bytes alone: text and playlists never reach ffprobe."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media.headers.still_pictures import name_of_picture, picture_refused
from media.inspect.containers import (
    check_asf_complete,
    check_matroska_complete,
    check_mp4_complete,
    check_wave_complete,
)
from media.tools.errors import ErrorCode, InvalidInputError, LimitExceededError
from media.tools.limits import Limits

_HEAD_BYTES: Final = 4096
_TS_PACKETS_CHECKED: Final = 5
_MP4_FIRST_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_ASF_HEADER: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_TEXT_CONTROLS: Final = frozenset(b"\t\n\r\f\x1b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container format that sources may use.

    Attributes:
        name: As shown to people.
        demuxers: ffmpeg's names of the only demuxers that may open it.
        declares_duration: Whether the file states its length, so that a shorter result means a damaged file.
    """

    name: str
    demuxers: tuple[str, ...]
    declares_duration: bool


MP4: Final = Container(name="MP4", demuxers=("mov",), declares_duration=True)
MATROSKA: Final = Container(name="Matroska/WebM", demuxers=("matroska",), declares_duration=True)
AVI: Final = Container(name="AVI", demuxers=("avi",), declares_duration=True)
FLASH: Final = Container(name="FLV", demuxers=("flv",), declares_duration=False)
WINDOWS_MEDIA: Final = Container(name="WMV", demuxers=("asf",), declares_duration=True)
OGG: Final = Container(name="Ogg", demuxers=("ogg",), declares_duration=False)
TRANSPORT_STREAM: Final = Container(name="MPEG-TS", demuxers=("mpegts",), declares_duration=False)
PROGRAM_STREAM: Final = Container(name="MPEG-PS", demuxers=("mpeg",), declares_duration=False)
MP3: Final = Container(name="MP3", demuxers=("mp3",), declares_duration=False)
ADTS: Final = Container(name="AAC", demuxers=("aac",), declares_duration=False)
WAVE: Final = Container(name="WAV", demuxers=("wav",), declares_duration=True)
FLAC: Final = Container(name="FLAC", demuxers=("flac",), declares_duration=False)
SEEKABLE: Final = (MP4, MATROSKA)
"""Have an index of their pictures with exact times; others are read from their beginning."""


def sniff(path: Path, limits: Limits) -> Container:
    """Tell the container of a source and check that the file is whole as far as its outer structure shows.

    Args:
        path: The downloaded source.
        limits: Gives the largest allowed size.

    Raises:
        InvalidInputError: Empty, not media, or cut short.
        LimitExceededError: Larger than allowed.
    """
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise _not_media("The source is not a regular file.")
    if status.st_size == 0:
        raise InvalidInputError(
            ErrorCode.INPUT_EMPTY,
            "The file is empty (0 bytes).",
            "Upload the video again; it was not transferred.",
        )
    if status.st_size > limits.max_source_bytes:
        raise LimitExceededError(
            ErrorCode.LIMIT_EXCEEDED,
            f"The file has {status.st_size} bytes; at most {limits.max_source_bytes} are allowed.",
            "Upload a smaller file, or ask the operator to raise the limit.",
        )
    with path.open("rb") as file:
        container = identify(file.read(_HEAD_BYTES))
    if container is MP4:
        check_mp4_complete(path)
    elif container is MATROSKA:
        check_matroska_complete(path)
    elif container is WINDOWS_MEDIA:
        check_asf_complete(path)
    elif container is WAVE:
        check_wave_complete(path)
    return container


def identify(head: bytes) -> Container:
    """Tell the container from the first bytes of a file.

    Raises:
        InvalidInputError: It is a picture, text, a playlist, or nothing known.
    """
    if _looks_like_text(head):
        kind = "a playlist" if head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"#EXTM3U") else "text"
        raise _not_media(f"The file holds {kind}, not a video.")
    picture = name_of_picture(head)
    if picture is not None:
        raise picture_refused(picture)
    known = _by_magic(head)
    if known is None:
        raise _not_media("The file is not in a known video format.")
    return known


def _by_magic(head: bytes) -> Container | None:
    if head[4:8] in _MP4_FIRST_BOXES:
        return MP4
    if head.startswith(b"RIFF"):
        return {b"AVI ": AVI, b"WAVE": WAVE}.get(head[8:12])
    for magic, container in (
        (b"\x1a\x45\xdf\xa3", MATROSKA),
        (b"FLV\x01", FLASH),
        (_ASF_HEADER, WINDOWS_MEDIA),
        (b"OggS", OGG),
        (b"\x00\x00\x01\xba", PROGRAM_STREAM),
        (b"ID3", MP3),
        (b"fLaC", FLAC),
    ):
        if head.startswith(magic):
            return container
    if _is_transport_stream(head):
        return TRANSPORT_STREAM
    if _is_adts(head):
        return ADTS
    return MP3 if _is_mpeg_audio(head) else None


def _is_transport_stream(head: bytes) -> bool:
    """Sync bytes at a regular distance: 188 bytes, or 192 with the time code of Blu-ray and cameras."""
    for start, stride in ((0, 188), (4, 192)):
        syncs = head[start::stride][:_TS_PACKETS_CHECKED]
        if len(syncs) == _TS_PACKETS_CHECKED and set(syncs) == {0x47}:
            return True
    return False


def _is_mpeg_audio(head: bytes) -> bool:
    """An MPEG audio frame header with no reserved value in it."""
    return (
        len(head) >= 4
        and head[0] == 0xFF
        and head[1] & 0xE0 == 0xE0
        and head[1] & 0x18 != 0x08
        and head[1] & 0x06 != 0
        and head[2] & 0xF0 not in {0x00, 0xF0}
        and head[2] & 0x0C != 0x0C
    )


def _is_adts(head: bytes) -> bool:
    """A frame header of raw AAC: the layer is 0, and the index of the sample rate is one of thirteen."""
    return len(head) >= 7 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and (head[2] >> 2) & 0x0F < 13


def _looks_like_text(head: bytes) -> bool:
    return all(byte >= 0x20 or byte in _TEXT_CONTROLS for byte in head)


def _not_media(message: str) -> InvalidInputError:
    return InvalidInputError(
        ErrorCode.INPUT_NOT_MEDIA,
        message,
        "Upload a video file: MP4, MOV, Matroska, WebM, AVI, FLV, WMV, Ogg, MPEG-TS or MPEG-PS; or, for "
        "sound, MP3, AAC, WAV, FLAC or Ogg.",
    )
