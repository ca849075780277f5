"""GIF and PNG with more than one frame are films; one frame alone stays a picture."""

import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.containers.sniff import sniff
from media.tools.errors import ErrorCode, InvalidInputError
from media.tools.limits import Limits

_GIF = b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
_LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
_DELAY = b"\x21\xf9\x04\0\x0a\0\0\0"
_FRAME = b"\x2c" + struct.pack("<HHHHB", 0, 0, 8, 8, 0) + b"\x02\x02\x44\x01\0"
_OWN_COLOURS = b"\x2c" + struct.pack("<HHHHB", 0, 0, 8, 8, 0x81) + b"\x2c" * 12 + b"\x02\x02\x44\x01\0"
_END = b"\x3b"


def _part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(*parts: bytes) -> bytes:
    header = _part(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    pixels = _part(b"IDAT", zlib.compress(bytes(72)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(parts) + pixels + _part(b"IEND", b"")


def _control(frames: int) -> bytes:
    return _part(b"acTL", struct.pack(">II", frames, 0))


def _name(directory: Path, data: bytes) -> str:
    path = directory / "a"
    path.write_bytes(data)
    return sniff(path, Limits()).name


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (_GIF + _FRAME * 2 + _END, "GIF"),
        (_GIF + _LOOP + (_DELAY + _FRAME) * 2 + _END + bytes(3), "GIF"),
        (_GIF + _OWN_COLOURS * 2 + _END, "GIF"),
        (_png(_control(2)), "PNG"),
        (_png(_part(b"tEXt", b"Author\0Somebody"), _control(9)), "PNG"),
    ],
)
def test_what_moves_is_a_film(tmp_path: Path, data: bytes, name: str) -> None:
    assert _name(tmp_path, data) == name


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (_GIF + _FRAME + _END, ErrorCode.INPUT_IS_PICTURE),
        (_GIF + _LOOP + _DELAY + _OWN_COLOURS + _END, ErrorCode.INPUT_IS_PICTURE),
        (_png(), ErrorCode.INPUT_IS_PICTURE),
        (_png(_control(1)), ErrorCode.INPUT_IS_PICTURE),
        (_GIF + _FRAME * 2, ErrorCode.INPUT_TRUNCATED),
        (_png(_control(2))[:-12], ErrorCode.INPUT_TRUNCATED),
        (b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\x02" + bytes(50), ErrorCode.CODEC_NOT_ALLOWED),
        (b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\x10" + bytes(50), ErrorCode.INPUT_IS_PICTURE),
    ],
    ids=["gif", "gif-loop", "png", "png-one", "cut-gif", "cut-png", "webp-animated", "webp"],
)
def test_what_stands_still_is_a_picture_and_what_is_cut_or_unknown_is_refused(
    tmp_path: Path, data: bytes, code: ErrorCode
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        _name(tmp_path, data)

    assert refused.value.code is code


@given(data=st.binary(max_size=100))
def test_no_bytes_behind_a_right_beginning_break_the_worker(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for begin in (_GIF, _GIF + _FRAME, _png()[:33], b"RIFF\x40\0\0\0WEBPVP8X"):
        with suppress(InvalidInputError):
            _name(tmp_path_factory.getbasetemp(), begin + data)


def test_a_gif_whose_second_frame_lies_behind_half_a_million_blocks_counts_as_a_picture(
    tmp_path: Path,
) -> None:
    comment = b"\x21\xfe" + b"\x01a" * 500_000 + b"\0"
    with pytest.raises(InvalidInputError) as refused:
        _name(tmp_path, _GIF + comment + _FRAME * 2 + _END)

    assert refused.value.code is ErrorCode.INPUT_IS_PICTURE
