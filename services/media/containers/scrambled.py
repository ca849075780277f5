"""Whether a stream's packets are scrambled: broadcasts, discs, and the protected files of Windows and Flash.

Told by the bits that stay in clear for exactly this purpose; nothing is decoded here.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_HEAD_BYTES: Final = 4 * 1024 * 1024
_ASF_HEADER_BYTES: Final = 1024 * 1024
_ASF_PROTECTIONS: Final = tuple(
    uuid.UUID(text).bytes_le
    for text in (
        "2211b3fb-bd23-11d2-b4b7-00a0c955fc6e",  # Content Encryption Object
        "298ae614-2622-4c17-b935-dae07ee9289c",  # Extended Content Encryption Object
        "43058533-6981-49e6-9b74-ad12cb86d58c",  # Advanced Content Encryption Object
    )
)
_SYNC: Final = 0x47
_SYNCS_CHECKED: Final = 5
_FIRST_STREAM_PID: Final = 0x20
_NULL_PID: Final = 0x1FFF
_FEWEST_PACKETS: Final = 8
_FLV_TAGS_CHECKED: Final = 100
_FLV_ENCRYPTED: Final = 0x20
_FLV_MEDIA: Final = frozenset({8, 9})


def is_protected_asf(path: Path) -> bool:
    """Whether the header of a WMV or WMA file holds one of the objects that only protected ones have."""
    with path.open("rb") as file:
        head = file.read(_ASF_HEADER_BYTES)
    header = head[: int.from_bytes(head[16:24], "little")]
    return any(protection in header for protection in _ASF_PROTECTIONS)


def is_protected_flv(path: Path) -> bool:
    """Whether the first tags of an FLV file are marked as filtered, which means encrypted."""
    with path.open("rb") as file:
        data = file.read(_HEAD_BYTES)
    place = int.from_bytes(data[5:9], "big") + 4
    for _ in range(_FLV_TAGS_CHECKED):
        if place + 11 > len(data):
            return False
        if data[place] & _FLV_ENCRYPTED and data[place] & 0x1F in _FLV_MEDIA:
            return True
        place += 11 + int.from_bytes(data[place + 1 : place + 4], "big") + 4
    return False


def is_scrambled_program(path: Path) -> bool:
    """Whether most packets of picture of a program stream are scrambled, as those of copied discs are."""
    with path.open("rb") as file:
        data = file.read(_HEAD_BYTES)
    seen = scrambled = 0
    place = data.find(b"\x00\x00\x01")
    while 0 <= place < len(data) - 8:
        flags = data[place + 6]
        if data[place + 3] & 0xF0 == 0xE0 and flags & 0xC0 == 0x80:
            seen += 1
            scrambled += bool(flags & 0x30)
        place = data.find(b"\x00\x00\x01", place + 3)
    return seen >= _FEWEST_PACKETS and scrambled * 2 > seen


def is_scrambled_transport(path: Path, kinds: frozenset[str]) -> bool:
    """Whether a transport stream is scrambled and nothing of the wanted kinds is in clear beside it.

    Args:
        path: The file.
        kinds: `video`, `audio`, or both.
    """
    seen = scrambled = 0
    has_programmes = False
    for pid, packet in _transport_packets(path):
        has_programmes = has_programmes or (pid == 0 and _begins_programmes(packet))
        if not packet[3] & 0x10 or not _FIRST_STREAM_PID <= pid < _NULL_PID:
            continue
        seen += 1
        if packet[3] & 0xC0:
            scrambled += 1
        elif _clear_kind(packet) in kinds:
            return False
    # Without the list of programmes, which is never scrambled, it is noise with a byte at equal distances.
    return has_programmes and seen >= _FEWEST_PACKETS and scrambled * 2 > seen


def scrambled_pids(path: Path) -> frozenset[int]:
    """The numbers of the streams of a transport stream of which most packets are scrambled."""
    seen: Counter[int] = Counter()
    scrambled: Counter[int] = Counter()
    for pid, packet in _transport_packets(path):
        if packet[3] & 0x10:
            seen[pid] += 1
            scrambled[pid] += bool(packet[3] & 0xC0)
    return frozenset(pid for pid, count in seen.items() if 2 * scrambled[pid] > count)


def _transport_packets(path: Path) -> Iterator[tuple[int, bytes]]:
    """The number and the bytes of each packet at the beginning of a transport stream."""
    with path.open("rb") as file:
        data = file.read(_HEAD_BYTES)
    start, stride = _packets(data)
    for place in range(start, len(data) - 188, stride) if stride else ():
        yield int.from_bytes(data[place + 1 : place + 3], "big") & 0x1FFF, data[place : place + 188]


def _begins_programmes(packet: bytes) -> bool:
    """Whether a packet of the first stream holds the beginning of the list of programmes in clear."""
    table = 5 + packet[4]
    return packet[1] & 0x40 != 0 and packet[3] & 0xF0 == 0x10 and packet[table : table + 1] == b"\0"


def _clear_kind(packet: bytes) -> str | None:
    """The kind of stream of which a packet in clear is the beginning of a unit, if it is one."""
    if not packet[1] & 0x40:
        return None
    inside = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    if packet[inside : inside + 3] != b"\x00\x00\x01":
        return None
    stream = packet[inside + 3] if inside + 3 < len(packet) else 0
    if stream & 0xF0 == 0xE0:
        return "video"
    return "audio" if stream & 0xE0 == 0xC0 or stream == 0xBD else None


def _packets(data: bytes) -> tuple[int, int]:
    """Where the first whole packet begins, and how far they lie apart; 0 when that cannot be told."""
    for stride in (188, 192, 204):
        for start in range(min(stride, len(data))):
            syncs = data[start : start + _SYNCS_CHECKED * stride : stride]
            if len(syncs) == _SYNCS_CHECKED and set(syncs) == {_SYNC}:
                return start, stride
    return 0, 0
