"""Where the samples of an MP4 file end, by its index: what tells a cut file from one with spare bytes."""

from array import array
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

_MAX_INDEX_BYTES: Final = 128 * 1024 * 1024
_MAX_BOXES: Final = 100_000
_MAX_DEPTH: Final = 8
_CONTAINERS: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"traf"})
_HAS_BASE, _HAS_DESCRIPTION, _HAS_DURATION, _HAS_SIZE = 0x1, 0x2, 0x8, 0x10
_RUN_OFFSET, _RUN_FIRST_FLAGS = 0x1, 0x4
_RUN_DURATION, _RUN_SIZE, _RUN_FLAGS, _RUN_TIME = 0x100, 0x200, 0x400, 0x800


class _Part(NamedTuple):
    kind: bytes
    data: memoryview


def samples_end(file: BinaryIO, kind: bytes, offset: int, size: int) -> int | None:
    """Tell the byte behind the last sample that an index declares; None when the index cannot be followed.

    Args:
        file: The whole file.
        kind: `moov` or `moof`.
        offset: Where that box starts.
        size: Its length with the header; all of it must be in the file.
    """
    if size > _MAX_INDEX_BYTES:
        return None
    file.seek(offset)
    data = memoryview(file.read(size))
    try:
        header = 16 if bytes(data[:4]) == b"\0\0\0\1" else 8
        parts = list(islice(_parts(data[header:]), _MAX_BOXES))
        if len(parts) == _MAX_BOXES:
            return None
        ends = _table_ends(parts) if kind == b"moov" else _run_ends(parts, offset)
    except (IndexError, ValueError, StopIteration):
        return None
    return max(ends, default=None)


def _parts(data: memoryview, depth: int = 0) -> Iterator[_Part]:
    """All boxes of interest in the order of the file; those that hold others come before these."""
    position = 0
    if depth > _MAX_DEPTH:
        raise ValueError(depth)
    while position + 8 <= len(data):
        size, kind, header = _number(data, position), bytes(data[position + 4 : position + 8]), 8
        if size == 1:
            size, header = _number(data, position + 8, 8), 16
        if size < header or position + size > len(data):
            raise ValueError(kind)
        body = data[position + header : position + size]
        yield _Part(kind, body[:0] if kind in _CONTAINERS else body)
        if kind in _CONTAINERS:
            yield from _parts(body, depth + 1)
        position += size


def _table_ends(parts: list[_Part]) -> list[int]:
    """Ends of the tracks of a `moov`; a track whose media lie in another file has none here."""
    starts = [position for position, part in enumerate(parts) if part.kind == b"trak"]
    ends = []
    for start, end in zip(starts, [*starts[1:], len(parts)], strict=True):
        track = {part.kind: part.data for part in parts[start:end]}
        is_here = b"dref" not in track or bytes(track[b"dref"][19:20]) in {b"", b"\1"}
        offsets = _offsets(track)
        if is_here and offsets:
            ends.append(_track_end(track, offsets))
    return ends


def _offsets(track: dict[bytes, memoryview]) -> "array[int]":
    if b"co64" in track:
        return _numbers(track[b"co64"][8:], "Q")
    return _numbers(track.get(b"stco", memoryview(b""))[8:], "I")


def _track_end(track: dict[bytes, memoryview], offsets: "array[int]") -> int:
    table = track[b"stsz"] if b"stsz" in track else track[b"stz2"]
    common, count = _number(table, 4), _number(table, 8)
    if b"stsz" not in track:
        raise ValueError("compact sizes")
    sizes = _numbers(table[12 : 12 + 4 * count], "I") if common == 0 else None
    if sizes is not None and len(sizes) < count:
        raise ValueError("sizes")
    rules = _numbers(track[b"stsc"][8:], "I")
    firsts, per_chunk = rules[0::3], rules[1::3]
    sample, end = 0, 0
    for rule, first in enumerate(firsts):
        last = firsts[rule + 1] - 1 if rule + 1 < len(firsts) else len(offsets)
        if last < first:
            raise ValueError("chunks out of order")  # they would be walked again and again
        for chunk in range(first - 1, min(last, len(offsets))):
            after = min(sample + per_chunk[rule], count)
            if after > sample:
                length = sum(sizes[sample:after]) if sizes is not None else (after - sample) * common
                end = max(end, offsets[chunk] + length)
            sample = after
    return end


def _run_ends(parts: list[_Part], moof_offset: int) -> list[int]:
    """Ends of the runs of a `moof`; sizes that only the `moov` knows cannot be followed."""
    ends: list[int] = []
    base, default, position = moof_offset, None, None
    for part in parts:
        if part.kind == b"tfhd":
            base, default = _fragment_header(part.data, moof_offset)
            position = None
        elif part.kind == b"trun":
            offset, sizes = _run(part.data, default)
            start = base + offset if offset is not None else position
            if start is None:
                raise ValueError("a run without an offset")
            position = start + sizes
            ends.append(position)
    return ends


def _fragment_header(data: memoryview, moof_offset: int) -> tuple[int, int | None]:
    flags, at, base, default = _number(data, 0) & 0xFFFFFF, 8, moof_offset, None
    if flags & _HAS_BASE:
        base, at = _number(data, at, 8), at + 8
    at += 4 * bool(flags & _HAS_DESCRIPTION) + 4 * bool(flags & _HAS_DURATION)
    if flags & _HAS_SIZE:
        default = _number(data, at)
    return base, default


def _run(data: memoryview, default: int | None) -> tuple[int | None, int]:
    """Offset of a run, and how many bytes it has."""
    flags, count, at, offset = _number(data, 0) & 0xFFFFFF, _number(data, 4), 8, None
    if flags & _RUN_OFFSET:
        offset, at = int.from_bytes(data[at : at + 4], "big", signed=True), at + 4
    at += 4 * bool(flags & _RUN_FIRST_FLAGS)
    if not flags & _RUN_SIZE:
        if default is None:
            raise ValueError("sizes")
        return offset, count * default
    fields = sum(bool(flags & flag) for flag in (_RUN_DURATION, _RUN_SIZE, _RUN_FLAGS, _RUN_TIME))
    values = _numbers(data[at : at + 4 * fields * count], "I")
    if len(values) < fields * count:
        raise ValueError("sizes")
    return offset, sum(values[bool(flags & _RUN_DURATION) :: fields])


def _number(data: memoryview, at: int, length: int = 4) -> int:
    if at + length > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + length], "big")


def _numbers(data: memoryview, code: str) -> "array[int]":
    values = array(code)
    values.frombytes(data[: len(data) // values.itemsize * values.itemsize])
    values.byteswap()
    return values
