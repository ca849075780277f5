"""Reads single points out of the first picture of a file, as a player that obeys its labels shows them."""

import json
import subprocess
from pathlib import Path
from typing import Any

Colour = tuple[int, int, int]


def points(path: Path, places: list[tuple[float, float]]) -> list[Colour]:
    """The red, green and blue at places given as shares of width and height."""
    shown = "scale=400:400:flags=area:out_range=pc:in_color_matrix=auto,format=rgb24"
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-frames:v", "1"]
    pixels = subprocess.run(
        [*argv, "-vf", shown, "-f", "rawvideo", "-"], check=True, capture_output=True, timeout=60
    ).stdout
    found = []
    for x, y in places:
        at = (int(y * 400) * 400 + int(x * 400)) * 3
        found.append((pixels[at], pixels[at + 1], pixels[at + 2]))
    return found


def seven_bars(path: Path) -> list[Colour]:
    """The middle of each of seven bars."""
    return points(path, [((at + 0.5) / 7, 0.5) for at in range(7)])


def stream_of(path: Path) -> dict[str, Any]:
    """What ffprobe tells of the first stream."""
    argv = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(path)]
    document = json.loads(subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout)
    stream: dict[str, Any] = document["streams"][0]
    return stream


def labels_of(path: Path) -> tuple[str | None, ...]:
    """The labels of matrix, primaries, curve and range."""
    stream = stream_of(path)
    names = ("color_space", "color_primaries", "color_transfer", "color_range")
    return tuple(stream.get(name) for name in names)


def distance(one: Colour, other: Colour) -> int:
    """The largest difference of two colours in any of their parts."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
