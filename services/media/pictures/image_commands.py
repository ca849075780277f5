"""Command lines that resize pictures. Pure, built on `media.tools.command`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from media.tools.command import Command, MediaInput, compile_ffmpeg, read, write
from media.tools.limits import Limits
from profiles import PictureSettings

# EXIF's orientations: what brings each of them upright.
_TURNS: Final[Mapping[int, Sequence[tuple[str, str | None]]]] = {
    1: (),
    2: (("hflip", None),),
    3: (("hflip", None), ("vflip", None)),
    4: (("vflip", None),),
    5: (("transpose", "cclock_flip"),),
    6: (("transpose", "clock"),),
    7: (("transpose", "clock_flip"),),
    8: (("transpose", "cclock"),),
}
SIDEWAYS: Final = frozenset({5, 6, 7, 8})


def upright(source: MediaInput, orientation: int, limits: Limits) -> Any:
    """Open a picture and turn it upright."""
    opened = read(source, limits, noautorotate=None, threads="1")
    picture = opened["v:0"]
    for name, direction in _TURNS[orientation]:
        picture = picture.filter(name, direction) if direction else picture.filter(name)
    return picture


def resize(
    source: MediaInput,
    orientation: int,
    outputs: Sequence[tuple[Path, tuple[int, int]]],
    settings: PictureSettings,
    *,
    transparent: bool,
    cube: Path | None,
    limits: Limits,
) -> Command:
    """Decode a picture once and write it in every size and format, the largest size first.

    Args:
        source: The picture.
        orientation: EXIF's number.
        outputs: Files, `.webp` or `.jpg`, and their width and height.
        settings: Qualities.
        transparent: Whether the picture has an alpha channel; JPEG gets a white ground then.
        cube: Table that brings the colours to sRGB; None where they are.
        limits: Ceilings of the source.
    """
    picture = upright(source, orientation, limits)
    if transparent:
        picture = picture.filter("format", "rgba")
    # Everything smaller is made from the largest size, which a large photograph reaches only once.
    first = picture.filter("scale", *outputs[0][1], flags="lanczos+accurate_rnd")
    if cube is not None:
        first = first.filter("lut3d", file=str(cube))
    # The JPEG encoder would write the source's profile, which does not fit the colours any more.
    first = first.filter("sidedata", mode="delete", type="ICC_PROFILE")
    copies = first.filter_multi_output("split", len(outputs)) if len(outputs) > 1 else [first]
    written = [
        _jpeg(copies[position], path, size, settings, transparent=transparent)
        if path.suffix == ".jpg"
        else _webp(copies[position], path, size, settings, transparent=transparent)
        for position, (path, size) in enumerate(outputs)
    ]
    return compile_ffmpeg("resize", written, threads=1)


def _webp(
    picture: Any, path: Path, size: tuple[int, int], settings: PictureSettings, *, transparent: bool
) -> Any:
    scaled = picture.filter("scale", *size, flags="lanczos+accurate_rnd", out_range="tv").filter("setsar", 1)
    shown = scaled.filter("format", "yuva420p" if transparent else "yuv420p")
    return write([shown], path, **{"c:v": "libwebp", "quality": str(settings.webp_quality)}, **_ONE)


def _jpeg(
    picture: Any, path: Path, size: tuple[int, int], settings: PictureSettings, *, transparent: bool
) -> Any:
    scaled = picture.filter("scale", *size, flags="lanczos+accurate_rnd", out_range="pc").filter("setsar", 1)
    if transparent:
        halves = scaled.filter_multi_output("split", 2)
        white = halves[0].filter("lutrgb", r="maxval", g="maxval", b="maxval", a="maxval")
        scaled = white.overlay(halves[1], format="gbrp").filter("scale", out_range="pc")
    options = {"c:v": "mjpeg", "q:v": str(settings.jpeg_quality), "flags": "+bitexact"}
    return write([scaled.filter("format", "yuvj420p")], path, **options, **_ONE)


_ONE: Final = {"f": "image2", "update": "1", "frames:v": "1"}
