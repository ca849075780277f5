"""Channels of captions are told from the bytes in which every codec carries them."""

from pathlib import Path

import pytest

from media.package.captions import caption_channels

_MARK = b"\xb5\x00\x31GA94\x03"


def _message(*triplets: tuple[int, int, int], flags: int = 0x40) -> bytes:
    return _MARK + bytes((flags | len(triplets), 0xFF)) + b"".join(map(bytes, triplets)) + b"\xff"


@pytest.mark.parametrize(
    ("messages", "channels"),
    [
        ([_message((0xFC, 0x94, 0x20))], ("CC1",)),
        ([_message((0xFC, 0x1C, 0x20), (0xFD, 0x15, 0x20))], ("CC2", "CC3")),
        ([_message((0xFD, 0x1D, 0x20)), _message((0xFC, 0x14, 0x20))], ("CC1", "CC4")),
        ([_message((0xFC, 0x80, 0x80), (0xFD, 0x80, 0x80))], ()),  # padding
        ([_message((0xFD, 0x01, 0x03))], ()),  # other data of television
        ([_message((0xF8, 0x94, 0x20))], ()),  # not valid
        ([_message((0xFC, 0x94, 0x20), flags=0)], ()),  # said to hold none
        ([_message((0xFF, 0x02, 0x21))], ("SERVICE1",)),
        ([_message((0xFF, 0x02, 0x21), (0xFC, 0x94, 0x20))], ("CC1",)),
        ([_message((0xFA, 0x00, 0x00), (0xFC, 0x94, 0x20)).replace(b"\0\0", b"\0\0\3")], ("CC1",)),
        ([_message((0xFC, 0x94, 0x20))[:-3]], ()),  # the file ends inside
        ([b"no captions at all"], ()),
    ],
)
def test_channels_are_found_where_something_speaks_to_them(
    tmp_path: Path, messages: list[bytes], channels: tuple[str, ...]
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"before" + b"between".join(messages))

    assert caption_channels(path) == channels
