"""What the video encoder's log tells about the picture: quality, and where it is black or frozen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from media.plan.rungs import PlannedRung, has_ssim

_SSIM: Final = re.compile(
    r"^(?:\[libx264 @ [^\]]*\] \[info\] SSIM Mean Y:|encoded \d+ frames in .*, SSIM Mean Y: )([\d.]+|-?nan)",
    re.MULTILINE,
)
_BLACK: Final = re.compile(
    r"^\[[^\]]* @ [^\]]*\] \[info\] black_start:([\d.]+) black_end:([\d.]+)", re.MULTILINE
)
_FREEZE: Final = re.compile(
    r"^\[[^\]]* @ [^\]]*\] \[info\] lavfi\.freezedetect\.freeze_(start|end): ([\d.]+)", re.MULTILINE
)
MOST_SECTIONS: Final = 50

Section = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """What was measured while encoding.

    Attributes:
        ssim: Likeness of each rendition with what its encoder was given, 0 to 1, by name; empty for encoders
            that do not measure it.
        black: Where the picture is black, in seconds; at most the first 50 sections.
        frozen: Where the picture stands still.
    """

    ssim: dict[str, float]
    black: tuple[Section, ...]
    frozen: tuple[Section, ...]

    def technical(self) -> dict[str, Any]:
        """The facts for the video's record."""
        return {
            "black": [list(section) for section in self.black],
            "frozen": [list(section) for section in self.frozen],
        }


def read_picture_facts(notes: str, rungs: Sequence[PlannedRung], video_seconds: float) -> PictureFacts:
    """Read the log of the video encoder.

    Args:
        notes: The log.
        rungs: The renditions in the order of the outputs; ffmpeg closes their encoders in that order.
        video_seconds: End of a section that lasts to the end.
    """
    found = [float(value) for value in _SSIM.findall(notes)]
    pairs = zip(rungs, found, strict=True) if found else ()
    ssim = {rung.name: value for rung, value in pairs if has_ssim(rung)}
    black = [(float(start), float(end)) for start, end in _BLACK.findall(notes)]
    frozen: list[Section] = []
    for kind, text in _FREEZE.findall(notes):
        if kind == "start":
            frozen.append((float(text), video_seconds))
        elif frozen:
            frozen[-1] = (frozen[-1][0], float(text))
    return PictureFacts(ssim=ssim, black=_rounded(black), frozen=_rounded(frozen))


def _rounded(sections: Sequence[Section]) -> tuple[Section, ...]:
    return tuple((round(start, 3), round(end, 3)) for start, end in sections[:MOST_SECTIONS])
