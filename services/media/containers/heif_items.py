"""The items of a HEIF or AVIF file (ISO/IEC 23008-12): where they lie, what they are, and how they join.

Read here and not by the decoder's library, so that what a file will cost is known before a tool opens it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from media.containers.completeness import Box, top_level_boxes
from media.containers.mp4_boxes import BoxWalker
from media.tools.errors import ErrorCode, InvalidInputError

HIDDEN: Final = 1
_MAX_EXTENTS: Final = 20_000
_VERSION_BYTES: Final = 4
_IN_INDEX: Final = 1
"""Where an item lies: 0 is the file, 1 a box of the index itself, 2 another item."""
_WITH_KIND: Final = 2
"""Before this version an entry does not tell what its item is; none of those is a picture."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A property of items, by its kind and where its content begins and ends."""

    kind: bytes
    start: int
    end: int


@dataclass(slots=True, kw_only=True)
class Item:
    """One item.

    Attributes:
        kind: What it is: `hvc1`, `av01`, `grid`, `Exif`, ...
        flags: The flags of its entry; the lowest bit hides it.
        flags_at: Where in the file these lie.
        extents: The parts of its content, as places in the file.
    """

    kind: bytes
    flags: int
    flags_at: int
    extents: list[Span] = field(default_factory=list)
    properties: list[Property] = field(default_factory=list)

    def first(self, kind: bytes) -> Property | None:
        """Its first property of a kind."""
        return next((found for found in self.properties if found.kind == kind), None)


@dataclass(slots=True, kw_only=True)
class ItemTable:
    """All items of a file.

    Attributes:
        primary: The number of the item that is the picture.
        references: Kind, from which item, and to which.
    """

    primary: int = 0
    items: dict[int, Item] = field(default_factory=dict)
    references: list[tuple[bytes, int, tuple[int, ...]]] = field(default_factory=list)

    def referred(self, kind: bytes, item: int) -> tuple[int, ...]:
        """The items to which an item refers."""
        return next((to for found, source, to in self.references if (found, source) == (kind, item)), ())

    def referring(self, kind: bytes, item: int) -> tuple[int, ...]:
        """The items that refer to an item."""
        return tuple(source for found, source, to in self.references if found == kind and item in to)


def read_items(path: Path) -> ItemTable:
    """Read the index of a HEIF or AVIF file.

    Raises:
        InvalidInputError: There is none, it is cut short, or it is damaged.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        boxes = list(top_level_boxes(file, size))
        indexes = [box for box in boxes if box.kind == b"meta"]
        if len(indexes) != 1:
            raise damaged() if indexes else _without_index(boxes, size)
        index = indexes[0]
        if index.offset + index.size > size:
            raise cut_short()
        start, end = index.offset + index.header + _VERSION_BYTES, index.offset + index.size
        try:
            return _Reader(BoxWalker(file), start, end).table()
        except (IndexError, ValueError) as error:
            raise damaged() from error


def cut_short() -> InvalidInputError:
    """The error of a picture whose end is missing."""
    return InvalidInputError(
        ErrorCode.INPUT_TRUNCATED,
        "The picture is cut short: its end is missing.",
        "Upload the complete file again.",
    )


def damaged() -> InvalidInputError:
    """The error of an index that contradicts itself."""
    return InvalidInputError(
        ErrorCode.INPUT_UNREADABLE,
        "The picture cannot be read: its index is damaged.",
        "Check that it opens in another program, export it again as JPEG or PNG, and upload the new file.",
    )


def _without_index(boxes: list[Box], size: int) -> InvalidInputError:
    if boxes and boxes[-1].offset + boxes[-1].size > size:
        return cut_short()
    if any(box.kind == b"moov" for box in boxes):
        return InvalidInputError(
            ErrorCode.INPUT_UNREADABLE,
            "The file is a sequence of pictures that names none of them as the first to show.",
            "Export one of its pictures as JPEG or PNG, and upload the new file.",
        )
    return damaged()


class _Numbers:
    """Reads numbers one behind the other; ends with IndexError instead of inventing them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def next(self, length: int) -> int:
        self._at += length
        if self._at > len(self._data):
            raise IndexError(self._at)
        return int.from_bytes(self._data[self._at - length : self._at], "big")


class _Reader:
    """Reads the boxes of one index.

    Args:
        boxes: Of the file.
        start: Where the boxes in the index begin.
        end: Where the index ends.
    """

    def __init__(self, boxes: BoxWalker, start: int, end: int) -> None:
        self._boxes = boxes
        self._found: dict[bytes, Span] = {}
        for kind, first, last in boxes.boxes(start, end):
            self._found.setdefault(kind, (first, last))
        self._table = ItemTable()
        self._extents = 0

    def table(self) -> ItemTable:
        for kind, read in (
            (b"pitm", self._read_primary),
            (b"iinf", self._read_entries),
            (b"iloc", self._read_places),
            (b"iprp", self._read_properties),
        ):
            read(*self._found.get(kind, (0, 0)))
        if b"iref" in self._found:
            self._read_references(*self._found[b"iref"])
        return self._table

    def _read_primary(self, start: int, end: int) -> None:
        data = self._boxes.read(start, end)
        self._table.primary = _Numbers(data[4:]).next(4 if data[0] else 2)

    def _read_entries(self, start: int, end: int) -> None:
        version = self._boxes.read(start, end)[0]
        for first, last in self._boxes.named(start + (8 if version else 6), end, b"infe"):
            data = self._boxes.read(first, last)
            if data[0] < _WITH_KIND:
                continue
            numbers = _Numbers(data[4:])
            number, _ = numbers.next(4 if data[0] > _WITH_KIND else 2), numbers.next(2)
            kind = numbers.next(4).to_bytes(4, "big")
            self._table.items[number] = Item(kind=kind, flags=data[3], flags_at=first + 3)

    def _read_places(self, start: int, end: int) -> None:
        data = self._boxes.read(start, end)
        version = data[0]
        sizes = (data[4] >> 4, data[4] & 15, data[5] >> 4, data[5] & 15 if version in {1, 2} else 0)
        numbers = _Numbers(data[6:])
        wide = 4 if version > 1 else 2
        for _ in range(numbers.next(wide)):
            item = self._table.items.get(numbers.next(wide))
            method = numbers.next(2) & 15 if version else 0
            numbers.next(2)
            for place in self._places(numbers, sizes, method):
                if item is not None:
                    item.extents.append(place)

    def _places(self, numbers: _Numbers, sizes: tuple[int, ...], method: int) -> Iterator[Span]:
        of_offset, of_length, of_base, of_index = sizes
        within = self._found.get(b"idat", (0, 0)) if method == _IN_INDEX else (0, 0)
        base, count = within[0] + numbers.next(of_base), numbers.next(2)
        self._extents += count
        if self._extents > _MAX_EXTENTS:
            raise ValueError(self._extents)
        for _ in range(count):
            numbers.next(of_index)
            start, length = base + numbers.next(of_offset), numbers.next(of_length)
            yield start, start + length

    def _read_properties(self, start: int, end: int) -> None:
        known: list[Property] = []
        for first, last in self._boxes.named(start, end, b"ipco"):
            for kind, begins, ends in self._boxes.boxes(first, last):
                known.append(Property(kind=kind, start=begins, end=ends))
        for first, last in self._boxes.named(start, end, b"ipma"):
            data = self._boxes.read(first, last)
            wide, long = 4 if data[0] else 2, 2 if data[3] & 1 else 1
            numbers = _Numbers(data[4:])
            for _ in range(numbers.next(4)):
                item = self._table.items.get(numbers.next(wide))
                for _ in range(numbers.next(1)):
                    place = numbers.next(long) & (0x7FFF if long > 1 else 0x7F)
                    if item is not None and 0 < place <= len(known):
                        item.properties.append(known[place - 1])

    def _read_references(self, start: int, end: int) -> None:
        wide = 4 if self._boxes.read(start, end)[0] else 2
        for kind, first, last in self._boxes.boxes(start + 4, end):
            numbers = _Numbers(self._boxes.read(first, last))
            source, count = numbers.next(wide), numbers.next(2)
            self._table.references.append((kind, source, tuple(numbers.next(wide) for _ in range(count))))
