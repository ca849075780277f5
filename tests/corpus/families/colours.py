"""Seven bars in every matrix, range, depth and way of labelling: the result must show the same bars."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from tests.corpus.member import Member, Right, Spot
from tests.media import ffmpeg
from tests.picture_sources import BARS, bars

_NEAR: Final = 28
_NEAR_WIDE: Final = 50
_SMALL: Final = ("280x160", "320x180", "720x576")
_HIGH: Final = ("1280x720", "1024x578")
"""Players take these for BT.709 where nothing is said, and smaller ones for BT.601."""
_MATRICES: Final[Mapping[str, str]] = {
    "bt601": "smpte170m",
    "bt709": "bt709",
    "smpte240m": "smpte240m",
    "fcc": "fcc",
    "bt2020": "bt2020nc",
}
"""The scaler's names, and those of the labels."""
_KEPT: Final = ("bt601", "bt709")
_CURVES: Final = ("bt709", "smpte170m", "iec61966-2-1", "gamma22", "gamma28")
_PRIMARIES: Final = ("bt709", "smpte170m", "bt470bg")
_WIDE: Final = (
    ("bt2020", "bt2020-10", "bt2020nc"),
    ("smpte432", "bt709", "bt709"),
    ("smpte432", "bt709", "smpte170m"),
)
_RGB: Final = (
    ("mkv", "libx264rgb", "rgb24"),
    ("mkv", "libx264rgb", "gbrp"),
    ("mkv", "ffv1", "bgr0"),
    ("mov", "qtrle", "rgb24"),
    ("mov", "png", "rgb24"),
    ("avi", "utvideo", "gbrp"),
    ("avi", "rawvideo", "bgr24"),
    ("avi", "huffyuv", "rgb24"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coder:
    """A codec in a container: its options, the pixels it takes, and whether it takes the full range."""

    suffix: str
    options: tuple[str, ...]
    pixels: tuple[str, ...]
    full: bool = True


_H264: Final = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "8")
_HEVC: Final = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")
_CODERS: Final = (
    *(_Coder(suffix=suffix, options=_H264, pixels=("yuv420p", "yuv444p")) for suffix in ("mp4", "mkv", "ts")),
    _Coder(suffix="mov", options=_H264, pixels=("yuv422p10le", "yuv420p")),
    _Coder(suffix="mp4", options=_HEVC, pixels=("yuv420p", "yuv420p10le")),
    _Coder(suffix="ts", options=("-c:v", "mpeg2video", "-q:v", "2"), pixels=("yuv420p",), full=False),
    _Coder(
        suffix="webm",
        options=("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
        pixels=("yuv420p", "yuv444p"),
    ),
    _Coder(suffix="mov", options=("-c:v", "prores_ks"), pixels=("yuv422p10le",), full=False),
)


def draw(random: Random) -> Member:
    """Bars as some camera, screen recorder or editing program writes them."""
    return random.choice((_labelled, _labelled, _unlabelled, _rgb, _wide, _reserved))(random)


def _right(near: int = _NEAR, said: tuple[str, ...] = ()) -> Right:
    spots = tuple(
        Spot(share=0.5, colour=colour, x=(at + 0.5) / len(BARS), y=0.5, near=near)
        for at, colour in enumerate(BARS)
    )
    return Right(spots=spots, said=said)


def _write(to: Path, coder: _Coder, size: str, chain: str, *labels: str) -> Path:
    path = to / f"a.{coder.suffix}"
    ffmpeg(*bars(size), "-vf", chain, *coder.options, *labels, str(path))
    return path


def _labels(matrix: str, primaries: str, curve: str, colour_range: str) -> tuple[str, ...]:
    named = ("-colorspace", matrix, "-color_primaries", primaries, "-color_trc", curve)
    return (*named, "-color_range", colour_range)


def _labelled(random: Random) -> Member:
    coder, size = random.choice(_CODERS), random.choice(_SMALL)
    pixels, matrix = random.choice(coder.pixels), random.choice(list(_MATRICES))
    colour_range = random.choice(("tv", "pc")) if coder.full else "tv"
    # What has to be converted changes its primaries and curve as well, so it begins with those of the bars.
    kept = matrix in _KEPT
    primaries, curve = (random.choice(_PRIMARIES), random.choice(_CURVES)) if kept else ("bt709", "bt709")
    chain = f"scale=out_color_matrix={matrix}:out_range={colour_range},format={pixels}"
    labels = _labels(_MATRICES[matrix], primaries, curve, colour_range)
    name = f"{coder.suffix} {coder.options[1]} {pixels} {size} {matrix} {colour_range} {primaries} {curve}"
    return Member(name=name, make=lambda to: _write(to, coder, size, chain, *labels), right=_right())


def _unlabelled(random: Random) -> Member:
    coder, size = random.choice(_CODERS), random.choice((*_SMALL, *_HIGH))
    matrix, pixels = "bt709" if size in _HIGH else "bt601", random.choice(coder.pixels)
    nothing = "setparams=color_primaries=unknown:color_trc=unknown:colorspace=unknown"
    chain = f"scale=out_color_matrix={matrix}:out_range=tv,format={pixels},{nothing}"
    name = f"{coder.suffix} {coder.options[1]} {pixels} {size} without labels"
    return Member(name=name, make=lambda to: _write(to, coder, size, chain), right=_right())


def _rgb(random: Random) -> Member:
    suffix, codec, pixels = random.choice(_RGB)
    size = random.choice(("280x160", "1280x720"))

    def make(to: Path) -> Path:
        path = to / f"a.{suffix}"
        exact = ("-qp", "0", "-preset", "ultrafast") if codec == "libx264rgb" else ()
        ffmpeg(*bars(size), "-c:v", codec, *exact, "-pix_fmt", pixels, str(path))
        return path

    return Member(name=f"{suffix} {codec} {pixels} {size}", make=make, right=_right())


def _wide(random: Random) -> Member:
    """Primaries of televisions and telephones; what was inside BT.709 must come back there."""
    primaries, curve, matrix = random.choice(_WIDE)
    coder = random.choice([coder for coder in _CODERS if coder.options[1] in {"libx264", "libx265"}])
    pixels = random.choice([name for name in coder.pixels if "444" not in name])
    chain = f"zscale=pin=bt709:tin=bt709:rin=full:p={primaries}:t={curve}:m={matrix}:r=tv,format={pixels}"
    labels = _labels(matrix, primaries, curve, "tv")
    name = f"{coder.suffix} {coder.options[1]} {pixels} {primaries} {curve} {matrix}"
    return Member(
        name=name, make=lambda to: _write(to, coder, "280x160", chain, *labels), right=_right(_NEAR_WIDE)
    )


def _reserved(random: Random) -> Member:
    """Numbers without a meaning: taken for what the size says, and that is said."""
    fields = random.sample(
        ("colour_primaries", "transfer_characteristics", "matrix_coefficients"), random.choice((1, 2, 3))
    )
    if "matrix_coefficients" not in fields:
        fields.append("matrix_coefficients")
    told = ":".join(f"{field}=3" for field in fields)
    suffix = random.choice(("mp4", "mkv", "ts"))
    coder = _Coder(suffix=suffix, options=_H264, pixels=("yuv420p",))
    chain = "scale=out_color_matrix=bt601:out_range=tv,format=yuv420p"
    return Member(
        name=f"{suffix} with {told}",
        make=lambda to: _write(to, coder, "280x160", chain, "-bsf:v", f"h264_metadata={told}"),
        right=_right(said=("COLOURS_ASSUMED",)),
    )
