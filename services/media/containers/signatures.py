"""Knows formats without a magic number by a chain of frames: one may be chance, many in step are not."""

from collections.abc import Callable
from typing import Final

SCANNED_BYTES: Final = 65_536
"""How far from the beginning the first frame may lie, as in ffmpeg's own search."""
_FRAMES_IN_STEP: Final = 4
_HEADER_BYTES: Final = 7
_PACKETS_IN_STEP: Final = 5
_PACKETS_SEARCHED: Final = 4096
_TS_STRIDES: Final = (188, 192, 204)
"""Plain, with the time code of Blu-ray and cameras, and with the check bytes of broadcast."""
_GSM_FRAME_BYTES: Final = 33
_GSM_POSITIONS: Final = range(0, 32 * _GSM_FRAME_BYTES, _GSM_FRAME_BYTES)
_DTS_SYNCS: Final = (b"\x7f\xfe\x80\x01", b"\xfe\x7f\x01\x80", b"\x1f\xff\xe8\x00", b"\xff\x1f\x00\xe8")
"""In 16 and in 14 bits, in both byte orders."""
_MPEG_RATES: Final = (
    # Bit rates in kb/s of MPEG-1 layer 1, 2 and 3, and of MPEG-2 layer 1, and 2 and 3.
    (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_MPEG_HERTZ: Final = (44_100, 48_000, 32_000)
_H264_FIRST: Final = frozenset({0x01, 0x05, 0x06, 0x07, 0x09})
_HEVC_FIRST: Final = frozenset({0x40, 0x42, 0x46, 0x4E})
"""First units of bare streams: sets of parameters, delimiters and messages; of H.264 also pictures, for a
recording that was begun in the middle."""
_AC3_KBPS: Final = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)


def is_transport_stream(head: bytes) -> bool:
    """Sync bytes at a regular distance, from wherever the first whole packet begins."""
    for start in range(min(_PACKETS_SEARCHED, len(head))):
        if head[start] != 0x47:
            continue
        for stride in _TS_STRIDES:
            syncs = head[start::stride][: _PACKETS_IN_STEP if start < stride else 2 * _PACKETS_IN_STEP]
            if len(syncs) >= _PACKETS_IN_STEP and set(syncs) == {0x47}:
                return True
    return False


def mpeg_audio_at(head: bytes) -> int | None:
    """Where a chain of MPEG audio frames begins; a single one counts at the beginning only."""
    if len(head) >= _HEADER_BYTES and _mpeg_audio_bytes(head):
        return 0
    return _chain(head, _mpeg_audio_bytes, lambda frame: (frame[1] & 0xFE, frame[2] & 0x0C))


def adts_at(head: bytes) -> int | None:
    """Where a chain of AAC frames begins; a single one counts at the beginning only."""
    if len(head) >= _HEADER_BYTES and _adts_bytes(head):
        return 0
    return _chain(head, _adts_bytes, lambda frame: (frame[1] & 0xFE, frame[2] & 0xFD))


def ac3_kind(head: bytes) -> str | None:
    """`ac3` or `eac3`, if the file begins with a chain of such frames."""
    if _chain(head[: 4 * 4096], _ac3_bytes, lambda frame: frame[5] >> 3 > 10) != 0:
        return None
    return "eac3" if head[5] >> 3 > 10 else "ac3"


def is_dts(head: bytes) -> bool:
    """Begins with the sync word of a DTS frame, and has another one."""
    return any(head.startswith(sync) and head.find(sync, 4) > 0 for sync in _DTS_SYNCS)


def is_gsm(head: bytes) -> bool:
    """Frames of 33 bytes that all begin with the four bits of the codec's signature."""
    frames = [head[position : position + _GSM_FRAME_BYTES] for position in _GSM_POSITIONS]
    # A file of one and the same byte is no sound.
    return all(len(frame) == _GSM_FRAME_BYTES and frame[0] >> 4 == 0xD for frame in frames) and any(
        len(set(frame)) > 1 for frame in frames
    )


def is_program_stream(head: bytes) -> bool:
    """A pack header with the marker bits of MPEG-1 or MPEG-2, at the beginning or after a broken off pack."""
    start = head.find(b"\x00\x00\x01\xba")
    packs = 0
    while start >= 0 and start + 5 <= len(head):
        following = head[start + 4]
        if following >> 6 == 0b01 or following >> 4 == 0b0010:
            packs += 1
            if start == 0 or packs > 1:
                return True
        start = head.find(b"\x00\x00\x01\xba", start + 4)
    return False


def raw_video(head: bytes) -> str | None:
    """The demuxer of a bare stream of pictures: `h264`, `hevc`, `mpegvideo` or `m4v`."""
    if head.startswith(b"\x00\x00\x01\xb3"):
        return "mpegvideo"
    if head[:3] == b"\x00\x00\x01" and head[3] in {0xB0, 0xB5} and b"\x00\x00\x01\xb6" in head:
        return "m4v"
    start = {b"\x00\x00\x00\x01": 4}.get(head[:4], 3 if head[:3] == b"\x00\x00\x01" else 0)
    if not start or len(head) < start + 2:
        return None
    first, second = head[start], head[start + 1]
    if first & 0x9F in _H264_FIRST and _has_sets(head, 0x07) and _has_sets(head, 0x08):
        return "h264"
    if first in _HEVC_FIRST and second == 0x01 and b"\x00\x00\x01\x42\x01" in head:
        return "hevc"
    return None


def is_obu_stream(head: bytes) -> bool:
    """AV1 as bare units: an empty delimiter of a temporal unit, then the header of the sequence."""
    return head[:3] == b"\x12\x00\x0a" and len(head) > 16


def _has_sets(head: bytes, kind: int) -> bool:
    """Whether a set of parameters of this kind is among the first units."""
    start = head.find(b"\x00\x00\x01")
    while 0 <= start < len(head) - 3:
        if head[start + 3] & 0x9F == kind:
            return True
        start = head.find(b"\x00\x00\x01", start + 3)
    return False


def _chain(head: bytes, length_of: Callable[[bytes], int], likeness: Callable[[bytes], object]) -> int | None:
    """Where some frames lie behind each other that have the same properties; None if nowhere."""
    for start in range(max(0, min(len(head), SCANNED_BYTES) - _HEADER_BYTES)):
        position, first, frames = start, head[start : start + 8], 0
        while frames < _FRAMES_IN_STEP:
            frame = head[position : position + 8]
            length = length_of(frame) if len(frame) >= _HEADER_BYTES else 0
            if not length or likeness(frame) != likeness(first):
                break
            frames, position = frames + 1, position + length
            if position == len(head) and frames > 1:
                return start  # the whole of a very short file
        if frames == _FRAMES_IN_STEP:
            return start
    return None


def _mpeg_audio_bytes(frame: bytes) -> int:
    """The length of an MPEG audio frame; 0 if the header holds a reserved value."""
    if frame[0] != 0xFF or frame[1] & 0xE0 != 0xE0:
        return 0
    version, layer = frame[1] >> 3 & 3, 4 - (frame[1] >> 1 & 3)
    rate, hertz, padding = frame[2] >> 4, frame[2] >> 2 & 3, frame[2] >> 1 & 1
    if version == 1 or layer == 4 or rate in {0, 15} or hertz == 3:
        return 0
    is_first = version == 3
    table = _MPEG_RATES[layer - 1] if is_first else _MPEG_RATES[3 if layer == 1 else 4]
    sampled = _MPEG_HERTZ[hertz] >> (0 if is_first else 1 if version == 2 else 2)
    bits = table[rate] * 1000
    if layer == 1:
        return (12 * bits // sampled + padding) * 4
    return (144 if layer == 2 or is_first else 72) * bits // sampled + padding


def _adts_bytes(frame: bytes) -> int:
    if frame[0] != 0xFF or frame[1] & 0xF6 != 0xF0 or (frame[2] >> 2) & 0x0F > 12:
        return 0
    length = (frame[3] & 3) << 11 | frame[4] << 3 | frame[5] >> 5
    return length if length > 7 else 0


def _ac3_bytes(frame: bytes) -> int:
    if frame[:2] != b"\x0b\x77":
        return 0
    if frame[5] >> 3 > 10:
        return (((frame[2] & 7) << 8 | frame[3]) + 1) * 2
    hertz, code = frame[4] >> 6, frame[4] & 0x3F
    if hertz == 3 or code >> 1 >= len(_AC3_KBPS):
        return 0
    kbps = _AC3_KBPS[code >> 1]
    words = {0: kbps * 2, 1: kbps * 320 // 147 + (code & 1), 2: kbps * 3}[hertz]
    return words * 2
