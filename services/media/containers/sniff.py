"""What kind of file a source is, from its first bytes alone: text and playlists never reach ffprobe."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from media.containers import signatures
from media.containers.animations import animation_in
from media.containers.completeness import check_complete
from media.containers.formats import (
    AC3,
    ADTS,
    AIFF,
    AMR,
    AVI,
    CORE_AUDIO,
    DTS,
    DV,
    EAC3,
    FLAC,
    FLASH,
    GSM,
    IVF,
    MATROSKA,
    MONKEYS_AUDIO,
    MP3,
    MP4,
    MUSEPACK_7,
    MUSEPACK_8,
    MXF,
    OGG,
    PROGRAM_STREAM,
    QCP,
    RAW_AV1,
    RAW_H264,
    RAW_HEVC,
    RAW_MPEG,
    RAW_MPEG4,
    REAL_MEDIA,
    SUN_AUDIO,
    TRANSPORT_STREAM,
    TRUE_AUDIO,
    WAVE,
    WAVE_64,
    WAVPACK,
    WINDOWS_MEDIA,
    Y4M,
    Container,
)
from media.containers.still_pictures import name_of_picture, picture_refused
from media.tools.errors import DamagedInputError, ErrorCode, InvalidInputError, LimitExceededError
from media.tools.limits import Limits

_HEAD_BYTES: Final = 2 * signatures.SCANNED_BYTES
_TEXT_BYTES: Final = 4096
_MOST_TAGS: Final = 4
_TAG_HEADER_BYTES: Final = 10
_SHORTEST_FRAME_BYTES: Final = 8
_MP4_FIRST_BOXES: Final = frozenset(
    {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"uuid", b"pdin"}
)
_MXF_KEY: Final = bytes.fromhex("060e2b34020501010d01020101")
_ASF_HEADER: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_WAVE_64: Final = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_TEXT_CONTROLS: Final = frozenset(b"\t\n\r\f\x1b")
_RIFF: Final = {
    b"AVI ": AVI,
    b"AVI\x19": AVI,
    b"AVIX": AVI,
    b"WAVE": WAVE,
    b"QLCM": QCP,
    b"CDXA": PROGRAM_STREAM,
}
_MAGICS: Final = (
    (b"\x1a\x45\xdf\xa3", MATROSKA),
    (b"FLV\x01", FLASH),
    (_ASF_HEADER, WINDOWS_MEDIA),
    (b"OggS", OGG),
    (b"\x00\x00\x01\xba", PROGRAM_STREAM),
    (_MXF_KEY, MXF),
    (b".RMF\x00", REAL_MEDIA),
    (b".ra\xfd\x00", REAL_MEDIA),
    (b"\x1f\x07\x00\x3f", DV),
    (b"\x1f\x07\x00\xbf", DV),
    (b"DKIF\x00\x00\x20\x00", IVF),
    (b"YUV4MPEG2 W", Y4M),
    (b"ID3", MP3),
    (b"fLaC", FLAC),
    (_WAVE_64, WAVE_64),
    (b"#!AMR\n", AMR),
    (b"#!AMR-WB\n", AMR),
    (b"caff\x00\x01\x00", CORE_AUDIO),
    (b".snd\x00\x00", SUN_AUDIO),
    (b"wvpk", WAVPACK),
    (b"MAC ", MONKEYS_AUDIO),
    (b"TTA1", TRUE_AUDIO),
    (b"MPCK", MUSEPACK_8),
    (b"MP+\x07", MUSEPACK_7),
    (b"MP+\x17", MUSEPACK_7),
)
_BARE: Final = {
    "h264": RAW_H264,
    "hevc": RAW_HEVC,
    "mpegvideo": RAW_MPEG,
    "m4v": RAW_MPEG4,
    "ac3": AC3,
    "eac3": EAC3,
}
_LIKE_TEXT: Final = (b"YUV4MPEG2 W", b"#!AMR\n", b"#!AMR-WB\n")
"""Begin with a line of text, and may hold nothing but printable bytes behind it."""
_TAGGED: Final = (
    MP3,
    ADTS,
    FLAC,
    WAVE,
    AIFF,
    AC3,
    EAC3,
    DTS,
    WAVPACK,
    MONKEYS_AUDIO,
    TRUE_AUDIO,
    MUSEPACK_7,
    MUSEPACK_8,
    OGG,
)


def sniff(path: Path, limits: Limits, bear: Callable[[DamagedInputError], None] | None = None) -> Container:
    """Tell the container of a source and check that the file is whole as far as its outer structure shows.

    Args:
        path: The downloaded source.
        limits: Gives the largest allowed size.
        bear: Takes what is cut short, where what is left of it may be wanted.

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
    container = _identify_file(path)
    try:
        check_complete(path, container)
    except DamagedInputError as error:
        if bear is None:
            raise
        bear(error)
    return container


def identify(head: bytes) -> Container:
    """Tell the container from the first bytes of a file.

    Raises:
        InvalidInputError: It is a picture, text, a playlist, or nothing known.
    """
    if _looks_like_text(head[:_TEXT_BYTES]) and not head.startswith(_LIKE_TEXT):
        kind = "a playlist" if head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"#EXTM3U") else "text"
        raise _not_media(f"The file holds {kind}, not a video.")
    picture = name_of_picture(head)
    if picture is not None:
        raise picture_refused(picture)
    known = _by_magic(head) or _by_frames(head)
    if known is None:
        raise _not_media("The file is not in a known video format.")
    return known


def _identify_file(path: Path) -> Container:
    """Look behind tags that players of music put in front of any format."""
    with path.open("rb") as file:
        animation = animation_in(file)
        if animation is not None:
            return animation
        file.seek(0)
        head = file.read(_HEAD_BYTES)
        tagged = head.startswith(b"ID3")
        for _ in range(_MOST_TAGS):
            if not head.startswith(b"ID3") or len(head) < _TAG_HEADER_BYTES:
                break
            file.seek(file.tell() - len(head) + _tag_bytes(head))
            head = file.read(_HEAD_BYTES)
    if not tagged:
        return identify(head)
    behind = _by_magic(head) or _by_frames(head)
    # A tag alone says music; only what music is kept in may follow it.
    return behind if behind in _TAGGED else MP3


def _tag_bytes(head: bytes) -> int:
    """The length of an ID3 tag with its header, and its footer if it has one."""
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return _TAG_HEADER_BYTES * (2 if head[5] & 0x10 else 1) + size


def _by_magic(head: bytes) -> Container | None:
    if head[4:8] in _MP4_FIRST_BOXES:
        return MP4
    if head[:4] in {b"RIFF", b"RF64", b"BW64"}:
        return _RIFF.get(head[8:12])
    if head.startswith(b"FORM"):
        return AIFF if head[8:12] in {b"AIFF", b"AIFC"} else None
    for magic, container in _MAGICS:
        if head.startswith(magic):
            return container
    if _MXF_KEY in head:
        return MXF  # behind a run-in of any bytes
    return None


def _by_frames(head: bytes) -> Container | None:
    if len(head) < _SHORTEST_FRAME_BYTES:
        return None
    if signatures.is_transport_stream(head[:_TEXT_BYTES]):
        return TRANSPORT_STREAM
    if signatures.is_program_stream(head):
        return PROGRAM_STREAM
    bare = _BARE.get(signatures.raw_video(head) or signatures.ac3_kind(head) or "")
    if bare is not None:
        return bare
    for fits, container in (
        (signatures.is_dts, DTS),
        (signatures.is_obu_stream, RAW_AV1),
        (signatures.is_gsm, GSM),
    ):
        if fits(head):
            return container
    places = [(signatures.adts_at(head), ADTS), (signatures.mpeg_audio_at(head), MP3)]
    found = [(place, container) for place, container in places if place is not None]
    return min(found, key=lambda item: item[0])[1] if found else None


def _looks_like_text(head: bytes) -> bool:
    return all(byte >= 0x20 or byte in _TEXT_CONTROLS for byte in head)


def _not_media(message: str) -> InvalidInputError:
    return InvalidInputError(
        ErrorCode.INPUT_NOT_MEDIA,
        message,
        "Upload a video file: MP4, MOV, Matroska, WebM, AVI, FLV, WMV, Ogg, MPEG-TS, MPEG-PS or MXF; or, for "
        "sound, MP3, AAC, WAV, AIFF, FLAC, AMR or Ogg.",
    )
