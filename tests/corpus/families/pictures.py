"""Pictures that were ordered as films, films that were ordered as pictures, and pictures of every format."""

from pathlib import Path
from random import Random
from typing import Final

from media.tools.errors import ErrorCode
from tests.corpus.film import AAC, H264, beep, flag
from tests.corpus.member import RED, WHITE, Member, Right, Spot
from tests.media import ffmpeg

_READ: Final = {"jpg": "JPEG", "png": "PNG", "webp": "WebP", "gif": "GIF"}
_OTHERS: Final = {"tiff": "TIFF", "jxl": "JPEG XL", "avif": "AVIF"}
_SIZES: Final = ("16x16", "160x90", "321x181", "90x160", "640x360")
_FILM_PROFILES: Final = ("web", "audio", "thumbnails", "passthrough", "web-hevc", "hevc-to-h264")
_FILMS: Final = ("mp4", "mov", "mkv", "ts", "avi", "flv")


def draw(random: Random) -> Member:
    """Something that is not what it was ordered as, or a picture that is."""
    return random.choice((_picture_as_film, _film_as_picture, _picture, _text))(random)


def _write(to: Path, suffix: str, size: str) -> Path:
    """The flag as one picture."""
    path = to / f"a.{suffix}"
    fine = {"jpg": ("-q:v", "2", "-pix_fmt", "yuvj444p"), "avif": ("-c:v", "libaom-av1", "-cpu-used", "8")}
    ffmpeg(*flag(size, "25", 1), "-frames:v", "1", *fine.get(suffix, ()), str(path))
    return path


def _picture_as_film(random: Random) -> Member:
    """Its first bytes say what it is, whatever it is called."""
    names = _READ | _OTHERS
    suffix, size, profile = random.choice(list(names)), random.choice(_SIZES), random.choice(_FILM_PROFILES)
    right = Right(refused=(ErrorCode.INPUT_IS_PICTURE,), words=f"a picture ({names[suffix]})")
    return Member(
        name=f"{suffix} of {size} for {profile}",
        make=lambda to: _write(to, suffix, size).rename(to / "film.mp4"),
        right=right,
        profile=profile,
    )


def _film_as_picture(random: Random) -> Member:
    suffix = random.choice(_FILMS)

    def make(to: Path) -> Path:
        path = to / f"a.{suffix}"
        ffmpeg(*flag("160x90", "25", 1), *beep(440, 1), *H264, *AAC, str(path))
        return path.rename(to / "picture.jpg")

    right = Right(refused=(ErrorCode.INPUT_NOT_MEDIA,), words="picture")
    return Member(name=f"{suffix} for image", make=make, right=right, profile="image")


def _picture(random: Random) -> Member:
    suffix, size = random.choice(list(_READ)), random.choice(_SIZES)
    width, height = (int(side) for side in size.split("x"))
    spots = (Spot(share=0, colour=WHITE, x=0.25, y=0.25), Spot(share=0, colour=RED))
    return Member(
        name=f"{suffix} of {size} for image",
        make=lambda to: _write(to, suffix, size).rename(to / "film.mp4"),
        right=Right(size=(width, height), spots=spots),
        profile="image",
    )


def _text(random: Random) -> Member:
    """Neither a film nor a picture."""
    name, content = random.choice(
        (
            ("prose", b"This is no film, whatever its name says.\n" * 40),
            ("zeros", bytes(5000)),
            ("web page", b"<!DOCTYPE html><html><body>404</body></html>\n" * 20),
            ("archive", b"PK\x03\x04" + bytes(range(256)) * 20),
            ("document", b"%PDF-1.7\n" + bytes(range(256)) * 20),
        )
    )
    profile = random.choice((*_FILM_PROFILES, "image"))

    def make(to: Path) -> Path:
        (to / "film.mp4").write_bytes(content)
        return to / "film.mp4"

    right = Right(refused=(ErrorCode.INPUT_NOT_MEDIA,))
    return Member(name=f"{name} for {profile}", make=make, right=right, profile=profile)
