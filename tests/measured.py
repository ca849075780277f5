"""Measures what is in a result: the colour at a point, the height of a tone, when something begins."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

_RATE = 48000


def streams(path: Path) -> list[dict[str, Any]]:
    """What ffprobe tells of the streams."""
    argv = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(path)]
    answer = subprocess.run(argv, check=True, capture_output=True, timeout=60)
    found: list[dict[str, Any]] = json.loads(answer.stdout)["streams"]
    return found


def colour_at(path: Path, seconds: float, x: float = 0.5, y: float = 0.5) -> tuple[int, int, int]:
    """Red, green and blue in the middle of a small area.

    Args:
        path: The video.
        seconds: When.
        x: Where, as a share of the width.
        y: Where, as a share of the height.
    """
    side = 64
    argv = ["ffmpeg", "-v", "error", "-nostdin", "-ss", str(seconds), "-i", str(path), "-frames:v", "1"]
    argv += ["-vf", f"scale={side}:{side}:flags=area", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout
    pixel = np.frombuffer(raw, np.uint8).reshape(side, side, 3)[int(y * (side - 1)), int(x * (side - 1))]
    return int(pixel[0]), int(pixel[1]), int(pixel[2])


def samples(path: Path, track: int = 0) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """A track of sound as mono at 48 kHz."""
    argv = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-map", f"0:a:{track}", "-ac", "1"]
    argv += ["-ar", str(_RATE), "-f", "f32le", "-"]
    raw = subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout
    return np.frombuffer(raw, np.float32)


def hertz(path: Path, start: float = 0.5, end: float = 1.0, track: int = 0) -> float:
    """The strongest frequency between two times; 0 where there is silence."""
    part = samples(path, track)[int(start * _RATE) : int(end * _RATE)]
    if len(part) == 0 or float(np.abs(part).max()) < 0.001:
        return 0.0
    power = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    return float(np.argmax(power) * _RATE / len(part))


def sound_seconds(path: Path, track: int = 0) -> float:
    """How long a track of sound is."""
    return len(samples(path, track)) / _RATE
