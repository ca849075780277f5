"""Sources about which something has to be said: odd ones, protected ones, and films that lie elsewhere."""

from pathlib import Path

from tests.media import ffmpeg


def make_many_tracks(directory: Path, *, tracks: int = 9, seconds: float = 1) -> Path:
    """A small picture with more tracks of sound than a profile keeps."""
    path = directory / "many-tracks.mp4"
    sounds = [
        argument
        for number in range(tracks)
        for argument in ("-f", "lavfi", "-i", f"sine=f={300 + 100 * number}:d={seconds}")
    ]
    maps = [argument for number in range(tracks + 1) for argument in ("-map", str(number))]
    ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=s=256x144:r=25:d={seconds}", *sounds, *maps),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "64k", str(path)),
    )
    return path
