"""What a HEIC or AVIF file will cost is read from its index, and a file that lies is refused."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from media.containers.heif_picture import HeifPicture, read_heif_picture
from media.tools.errors import ErrorCode, InvalidInputError
from tests.heif_sources import Item, alpha, box, full_box, grid, heif, numbers, profile, size

_ONE = Item(b"hvc1", b"picture", (size(64, 48),))
_TILE = Item(b"hvc1", b"tile", (size(32, 32),))


def _read(tmp_path: Path, data: bytes) -> HeifPicture:
    path = tmp_path / "a.heic"
    path.write_bytes(data)
    return read_heif_picture(path)


def _tiled(announced: tuple[int, int], content: bytes) -> bytes:
    items = [Item(b"grid", content, (size(*announced),)), _TILE, _TILE]
    return heif(items, [(b"dimg", 1, [2, 3])])


def test_one_coded_picture_costs_itself(tmp_path: Path) -> None:
    found = _read(tmp_path, heif([_ONE]))

    assert (found.name, found.sizes, found.extras) == ("HEIC", ((64, 48),), frozenset())


def test_tiles_and_transparency_are_counted(tmp_path: Path) -> None:
    items = [
        Item(b"grid", grid(1, 2, 60, 30), (size(60, 30),)),
        *(Item(b"av01", b"tile", (size(32, 32),)) for _ in range(2)),
        Item(b"av01", b"alpha", (size(60, 30), alpha())),
    ]
    found = _read(tmp_path, heif(items, [(b"dimg", 1, [2, 3]), (b"auxl", 4, [1])]))

    assert (found.name, found.sizes) == ("AVIF", ((60, 30), (32, 32), (32, 32), (60, 30)))


def test_a_thumbnail_and_a_map_of_depth_cost_nothing(tmp_path: Path) -> None:
    depth = full_box(b"auxC", b"urn:mpeg:hevc:2015:auxid:2\0")
    items = [_ONE, Item(b"hvc1", b"small", (size(8, 8),)), Item(b"hvc1", b"depth", (size(64, 48), depth))]
    found = _read(tmp_path, heif(items, [(b"thmb", 2, [1]), (b"auxl", 3, [1])]))

    assert found.sizes == ((64, 48),)


def test_the_larger_of_two_announced_sizes_counts(tmp_path: Path) -> None:
    assert _read(tmp_path, _tiled((60, 30), grid(1, 2, 9000, 8000))).sizes[0] == (9000, 8000)
    assert _read(tmp_path, _tiled((9000, 8000), grid(1, 2, 60, 30))).sizes[0] == (9000, 8000)


def test_all_pictures_but_the_primary_one_are_hidden(tmp_path: Path) -> None:
    data = bytearray(heif([_ONE, Item(b"hvc1", b"other", (size(9, 9),), hidden=True), _ONE], primary=2))
    found = _read(tmp_path, bytes(data))
    before = [data[place] & 1 for place, _ in found.flags]
    for place, flags in found.flags:
        data[place] = flags
    again = _read(tmp_path, bytes(data))

    assert found.sizes == again.sizes == ((9, 9),)
    assert before == [0, 0, 1]
    assert [data[place] & 1 for place, _ in again.flags] == [1, 1, 0]


def test_the_colours_are_told_by_the_picture_or_by_its_tiles(tmp_path: Path) -> None:
    one = Item(b"hvc1", b"x", (size(4, 4), profile(b"icc"), numbers(12, 13)))
    found = _read(tmp_path, heif([one, Item(b"Exif", b"where"), Item(b"mime", b"<rdf>")]))
    assert (found.profile, found.colours, found.extras) == (
        b"icc",
        (12, 13),
        frozenset({"icc", "exif", "xmp"}),
    )

    tiles = [
        Item(b"grid", grid(1, 1, 4, 4), (size(4, 4),)),
        Item(b"hvc1", b"t", (size(4, 4), numbers(9, 16))),
    ]
    assert _read(tmp_path, heif(tiles, [(b"dimg", 1, [2])])).colours == (9, 16)


def _without(kind: bytes) -> bytes:
    return heif([_ONE]).replace(kind, b"free")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (heif([_ONE])[:-1], ErrorCode.INPUT_TRUNCATED),
        (heif([_ONE])[:100], ErrorCode.INPUT_TRUNCATED),
        (box(b"ftyp", b"heic", bytes(4), b"mif1"), ErrorCode.INPUT_UNREADABLE),
        (box(b"ftyp", b"msf1", bytes(4), b"hevc") + box(b"moov"), ErrorCode.INPUT_UNREADABLE),
        (heif([_ONE]) + box(b"meta", bytes(4)), ErrorCode.INPUT_UNREADABLE),
        (heif([_ONE], primary=7), ErrorCode.INPUT_UNREADABLE),
        (heif([Item(b"hvc1", b"x")]), ErrorCode.INPUT_UNREADABLE),
        (heif([Item(b"hvc1", b"x", (size(0, 4),))]), ErrorCode.INPUT_UNREADABLE),
        (heif([Item(b"avc1", b"x", (size(4, 4),))]), ErrorCode.CODEC_NOT_ALLOWED),
        (heif([Item(b"iovl", b"x", (size(4, 4),)), _ONE], [(b"dimg", 1, [2])]), ErrorCode.CODEC_NOT_ALLOWED),
        (heif([Item(b"grid", b"x", (size(4, 4),))]), ErrorCode.CODEC_NOT_ALLOWED),
        (heif([Item(b"grid", b"x", (size(4, 4),))], [(b"dimg", 1, [1])]), ErrorCode.CODEC_NOT_ALLOWED),
        (heif([Item(b"iden", b"", (size(4, 4),))], [(b"dimg", 1, [1])]), ErrorCode.CODEC_NOT_ALLOWED),
        (heif([Item(b"grid", b"x", (size(4, 4),))], [(b"dimg", 1, [9])]), ErrorCode.INPUT_UNREADABLE),
        *((_without(kind), ErrorCode.INPUT_UNREADABLE) for kind in (b"pitm", b"iinf", b"iloc", b"iprp")),
    ],
    ids=lambda value: value.value if isinstance(value, ErrorCode) else "",
)
def test_what_is_no_whole_picture_in_a_known_form_is_refused(
    tmp_path: Path, data: bytes, code: ErrorCode
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        _read(tmp_path, data)

    assert refused.value.code is code


@pytest.mark.parametrize("start", [b"iloc", b"iinf", b"ipma", b"iref", b"pitm"])
def test_no_index_keeps_the_worker_busy_or_breaks_it(tmp_path: Path, start: bytes) -> None:
    whole = heif([_ONE, _TILE], [(b"auxl", 2, [1])])
    places: Sequence[int] = range(whole.index(start) + 4, whole.index(start) + 30)
    for place in places:
        for value in (0, 1, 0x44, 0xFF):
            try:
                _read(tmp_path, whole[:place] + bytes([value]) * 3 + whole[place + 3 :])
            except InvalidInputError as error:
                assert error.remedy  # noqa: PT017 - most of these files are refused, some are still right
