"""Shapes: pixels that are not square, turns and mirrors, crops, fields, and sizes down to a ribbon."""

import struct
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Final

from media.tools.errors import ErrorCode
from tests.corpus.film import H264, Film, flag
from tests.corpus.member import BLUE, FLAG, RED, WHITE, Member, Right, Spot
from tests.media import ffmpeg
from tests.times_sources import patched, put

_RATIOS: Final = ("1/2", "8/9", "10/11", "16/15", "4/3", "16/11", "64/45", "2/1")
_SIDES: Final = (2, 3, 4, 8, 15, 16, 17, 18, 31, 32, 34, 48, 90, 161)
_RIBBONS: Final = ("1920x16", "16x1080", "1280x2", "2x640", "640x18", "1921x33")
_TURNS: Final = {
    90: ((0, 1, -1, 0), (0.75, 0.25)),
    180: ((-1, 0, 0, -1), (0.75, 0.75)),
    270: ((0, -1, 1, 0), (0.25, 0.75)),
}
"""Clockwise, the matrix of ISO/IEC 14496-12 and where it brings the white quarter."""
_LOOKED_AT: Final = 16
"""Shortest side in pixels of which colours are looked at."""
_ONE: Final = 65536
_MATRIX_AT: Final = 40


def draw(random: Random) -> Member:
    """A film of some shape."""
    return random.choice(
        (_size, _ribbon, _too_small, _pixels, _turned, _mirrored, _slanted, _cropped, _fields)
    )(random)


def _even(side: float) -> int:
    return max(2, int(side) // 2 * 2)


def _of_size(width: int, height: int) -> Member:
    """FFV1 takes any size."""
    film = Film(
        size=f"{width}x{height}",
        hertz=0,
        seconds=1,
        video=("-c:v", "ffv1", "-pix_fmt", "yuv444p"),
    )
    spots = FLAG if min(width, height) >= _LOOKED_AT else ()
    right = Right(size=(_even(width), _even(height)), seconds=1.0, spots=spots, tracks=0)
    return Member(name=f"{width}x{height}", make=lambda to: film.write(to / "a.mkv"), right=right)


def _size(random: Random) -> Member:
    return _of_size(random.choice(_SIDES), random.choice(_SIDES))


def _ribbon(random: Random) -> Member:
    width, height = (int(side) for side in random.choice(_RIBBONS).split("x"))
    return _of_size(width, height)


def _too_small(random: Random) -> Member:
    """Below what the encoder takes: refused by its own rule."""
    profile, side = random.choice((("web-hevc", 14), ("web-av1", 62), ("h264-to-hevc", 14)))
    width, height = side, random.choice((14, 40, 120))
    film = Film(size=f"{width}x{height}", hertz=0, seconds=1, video=("-c:v", "ffv1", "-pix_fmt", "yuv420p"))
    return Member(
        name=f"{width}x{height} for {profile}",
        make=lambda to: film.write(to / "a.mkv"),
        right=Right(refused=(ErrorCode.PICTURE_TOO_SMALL,), words="too small"),
        profile=profile,
    )


def _pixels(random: Random) -> Member:
    ratio, (width, height) = (
        Fraction(random.choice(_RATIOS)),
        random.choice(((240, 180), (176, 144), (320, 180))),
    )
    suffix = random.choice(("mp4", "mkv", "ts", "mpg"))
    codec = ("-c:v", "mpeg2video", "-q:v", "3") if suffix == "mpg" else H264
    # MPEG-2 tells the shape of the whole picture, of which there are three.
    if suffix == "mpg":
        ratio = Fraction(4, 3) * height / width
    wide = Fraction(width) * max(ratio, Fraction(1)), Fraction(height) / min(ratio, Fraction(1))
    film = Film(size=f"{width}x{height}", hertz=0, seconds=1, video=(*codec, "-vf", f"setsar={ratio}"))
    right = Right(size=(_near(wide[0]), _near(wide[1])), seconds=1.0, spots=FLAG)
    return Member(
        name=f"{suffix} {width}x{height}, pixels {ratio}",
        make=lambda to: film.write(to / f"a.{suffix}"),
        right=right,
    )


def _near(side: Fraction) -> int:
    """The nearest even number that is not above the side."""
    whole = round(float(side))
    nearest = 2 * round(whole / 2)
    return nearest - 2 if nearest > whole else nearest


def _copied(to: Path, suffix: str, *options: str) -> Path:
    plain, path = Film(hertz=0, seconds=1).write(to / "plain.mp4"), to / f"a.{suffix}"
    ffmpeg("-i", str(plain), "-c", "copy", *options, str(path))
    return path


def _turned(random: Random) -> Member:
    degrees, suffix = random.choice(list(_TURNS)), random.choice(("mp4", "mov"))
    (a, b, c, d), (x, y) = _TURNS[degrees]
    value = struct.pack(">5i", a * _ONE, b * _ONE, 0, c * _ONE, d * _ONE)
    spots = (Spot(share=0.2, colour=WHITE, x=x, y=y), Spot(share=0.2, colour=RED, x=1 - x, y=1 - y))
    size = (320, 180) if degrees == 180 else (180, 320)
    return Member(
        name=f"{suffix} turned by {degrees}",
        make=lambda to: patched(_copied(to, suffix), lambda data: put(data, b"tkhd", value, skip=_MATRIX_AT)),
        right=Right(size=size, seconds=1.0, spots=spots),
    )


def _slanted(random: Random) -> Member:
    """No quarter turn: shown as it lies."""
    degrees = random.choice((1, 5, 10, 44, 45, 46, 80, 100, 130, 225, 350))
    edges = (Spot(share=0.2, colour=RED, x=0.03, y=0.97), Spot(share=0.2, colour=RED, x=0.97, y=0.03))
    return Member(
        name=f"mp4 turned by {degrees}",
        make=lambda to: _copied(to, "mp4", "-metadata:s:v:0", f"rotate={degrees}"),
        right=Right(size=(320, 180), seconds=1.0, spots=(*FLAG, *edges)),
    )


def _mirrored(random: Random) -> Member:
    """A display matrix that mirrors, as front cameras write it, alone or with a turn."""
    name, (a, b, c, d), (x, y), size = random.choice(
        (
            ("left to right", (-1, 0, 0, 1), (0.75, 0.25), (320, 180)),
            ("upside down", (1, 0, 0, -1), (0.25, 0.75), (320, 180)),
            ("along the diagonal", (0, 1, 1, 0), (0.25, 0.25), (180, 320)),
            ("along the other diagonal", (0, -1, -1, 0), (0.75, 0.75), (180, 320)),
        )
    )
    value = struct.pack(">5i", a * _ONE, b * _ONE, 0, c * _ONE, d * _ONE)
    spots = (Spot(share=0.2, colour=WHITE, x=x, y=y), Spot(share=0.2, colour=RED, x=1 - x, y=1 - y))
    return Member(
        name=f"mp4 mirrored {name}",
        make=lambda to: patched(_copied(to, "mp4"), lambda data: put(data, b"tkhd", value, skip=_MATRIX_AT)),
        right=Right(size=size, seconds=1.0, spots=spots),
    )


def _cropped(random: Random) -> Member:
    """Green edges that the bitstream cuts off; the whole consists of blocks of 16, so nothing else is cut."""
    left, right, top, bottom = (2 * random.randrange(0, 12) for _ in range(4))
    suffix = random.choice(("mp4", "mkv", "ts", "h264"))
    width, height = 320 - left - right, 192 - top - bottom
    pad = f"scale={width}:{height},pad=320:192:{left}:{top}:lime"
    crop = f"h264_metadata=crop_left={left}:crop_right={right}:crop_top={top}:crop_bottom={bottom}"

    def make(to: Path) -> Path:
        plain, path = to / "plain.mp4", to / f"a.{suffix}"
        ffmpeg(*flag(f"{width}x{height}", "25", 1), "-vf", pad, *H264, str(plain))
        bare = ("-c", "copy", "-bsf:v", f"h264_mp4toannexb,{crop}", "-f", "h264")
        ffmpeg("-i", str(plain), *bare, str(to / "b.h264"))
        ffmpeg("-r", "25", "-i", str(to / "b.h264"), "-c", "copy", str(path))
        return path

    edges = tuple(
        Spot(share=0.85, colour=BLUE, x=x, y=y) for x, y in ((0.99, 0.99), (0.99, 0.6), (0.01, 0.99))
    )
    white = Spot(share=0.2, colour=WHITE, x=0.01, y=0.01)
    return Member(
        name=f"{suffix} cut by {left} {right} {top} {bottom}",
        make=make,
        right=Right(size=(width, height), seconds=1.0, spots=(white, *edges)),
    )


def _fields(random: Random) -> Member:
    first, kind = random.choice(("tff", "bff")), random.choice(("mpeg2", "h264", "prores", "single"))
    mode = "interleave_top" if first == "tff" else "interleave_bottom"
    top = "1" if first == "tff" else "0"
    coders = {
        "mpeg2": ("mpg", "-c:v", "mpeg2video", "-q:v", "3", "-flags", "+ildct+ilme", "-top", top),
        "h264": ("ts", *H264, "-x264opts", "bff=1" if first == "bff" else "tff=1"),
        "prores": ("mov", "-c:v", "prores_ks", "-flags", "+ildct", "-top", top),
        "single": ("ts", "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
    }
    suffix, *options = coders[kind]
    chain = f"format=yuv420p,tinterlace={mode},setfield={first}"
    if kind == "single":
        chain += ",separatefields"
        options += ["-x265-params", f"interlace={first}:log-level=error"]

    def make(to: Path) -> Path:
        ffmpeg(*flag("320x192", "50", 2), "-vf", chain, *options, str(to / f"a.{suffix}"))
        return to / f"a.{suffix}"

    right = Right(size=(320, 192), seconds=2.0, rate=25.0, spots=FLAG)
    return Member(name=f"{kind} in fields, {first}", make=make, right=right)
