"""The sheet of small pictures that players show while a viewer seeks, and its track. Pure."""

import math
import re
from dataclasses import dataclass
from typing import Final

from profiles import SpriteSettings

SHEET_NAME: Final = "sprite.jpg"
TRACK_NAME: Final = "scrub.vtt"
_TIME: Final = r"(\d+):(\d\d):(\d\d\.\d{3})"
_CUE: Final = re.compile(
    rf"{_TIME} --> {_TIME}\n{re.escape(SHEET_NAME)}#xywh=(\d+),(\d+),(\d+),(\d+)\n", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpritePlan:
    """The layout of the sheet.

    Attributes:
        interval_seconds: Distance of two pictures.
        width: Pixels of one picture.
        height: Pixels of one picture.
    """

    interval_seconds: int
    columns: int
    rows: int
    width: int
    height: int

    @property
    def sheet_size(self) -> tuple[int, int]:
        """Pixels of the whole sheet."""
        return self.columns * self.width, self.rows * self.height

    def cells(self, video_seconds: float) -> int:
        """How many pictures a video of this length fills."""
        wanted = max(1, math.ceil(round(video_seconds, 3) / self.interval_seconds))
        return min(wanted, self.columns * self.rows)


@dataclass(frozen=True, slots=True)
class Cue:
    """When one picture of the sheet is shown, and where it lies."""

    start_seconds: float
    end_seconds: float
    x: int
    y: int
    width: int
    height: int


def plan_sprite(
    size: tuple[int, int], duration_seconds: float | None, settings: SpriteSettings
) -> SpritePlan:
    """Lay the sheet out for a picture of `size`.

    A source that does not tell its length gets a full sheet at the shortest distance.
    """
    seconds = duration_seconds or settings.max_cells * settings.interval_seconds
    interval = max(settings.interval_seconds, math.ceil(seconds / settings.max_cells))
    cells = max(1, math.ceil(seconds / interval))
    columns = min(cells, settings.columns)
    scale = settings.cell_long_side_pixels / max(size)
    width, height = (max(2, 2 * round(side * scale / 2)) for side in size)
    return SpritePlan(
        interval_seconds=interval,
        columns=columns,
        rows=math.ceil(cells / columns),
        width=width,
        height=height,
    )


def write_track(plan: SpritePlan, video_seconds: float) -> str:
    """Write the WebVTT track: which part of the sheet belongs to which time."""
    cells = plan.cells(video_seconds)
    lines = ["WEBVTT", ""]
    for cell in range(cells):
        start = cell * plan.interval_seconds
        end = video_seconds if cell == cells - 1 else start + plan.interval_seconds
        row, column = divmod(cell, plan.columns)
        place = f"{column * plan.width},{row * plan.height},{plan.width},{plan.height}"
        lines += [f"{_clock(start)} --> {_clock(end)}", f"{SHEET_NAME}#xywh={place}", ""]
    return "\n".join(lines)


def read_track(text: str) -> tuple[Cue, ...]:
    """Read a track of the form that `write_track` writes; anything else in it is left out."""
    cues = []
    for found in _CUE.finditer(text):
        times, place = found.groups()[:6], [int(value) for value in found.groups()[6:]]
        start, end = (
            int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            for hours, minutes, seconds in (times[:3], times[3:])
        )
        cues.append(Cue(start, end, *place))
    return tuple(cues)


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
