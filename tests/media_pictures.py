"""Makes picture files for tests: every orientation and format, and bad ones."""

import struct
import zlib
from pathlib import Path

from tests.media import ffmpeg

_QUARTERS = (
    "color=red:size=120x80,drawbox=x=60:y=0:w=60:h=40:color=lime:t=fill,"
    "drawbox=x=0:y=40:w=60:h=40:color=blue:t=fill"
)
"""Red above left, green above right, blue below left, red below right; wider than high."""

# What a camera's sensor saw when the upright picture is the one above, by EXIF orientation.
_STORED = {
    1: "null",
    2: "hflip",
    3: "hflip,vflip",
    4: "vflip",
    5: "transpose=cclock_flip",
    6: "transpose=cclock",
    7: "transpose=clock_flip",
    8: "transpose=clock",
}


def make_photograph(directory: Path, orientation: int, *, size: str = "120x80") -> Path:
    """A JPEG whose EXIF block says how to turn it, and where it was taken."""
    path = directory / f"photograph-{orientation}.jpg"
    ffmpeg(
        *("-f", "lavfi", "-i", _QUARTERS, "-vf", f"scale={size}:flags=neighbor,{_STORED[orientation]}"),
        *("-frames:v", "1", "-q:v", "2", "-pix_fmt", "yuvj444p", str(path)),
    )
    data = path.read_bytes()
    path.write_bytes(data[:2] + _exif_segment(orientation) + data[2:])
    return path


def make_transparent(directory: Path) -> Path:
    """A PNG of 200x100: its left half is red, its right half nothing; with a text about its maker."""
    path = directory / "transparent.png"
    ffmpeg(
        *(
            "-f",
            "lavfi",
            "-i",
            "color=red:size=200x100,format=rgba,geq=r=255:g=0:b=0:a='if(lt(X,100),255,0)'",
        ),
        *("-frames:v", "1", str(path)),
    )
    data = path.read_bytes()
    path.write_bytes(data[:33] + _png_chunk(b"tEXt", b"Author\0Somebody") + data[33:])
    return path


def make_picture(directory: Path, name: str, *, size: str = "640x360") -> Path:
    """A test picture in the format of its name's suffix."""
    path = directory / name
    ffmpeg("-f", "lavfi", "-i", f"rgbtestsrc=size={size}:rate=5:duration=1", "-frames:v", "1", str(path))
    return path


def make_animation(directory: Path, name: str) -> Path:
    """Five frames as animated GIF or WebP."""
    path = directory / name
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=5:duration=1", "-loop", "0", str(path))
    return path


def make_picture_bomb(directory: Path) -> Path:
    """A PNG that claims 30000x30000 pixels in a few hundred bytes."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 6, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    path = directory / "bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _png_chunk(b"IHDR", header)
        + _png_chunk(b"IDAT", body)
        + _png_chunk(b"IEND", b"")
    )
    return path


def _exif_segment(orientation: int) -> bytes:
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
