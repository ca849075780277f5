"""What is in a finished file: each track is decoded once and asked many times."""

import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.measured import samples, streams

_SIDE: Final = 64
_RATE: Final = 48_000
_SILENT: Final = 0.001


class Seen:
    """Answers from one file; what it decoded is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sounds: dict[int, np.ndarray[Any, np.dtype[np.float32]]] = {}
        found = streams(path)
        self._pictures = [stream for stream in found if stream["codec_type"] == "video"]
        self._tracks = [stream for stream in found if stream["codec_type"] == "audio"]

    @property
    def has_picture(self) -> bool:
        """Whether there is a picture."""
        return bool(self._pictures)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self._pictures[0]["width"]), int(self._pictures[0]["height"])

    @property
    def rate(self) -> float:
        """Frames a second."""
        over, under = self._pictures[0]["avg_frame_rate"].split("/")
        return int(over) / max(1, int(under))

    @property
    def lengths(self) -> dict[str, float]:
        """Seconds of the picture and of each track of sound."""
        named = {"picture": self._pictures[0]} if self._pictures else {}
        named |= {f"sound {number + 1}": stream for number, stream in enumerate(self._tracks)}
        return {name: float(stream["duration"]) for name, stream in named.items() if "duration" in stream}

    @property
    def tracks(self) -> int:
        """How many tracks of sound."""
        return len(self._tracks)

    @cached_property
    def _frames(self) -> "np.ndarray[Any, np.dtype[np.uint8]]":
        argv = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(self._path), "-vf"]
        argv += [
            f"scale={_SIDE}:{_SIDE}:flags=area+full_chroma_int",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-",
        ]
        raw = subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout
        return np.frombuffer(raw, np.uint8).reshape(-1, _SIDE, _SIDE, 3)

    def colour(self, share: float, x: float, y: float) -> tuple[int, int, int]:
        """Red, green and blue at shares of length, width and height."""
        frame = self._frames[min(int(share * len(self._frames)), len(self._frames) - 1)]
        red, green, blue = frame[int(y * _SIDE), int(x * _SIDE)]
        return int(red), int(green), int(blue)

    def hertz(self, start: float, end: float, track: int = 0) -> float:
        """The strongest frequency of a track between two times in seconds; 0 where there is silence."""
        if track not in self._sounds:
            self._sounds[track] = samples(self._path, track)
        part = self._sounds[track][int(start * _RATE) : int(end * _RATE)]
        if len(part) == 0 or float(np.abs(part).max()) < _SILENT:
            return 0.0
        power = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        return float(np.argmax(power) * _RATE / len(part))
