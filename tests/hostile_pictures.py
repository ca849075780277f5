"""Pictures that mean harm, each with the only answer that it may get."""

import os
import struct
import zlib
from pathlib import Path

from media.tools.errors import ErrorCode
from tests import heif_sources as heif
from tests import media
from tests.hostile_case import Case, Maker, raw, write
from tests.hostile_trap import Trap

_TOO_LARGE = (ErrorCode.LIMIT_EXCEEDED, "image")


def _gif(side: int) -> Maker:
    """Two thousand large frames that are all the same: a few kilobytes, more than 100 GB of pixels."""
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x02\x02\x44\x01\x00"
    return raw("bomb.gif", head + frame * 2000 + b"\x3b")


def _cut_gif(directory: Path, trap: Trap) -> Path:
    return media.cut(_gif(100)(directory, trap), 0.5)


def _moving_png(side: int) -> Maker:
    """One frame of many pixels that says it moves."""

    def make(directory: Path, trap: Trap) -> Path:
        path = _png(side, side)(directory, trap)
        frame = struct.pack(">IIIIIHHBB", 0, side, side, 0, 0, 1, 10, 0, 0)
        control = _png_part(b"acTL", struct.pack(">II", 2000, 0)) + _png_part(b"fcTL", frame)
        data = path.read_bytes()
        path.write_bytes(data[:33] + control + data[33:])
        return path

    return make


def _heif(*items: heif.Item, references: heif.References = ()) -> Maker:
    return raw("a.heic", heif.heif(items, references))


def _tile(width: int, height: int) -> heif.Item:
    return heif.picture(b"hvc1", "color=gray:size=64x64", width, height)


def _many_tiles(count: int, side: tuple[int, int]) -> Maker:
    """A picture that takes the same tile thousands of times; nothing has to be repeated in the file."""

    def make(directory: Path, trap: Trap) -> Path:
        whole = heif.Item(b"grid", heif.grid(100, count // 100, 64, 64), (heif.size(64, 64),))
        return _heif(whole, _tile(*side), references=[(b"dimg", 1, [2] * count)])(directory, trap)

    return make


def _lying_tiles(directory: Path, trap: Trap) -> Path:
    """64 x 64 pixels, as the index says, and 32,000 x 32,000, as the tiles are joined."""
    whole = heif.Item(b"grid", heif.grid(1, 1, 32_000, 32_000), (heif.size(64, 64),))
    return _heif(whole, _tile(64, 64), references=[(b"dimg", 1, [2])])(directory, trap)


def _layers(directory: Path, trap: Trap) -> Path:
    """Layers of layers: each level doubles what is decoded."""
    layers = [heif.Item(b"iovl", bytes(30), (heif.size(64, 64),)) for _ in range(30)]
    references = [(b"dimg", place, [place + 1] * 2) for place in range(1, 31)]
    return _heif(*layers, _tile(64, 64), references=references)(directory, trap)


def _tiles_of_itself(directory: Path, trap: Trap) -> Path:
    whole = heif.Item(b"grid", heif.grid(1, 1, 64, 64), (heif.size(64, 64),))
    return _heif(whole, references=[(b"dimg", 1, [1])])(directory, trap)


def _cut_heic(directory: Path, trap: Trap) -> Path:
    return media.cut(_heif(_tile(64, 64))(directory, trap), 0.9)


def _noise_in(kind: bytes) -> Maker:
    """A right index, and behind it nothing that a decoder knows."""

    def make(directory: Path, trap: Trap) -> Path:
        configuration, _ = heif.coded(kind, "color=gray:size=64x64")
        item = heif.Item(kind, os.urandom(400_000), (configuration, heif.size(64, 64)))
        return _heif(item)(directory, trap)

    return make


def _png_part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int) -> Maker:
    """A grey picture of any size: a thousandth of its pixels as a file."""

    def make(directory: Path, _: Trap) -> Path:
        header = _png_part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        packer = zlib.compressobj(9)
        rows = [packer.compress(b"\0" * (width + 1)) for _ in range(height)]
        pixels = _png_part(b"IDAT", b"".join(rows) + packer.flush())
        return write(directory / "bomb.png", b"\x89PNG\r\n\x1a\n" + header + pixels + _png_part(b"IEND", b""))

    return make


PICTURES = (
    Case("gif-8000", _gif(8000), ErrorCode.LIMIT_EXCEEDED),
    Case("gif-cut-off", _cut_gif, ErrorCode.INPUT_TRUNCATED),
    Case("apng-8000", _moving_png(8000), ErrorCode.LIMIT_EXCEEDED),
    Case("image-png-16000", _png(16_000, 16_000), ErrorCode.LIMIT_EXCEEDED, "image"),
    Case("image-gif-20000", _gif(20_000), ErrorCode.LIMIT_EXCEEDED, "image"),
    Case("image-heic-60000", _heif(heif.Item(b"hvc1", b"x", (heif.size(60_000, 60_000),))), *_TOO_LARGE),
    Case("image-heic-tiles", _many_tiles(10_000, (2048, 2048)), *_TOO_LARGE),
    Case("image-heic-lying-tiles", _lying_tiles, *_TOO_LARGE),
    Case("image-heic-layers", _layers, ErrorCode.CODEC_NOT_ALLOWED, "image"),
    Case("image-heic-in-itself", _tiles_of_itself, ErrorCode.CODEC_NOT_ALLOWED, "image"),
    Case("image-heic-cut-off", _cut_heic, ErrorCode.INPUT_TRUNCATED, "image"),
    Case("image-heic-noise", _noise_in(b"hvc1"), ErrorCode.INPUT_UNREADABLE, "image"),
    Case("image-avif-noise", _noise_in(b"av01"), ErrorCode.INPUT_UNREADABLE, "image"),
)
"""Of every kind that is accepted: stills for the image profile, and those that move."""
