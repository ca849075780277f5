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


def display_p3(curve: bytes | None = None) -> bytes:
    """An ICC profile with the primaries of Display P3, and with the curve of sRGB unless another is given."""
    numbers = (2.4, 0.947867, 0.052133, 0.077399, 0.04045)
    srgb = b"para" + struct.pack(">IHH5i", 0, 3, 0, *(_fixed(number) for number in numbers))
    columns = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
    tags = [
        (name + b"XYZ", b"XYZ " + struct.pack(">I3i", 0, *(_fixed(value) for value in column)))
        for name, column in zip((b"r", b"g", b"b"), columns, strict=True)
    ]
    tags += [(name + b"TRC", curve or srgb) for name in (b"r", b"g", b"b")]
    directory, body, start = b"", b"", 132 + 12 * len(tags)
    for name, data in tags:
        directory += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"none", 0x04000000, b"mntr", b"RGB ", b"XYZ ")
    white = struct.pack(">3i", *(_fixed(value) for value in (0.9642, 1.0, 0.8249)))
    head = (head.ljust(36, b"\0") + b"acsp").ljust(68, b"\0") + white
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + directory + body


def _fixed(value: float) -> int:
    return round(value * 65536)


def make_wide(directory: Path, name: str) -> Path:
    """A JPEG or PNG of one colour, 200 100 50 in Display P3; the JPEG's profile lies in two segments."""
    path = directory / name
    colour = "color=0xc86432:size=64x64,format=rgb24"
    ffmpeg("-f", "lavfi", "-i", colour, "-frames:v", "1", "-q:v", "1", str(path))
    data, profile = path.read_bytes(), display_p3()
    if path.suffix == ".png":
        path.write_bytes(data[:33] + _png_chunk(b"iCCP", b"P3\0\0" + zlib.compress(profile)) + data[33:])
        return path
    halves = [b"ICC_PROFILE\0\2\2" + profile[200:], b"ICC_PROFILE\0\1\2" + profile[:200]]
    segments = b"".join(b"\xff\xe2" + struct.pack(">H", len(half) + 2) + half for half in halves)
    path.write_bytes(data[:2] + segments + data[2:])
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
