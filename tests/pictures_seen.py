"""What is seen of the pictures that the image profile made."""

import subprocess
from pathlib import Path

from media.produce.production import Production
from profiles import ImageProfile, get_profile


def only_large() -> ImageProfile:
    """The shipped profile with one size."""
    profile = get_profile("image")
    assert isinstance(profile, ImageProfile)
    picture = profile.picture.model_copy(update={"sizes": profile.picture.sizes[:1]})
    return profile.model_copy(update={"picture": picture})


def sizes(production: Production) -> dict[str, tuple[int | None, int | None]]:
    """Width and height of every output by its name."""
    return {file.name: (file.width, file.height) for file in production.files}


def pixel(production: Production, name: str, x: int, y: int) -> tuple[int, ...]:
    """The colour of one pixel of an output, as red, green, blue."""
    return pixel_of(next(file.path for file in production.files if file.name == name), x, y)


def pixel_of(path: Path, x: int, y: int) -> tuple[int, ...]:
    """The colour of one pixel as another run of ffmpeg sees it, as red, green, blue."""
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", f"crop=1:1:{x}:{y}:exact=1,format=rgb24"]
    raw = subprocess.run(
        [*argv, "-f", "rawvideo", "-"], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=30
    ).stdout
    return tuple(raw[:3])


def is_near(colour: tuple[int, ...], expected: tuple[int, int, int]) -> bool:
    """Whether a colour is another one, as far as a lossy encoder keeps it."""
    return all(abs(seen - wanted) < 40 for seen, wanted in zip(colour, expected, strict=True))
