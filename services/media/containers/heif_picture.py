"""The one picture of a HEIF or AVIF file that is shown, and what it costs to decode it."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from media.containers.heif_items import Item, ItemTable, cut_short, damaged, read_items
from media.tools.errors import ErrorCode, InvalidInputError

_CODED: Final = {b"hvc1": "HEIC", b"av01": "AVIF"}
"""Kinds of items that are coded pictures, and what people call a file of them."""
_GRID: Final = b"grid"
_SAME: Final = b"iden"
_ALPHA: Final = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_MAX_PROFILE_BYTES: Final = 4 * 1024 * 1024
_MAX_PROPERTY_BYTES: Final = 1024
_GRID_BYTES: Final = 12

Size = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeifPicture:
    """What is known of a picture before it is decoded.

    Attributes:
        name: `HEIC` or `AVIF`.
        sizes: Width and height of everything that is decoded for it, the picture itself first.
        profile: Its ICC profile; empty where there is none.
        colours: Numbers of its primaries and of its transfer (ITU-T H.273); None where it does not tell.
        extras: What the file carries beside the picture: `exif`, `xmp`, `icc`.
        flags: What the flags of all items have to be so that this picture is the only one, by their places.
    """

    name: str
    sizes: tuple[Size, ...]
    profile: bytes
    colours: tuple[int, int] | None
    extras: frozenset[str]
    flags: tuple[tuple[int, int], ...]


def read_heif_picture(path: Path) -> HeifPicture:
    """Find the picture of a file and all that it is made of; nothing is decoded.

    Raises:
        InvalidInputError: It is cut short, damaged, or in a form that is not accepted.
    """
    table = read_items(path)
    with path.open("rb") as file:
        return _Look(file, path.stat().st_size, table).picture()


class _Look:
    """A look into one file.

    Args:
        file: The file.
        file_bytes: Its size.
        table: Its items.
    """

    def __init__(self, file: BinaryIO, file_bytes: int, table: ItemTable) -> None:
        self._file = file
        self._file_bytes = file_bytes
        self._table = table

    def picture(self) -> HeifPicture:
        parts = self._parts(self._table.primary)
        for beside in self._table.referring(b"auxl", self._table.primary):
            if self._is_alpha(self._item(beside)):
                parts += self._parts(beside)
        if any(end > self._file_bytes for part in parts for _, end in part.extents):
            raise cut_short()
        profile, colours = self._labels(parts)
        return HeifPicture(
            name=next(_CODED[part.kind] for part in parts if part.kind in _CODED),
            sizes=tuple(self._size(part) for part in parts),
            profile=profile,
            colours=colours,
            extras=self._extras() | ({"icc"} if profile else set()),
            flags=tuple(self._flags()),
        )

    def _item(self, number: int) -> Item:
        item = self._table.items.get(number)
        if item is None:
            raise damaged()
        return item

    def _parts(self, number: int) -> list[Item]:
        """A picture and what it is made of: a picture of its own under another turn, or tiles."""
        item, of = self._item(number), self._table.referred(b"dimg", number)
        if item.kind == _SAME and len(of) == 1 and self._item(of[0]).kind != _SAME:
            return [item, *self._parts(of[0])]
        parts = [item, *(self._item(part) for part in of)] if item.kind == _GRID and of else [item]
        for part in parts[1:] or parts:
            if part.kind not in _CODED:
                raise _form_refused(part.kind)
        return parts

    def _is_alpha(self, item: Item) -> bool:
        found = item.first(b"auxC")
        return found is not None and self._read(found.start + 4, found.end).startswith(_ALPHA)

    def _labels(self, parts: list[Item]) -> tuple[bytes, tuple[int, int] | None]:
        """The first ICC profile and the first numbers of colours among the parts of a picture."""
        profile, colours = b"", None
        for label in (found for part in parts for found in part.properties if found.kind == b"colr"):
            data = self._read(label.start, label.end, _MAX_PROFILE_BYTES)
            if data[:4] in {b"prof", b"rICC"}:
                profile = profile or data[4:]
            elif data[:4] == b"nclx" and len(data) >= 8:
                colours = colours or (int.from_bytes(data[4:6], "big"), int.from_bytes(data[6:8], "big"))
            if profile and colours:
                break
        return profile, colours

    def _size(self, item: Item) -> Size:
        """The larger of the sizes that the index and, for tiles, the content announce."""
        found = item.first(b"ispe")
        data = self._read(found.start, found.end) if found else b""
        size = int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:12], "big")
        if item.kind == _GRID and item.extents:
            start, end = item.extents[0]
            grid = self._read(start, min(end, start + _GRID_BYTES))
            wide = 4 if len(grid) > 1 and grid[1] & 1 else 2
            own = (
                int.from_bytes(grid[4 : 4 + wide], "big"),
                int.from_bytes(grid[4 + wide : 4 + 2 * wide], "big"),
            )
            size = max(size, own, key=lambda known: known[0] * known[1])
        if not size[0] or not size[1]:
            raise damaged()
        return size

    def _extras(self) -> frozenset[str]:
        kinds = {item.kind for item in self._table.items.values()}
        return frozenset(({"exif"} if b"Exif" in kinds else set()) | ({"xmp"} if b"mime" in kinds else set()))

    def _flags(self) -> list[tuple[int, int]]:
        own = self._item(self._table.primary)
        hidden = [(item.flags_at, item.flags | 1) for item in self._table.items.values() if item is not own]
        return [*hidden, (own.flags_at, own.flags & ~1)]

    def _read(self, start: int, end: int, most: int = _MAX_PROPERTY_BYTES) -> bytes:
        self._file.seek(start)
        return self._file.read(max(0, min(end - start, most)))


def _form_refused(kind: bytes) -> InvalidInputError:
    name = kind.decode("ascii", "replace")
    return InvalidInputError(
        ErrorCode.CODEC_NOT_ALLOWED,
        f"A picture whose parts are in the form {name!r} is not accepted.",
        "Export it as JPEG or PNG, or as HEIC or AVIF without layers, and upload the new file.",
    )
