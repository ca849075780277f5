"""Makes sources of which a part is missing or spoilt: red, then blue, with a tone of 440 Hz.

The picture is grainy, so that the bytes of a file are spread over its whole length.
"""

import random
from pathlib import Path

from tests.media import cut, ffmpeg
from tests.times_sources import cut_inside, film, patched, put

GRAIN = ",noise=alls=5:allf=t+u"
SECONDS = 4.0
KEPT = 0.8
"""Share of the bytes that is left of a cut file; of the time it is nearly the same."""


def whole(directory: Path, suffix: str = "mp4") -> Path:
    """Four seconds; the index of an MP4 is in front."""
    front = ("-movflags", "+faststart") if suffix == "mp4" else ()
    return film(directory / f"whole.{suffix}", "-crf", "5", *front, seconds=SECONDS, chain=GRAIN)


def cut_mp4(directory: Path) -> Path:
    """An MP4 that ends in the middle of its media."""
    return cut(whole(directory), KEPT)


def cut_tracks_apart(directory: Path) -> Path:
    """An MP4 with all of its sound behind all of its picture, which ends in the middle of the sound."""
    path, film_path = directory / "apart.mp4", str(whole(directory))
    ffmpeg(
        *("-i", film_path, "-itsoffset", str(SECONDS), "-i", film_path, "-map", "0:v", "-map", "1:a"),
        *("-c", "copy", "-movflags", "+faststart", str(path)),
    )
    # The sound was muxed as late sound; without its edit list it begins with the picture.
    return cut_inside(patched(path, _begin_together), 20_000)


def _begin_together(data: bytearray) -> None:
    place = data.rindex(b"edts")
    data[place : place + 4] = b"free"


def cut_matroska(directory: Path) -> Path:
    """A Matroska file that ends in the middle of a cluster."""
    return cut(whole(directory, "mkv"), KEPT)


def cut_transport_stream(directory: Path) -> Path:
    """A broadcast that ends in the middle of a packet."""
    return cut(whole(directory, "ts"), KEPT)


def cut_pipe(directory: Path) -> Path:
    """A Matroska file whose segment states no length: only its packets show that its end is missing."""
    return cut(patched(whole(directory, "mkv"), _forget_length), KEPT)


def _forget_length(data: bytearray) -> None:
    put(data, b"\x18\x53\x80\x67", b"\x01" + b"\xff" * 7)


def without_index(directory: Path) -> Path:
    """An MP4 whose index was at its end and is lost."""
    return cut(film(directory / "lost.mp4", seconds=1), 0.9)


def spoilt(path: Path, start: float, end: float) -> Path:
    """Write noise over a part of the media of an MP4 with its index in front.

    Args:
        path: The file.
        start: Where the part begins, as a share of the media's bytes.
        end: Where it ends.
    """
    data = bytearray(path.read_bytes())
    media = data.index(b"mdat") + 4
    first, last = (media + int((len(data) - media) * share) for share in (start, end))
    data[first:last] = random.Random(1).randbytes(last - first)  # noqa: S311 - no secret
    path.write_bytes(data)
    return path


def cut_sound(directory: Path, suffix: str) -> Path:
    """Four seconds of a tone, of which the last fifth is missing."""
    path = directory / f"sound.{suffix}"
    ffmpeg("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={SECONDS}", str(path))
    return cut(path, KEPT)
