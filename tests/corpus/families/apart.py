"""Picture and sound of different length, down to one picture; both are played to the later end."""

from pathlib import Path
from random import Random
from typing import Final

from tests.corpus.film import AAC, H264, beep, flag
from tests.corpus.member import BLUE, RED, WHITE, Member, Right, Spot, Tone
from tests.media import ffmpeg

_FORMS: Final = {
    "mp4": (H264, AAC),
    "mov": (H264, ("-c:a", "pcm_s16le")),
    "mkv": (H264, ("-c:a", "flac")),
    "ts": (H264, ("-c:a", "ac3")),
    "avi": (("-c:v", "mpeg4", "-q:v", "3"), ("-c:a", "libmp3lame")),
    "webm": (("-c:v", "libvpx", "-deadline", "realtime"), ("-c:a", "libopus")),
    "flv": (H264, AAC),
    "wmv": (("-c:v", "wmv2", "-q:v", "3"), ("-c:a", "wmav2")),
}
_ONE: Final = 0.04
"""Seconds that one picture lasts."""


def draw(random: Random) -> Member:
    """A film of which one half begins or ends long before the other."""
    return random.choice((_ends, _ends, _begins))(random)


def _ends(random: Random) -> Member:
    suffix = random.choice(list(_FORMS))
    picture, sound = random.choice(((_ONE, 2.0), (0.4, 2.0), (1.0, 2.5), (2.0, 0.5), (2.5, 1.0), (1.5, 1.5)))
    hertz = random.choice((330, 440, 880))
    whole = max(picture, sound)
    silent = Tone(hertz=0, start=sound + 0.3, end=whole - 0.1)
    right = Right(
        seconds=whole,
        lenient_seconds=0.16,
        spots=(Spot(share=0.02, colour=RED), Spot(share=0.9, colour=WHITE, x=0.25, y=0.25)),
        tracks=1,
        tones=(
            Tone(hertz=hertz, start=0.1, end=sound - 0.05),
            *((silent,) if whole - sound > 0.5 else ()),
        ),
        said=("PICTURE_ENDS_EARLY",) if picture < sound else ("SOUND_ENDS_EARLY",) if sound < picture else (),
    )

    def make(to: Path) -> Path:
        video, audio = _FORMS[suffix]
        path = to / f"a.{suffix}"
        ffmpeg(*flag("320x180", "25", picture), *beep(hertz, sound), *video, *audio, str(path))
        return path

    return Member(name=f"{suffix}, picture {picture} s, sound {sound} s", make=make, right=right)


def _begins(random: Random) -> Member:
    """Sound that begins late, as tools that join recordings write it: silence, then in step."""
    suffix = random.choice([name for name in _FORMS if name not in {"avi", "wmv"}])
    late, hertz = random.choice((0.3, 0.7, 1.2)), random.choice((330, 440, 880))
    right = Right(
        seconds=2.0,
        lenient_seconds=0.16,
        spots=(Spot(share=0.2, colour=RED), Spot(share=0.9, colour=BLUE)),
        tracks=1,
        tones=(Tone(hertz=0, start=0, end=late - 0.1), Tone(hertz=hertz, start=late + 0.05, end=1.9)),
    )

    def make(to: Path) -> Path:
        video, audio = _FORMS[suffix]
        path, sound = to / f"a.{suffix}", ("-itsoffset", str(late), *beep(hertz, 2 - late))
        ffmpeg(*flag(), *sound, *video, *audio, str(path))
        return path

    return Member(name=f"{suffix}, sound from {late} s", make=make, right=right)
