"""What the colours of a picture are, from what the bitstream and the container tell, and what is assumed.

Names are ffmpeg's. What does not tell is taken as good players take it: by the size of the picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from media.headers.declared_picture import DeclaredPicture
from media.tools.warnings import SourceWarning, WarningCode

HDR_TRANSFERS: Final = frozenset({"smpte2084", "arib-std-b67"})
_MATRICES: Final = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
    12: "chroma-derived-nc",
    13: "chroma-derived-c",
    14: "ictcp",
}
_PRIMARIES: Final = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "ebu3213",
}
_TRANSFERS: Final = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    9: "log100",
    10: "log316",
    11: "iec61966-2-4",
    12: "bt1361e",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    18: "arib-std-b67",
}
"""Numbers of ITU-T H.273 with the names that the conversion knows; all others count as unknown."""
_LIKE_BT709: Final = frozenset(
    {"smpte170m", "smpte240m", "iec61966-2-4", "bt1361e", "bt2020-10", "bt2020-12"}
)
"""Curves that are that of BT.709 within less than a step of 8 bits."""
_KEPT_MATRICES: Final = frozenset({"bt709", "smpte170m", "bt470bg"})
_KEPT_PRIMARIES: Final = frozenset({"bt709", "smpte170m", "bt470bg"})
_KEPT_TRANSFERS: Final = frozenset({"bt709", "iec61966-2-1", "bt470m", "bt470bg"})
_RGB: Final = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb", "x2bgr")
_HD_WIDTH: Final = 1280
_SD_HEIGHT: Final = 576
_NTSC_HEIGHTS: Final = frozenset({480, 486})
_SILENT: Final = frozenset({"", "unknown", "unspecified"})


class Told(Protocol):
    """What ffprobe tells of a stream, by its own names."""

    @property
    def width(self) -> int:
        """Columns."""

    @property
    def height(self) -> int:
        """Rows."""

    @property
    def pix_fmt(self) -> str:
        """Form of the pixels."""

    @property
    def color_space(self) -> str:
        """Matrix."""

    @property
    def color_primaries(self) -> str:
        """Primaries."""

    @property
    def color_transfer(self) -> str:
        """Curve."""

    @property
    def color_range(self) -> str:
        """Range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """How numbers become colours.

    Attributes:
        matrix: How brightness and colour were mixed.
        primaries: What red, green and blue are.
        transfer: The curve of brightness.
        full_range: Whether black is 0; else it is 16.
    """

    matrix: str
    primaries: str
    transfer: str
    full_range: bool = False

    @property
    def high_dynamic_range(self) -> bool:
        """Whether the picture is brighter than a standard one can be."""
        return self.transfer in HDR_TRANSFERS

    @property
    def convertible(self) -> bool:
        """Whether it is a standard picture that has to be converted, for players would show it wrongly."""
        kept = self.matrix in _KEPT_MATRICES and self.primaries in _KEPT_PRIMARIES
        return not self.high_dynamic_range and not (kept and self.transfer in _KEPT_TRANSFERS)

    @property
    def result(self) -> "Colours":
        """What the renditions are, and are labelled with."""
        if self.high_dynamic_range or self.convertible:
            return BT709
        return replace(self, full_range=False)


BT709: Final = Colours(matrix="bt709", primaries="bt709", transfer="bt709")


def read_colours(stream: Told, declared: DeclaredPicture | None) -> tuple[Colours, tuple[SourceWarning, ...]]:
    """Tell what the colours of a video are, and what had to be assumed against a label.

    Args:
        stream: What ffprobe tells; where it tells something, that is what decoders obey.
        declared: What the container tells.
    """
    told = declared or DeclaredPicture()
    rgb = is_rgb(stream.pix_fmt)
    matrix = _name(stream.color_space, told.matrix, _MATRICES).replace("gbr", "")
    primaries = _name(stream.color_primaries, told.primaries, _PRIMARIES)
    transfer = _name(stream.color_transfer, told.transfer, _TRANSFERS)
    full = stream.color_range == "pc" or (stream.color_range in _SILENT and bool(told.full_range))
    colours = _completed("gbr" if rgb else matrix, primaries, transfer, stream)
    odd = _without_meaning(stream)
    incomplete = colours.high_dynamic_range and not (primaries and (matrix or rgb))
    warnings = (_assumed(colours, odd),) if odd or incomplete else ()
    return replace(colours, full_range=full or rgb), warnings


def is_rgb(pixel_format: str) -> bool:
    """Whether pixels are red, green and blue, not brightness and two colours."""
    return pixel_format.startswith(_RGB)


def _completed(matrix: str, primaries: str, transfer: str, stream: Told) -> Colours:
    wide = transfer in HDR_TRANSFERS or primaries == "bt2020" or matrix in {"bt2020nc", "bt2020c", "ictcp"}
    if wide:
        matrix, primaries = matrix or "bt2020nc", primaries or "bt2020"
    large = stream.width >= _HD_WIDTH or stream.height > _SD_HEIGHT
    matrix = matrix or ("bt709" if large or primaries == "bt709" else "smpte170m")
    if not primaries:
        analogue = {_SD_HEIGHT: "bt470bg", **dict.fromkeys(_NTSC_HEIGHTS, "smpte170m")}
        of_size = "bt709" if large or matrix in {"bt709", "gbr"} else analogue.get(stream.height, "bt709")
        primaries = of_size
    transfer = "bt709" if not transfer or transfer in _LIKE_BT709 else transfer
    primaries = "smpte170m" if primaries == "smpte240m" else primaries  # the same three colours
    return Colours(matrix=matrix, primaries=primaries, transfer=transfer)


def _name(label: str, declared: int | None, names: Mapping[int, str]) -> str:
    """The bitstream's label where it has a meaning, else the container's; empty for neither."""
    if label in names.values():
        return label
    return "" if declared is None else names.get(declared, "")


def _without_meaning(stream: Told) -> list[str]:
    """Labels that are there and that nothing can be made of."""
    labels = (
        (stream.color_space, _MATRICES),
        (stream.color_primaries, _PRIMARIES),
        (stream.color_transfer, _TRANSFERS),
    )
    return sorted({label for label, names in labels if label not in {*_SILENT, *names.values()}})


def _assumed(colours: Colours, odd: list[str]) -> SourceWarning:
    why = f"are labelled {' and '.join(odd)}" if odd else "are of high dynamic range without all labels"
    return SourceWarning(
        code=WarningCode.COLOURS_ASSUMED,
        message=f"The colours of the video {why}; they were taken for {colours.primaries} with the curve "
        f"{colours.transfer} and the matrix {colours.matrix}.",
        facts={
            "matrix": colours.matrix,
            "primaries": colours.primaries,
            "transfer": colours.transfer,
        },
    )
