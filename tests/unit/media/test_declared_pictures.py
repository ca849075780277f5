"""Headers of containers are read as far as they are whole, and whatever else they hold ends quietly."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.headers.declared_picture import Crop, DeclaredPicture
from media.headers.matroska_pictures import read_matroska_pictures
from media.headers.mp4_pictures import read_mp4_pictures


def _box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return (len(content) + 8).to_bytes(4, "big") + kind + content


def _mp4(colour: bytes) -> bytes:
    entry = _box(b"hvc1", bytes(78), colour)
    tables = _box(b"stbl", _box(b"stsd", bytes(8), entry))
    handler = _box(b"hdlr", bytes(8), b"vide", bytes(13))
    track = _box(b"trak", _box(b"mdia", handler, _box(b"minf", tables)))
    return _box(b"ftyp", b"isom") + _box(b"moov", track)


def _element(name: str, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return bytes.fromhex(name) + (len(content) | 0x4000).to_bytes(2, "big") + content


def _matroska(*of_video: bytes) -> bytes:
    entry = _element("AE", _element("83", b"\x01"), _element("E0", *of_video))
    other = _element("AE", _element("83", b"\x02"))
    tracks = _element("1654AE6B", other, entry)
    return _element("1A45DFA3", b"") + _element("18538067", _element("EC", bytes(5)), tracks)


_SIZE = (_element("B0", (720).to_bytes(2, "big")), _element("BA", (576).to_bytes(2, "big")))
_CROP = (_element("54BB", b"\x48"), _element("54AA", b"\x48"))
_COLOUR = _box(b"colr", b"nclx", bytes((0, 9, 0, 16, 0, 9, 0x80)))


def test_the_labels_of_an_mp4_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(_mp4(_COLOUR))

    assert read_mp4_pictures(path) == (DeclaredPicture(matrix=9, primaries=9, transfer=16, full_range=True),)


@pytest.mark.parametrize(
    ("shown", "shape"),
    [((), None), ((720, 576), None), ((16, 9), Fraction(16 * 432, 9 * 720)), ((0, 9), None)],
)
def test_a_crop_is_read_with_the_shape_that_belongs_to_it(
    tmp_path: Path, shown: tuple[int, ...], shape: Fraction | None
) -> None:
    path = tmp_path / "a"
    sizes = [
        _element(name, size.to_bytes(2, "big")) for name, size in zip(("54B0", "54BA"), shown, strict=False)
    ]
    path.write_bytes(_matroska(*_SIZE, *_CROP, *sizes))

    (found,) = read_matroska_pictures(path)

    assert (found.crop, found.pixel_aspect) == (Crop(top=72, bottom=72), shape)


def test_a_crop_that_leaves_nothing_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(_matroska(*_SIZE, _element("54CC", b"\xff\xff")))

    assert read_matroska_pictures(path)[0].crop is None


def test_an_element_that_ends_where_no_file_can_is_the_last(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\x1a\x45\xdf\xa3\x01" + b"\xff" * 6 + b"\xfe" + b"webm")

    assert list(read_matroska_pictures(path)) == []


@given(data=st.data())
def test_damaged_headers_end_the_reading_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = data.draw(st.sampled_from([_mp4(_COLOUR), _matroska(*_SIZE, *_CROP)]))
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for at in data.draw(st.lists(st.integers(0, max(len(damaged) - 1, 0)), max_size=8)):
        if damaged:
            damaged[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "a"
    path.write_bytes(bytes(damaged))

    assert len(read_mp4_pictures(path)) <= 1
    assert len(read_matroska_pictures(path)) <= 1
