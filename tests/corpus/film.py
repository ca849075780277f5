"""Makes the film of which most sources of the corpus are forms: what is in it can be told from any result."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.media import ffmpeg

H264: Final = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
HEVC: Final = (
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-pix_fmt",
    "yuv420p",
    "-x265-params",
    "log-level=error",
)
AAC: Final = ("-c:a", "aac", "-b:a", "64k")


def flag(
    size: str = "320x180", rate: str = "25", seconds: float = 2, colours: tuple[str, str] = ("red", "blue")
) -> tuple[str, ...]:
    """Input options: one colour, then another at half the length; the upper left quarter stays white."""
    first, second = colours
    later = f"drawbox=w=iw:h=ih:color={second}:t=fill:enable='gte(t,{seconds / 2 - 0.001})'"
    corner = "drawbox=w=iw/2:h=ih/2:color=white:t=fill"
    source = f"color={first}:size={size}:rate={rate}:duration={seconds},format=yuv444p,{later},{corner}"
    return ("-f", "lavfi", "-i", source)


def beep(hertz: int, seconds: float = 2, rate: int = 48_000) -> tuple[str, ...]:
    """Input options: a tone."""
    return ("-f", "lavfi", "-i", f"sine=frequency={hertz}:sample_rate={rate}:duration={seconds}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A film of one flag and one tone.

    Attributes:
        size: Width x height in pixels.
        rate: Frames a second, as ffmpeg takes it.
        seconds: Of the picture.
        hertz: Of the tone; 0 for no sound.
        sound_seconds: Of the tone; None for those of the picture.
        video: Options of the picture's encoder.
        audio: Options of the sound's encoder.
    """

    size: str = "320x180"
    rate: str = "25"
    seconds: float = 2
    hertz: int = 440
    sound_seconds: float | None = None
    video: Sequence[str] = H264
    audio: Sequence[str] = AAC

    def write(self, path: Path, *output: str) -> Path:
        """Write it; `output` are more options of the file."""
        lasts = self.seconds if self.sound_seconds is None else self.sound_seconds
        heard = (*beep(self.hertz, lasts),) if self.hertz else ()
        options = (*self.video, *(self.audio if self.hertz else ()), *output)
        ffmpeg(*flag(self.size, self.rate, self.seconds), *heard, *options, str(path))
        return path
