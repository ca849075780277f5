"""Several pictures and sounds in one file: the film is the one that a player shows by itself."""

from pathlib import Path
from random import Random
from typing import Final

from tests.corpus.film import AAC, H264, beep, flag
from tests.corpus.member import FLAG, Member, Right, Tone
from tests.media import ffmpeg

_FORMS: Final = ("mp4", "mov", "mkv")
_OTHERS: Final = ("160x90", "320x180", "640x360")
_FOR_THE_FEW: Final = ("visual_impaired", "hearing_impaired", "comment")
"""Of those that the platform knows, the ones that Matroska can hold for sound."""


def draw(random: Random) -> Member:
    """A file with more than one candidate."""
    return random.choice((_still, _default_picture, _programmes, _described, _default_sound, _languages))(
        random
    )


def _still_or_film(size: str, seconds: float) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"color=green:size={size}:rate=25:duration={seconds}")


def _right(*hertz: int, said: tuple[str, ...] = ()) -> Right:
    tones = tuple(Tone(hertz=height, start=0.3, end=1.7, track=at) for at, height in enumerate(hertz))
    return Right(seconds=2.0, size=(320, 180), spots=FLAG, tracks=len(hertz), tones=tones, said=said)


def _still(random: Random) -> Member:
    """A motion photo: a still of a few frames beside the film, before or behind it."""
    suffix, size = random.choice(_FORMS), random.choice(_OTHERS)
    seconds, first = random.choice((0.04, 0.08, 0.12)), random.choice((False, True))
    number = 0 if first else 1

    def make(to: Path) -> Path:
        path, order = to / f"a.{suffix}", ("-map", "1", "-map", "0") if first else ("-map", "0", "-map", "1")
        marks = ("-disposition:v:0", "default", "-disposition:v:1", "default")
        inputs = (*flag(), *_still_or_film(size, seconds), *beep(440))
        ffmpeg(*inputs, *order, "-map", "2", *H264, *AAC, *marks, str(path))
        return path

    name = f"{suffix} with a still of {size} for {seconds} s as picture {number + 1}"
    return Member(name=name, make=make, right=_right(440, said=("TRACKS_LEFT_OUT",)))


def _default_picture(random: Random) -> Member:
    """Two films: the one that is marked default."""
    suffix, size, first = random.choice(_FORMS), random.choice(_OTHERS), random.choice((False, True))
    wanted, other = (1, 0) if first else (0, 1)

    def make(to: Path) -> Path:
        path, order = to / f"a.{suffix}", ("-map", "1", "-map", "0") if first else ("-map", "0", "-map", "1")
        marks = (f"-disposition:v:{wanted}", "default", f"-disposition:v:{other}", "0")
        inputs = (*flag(), *_still_or_film(size, 2), *beep(440))
        ffmpeg(*inputs, *order, "-map", "2", *H264, *AAC, *marks, str(path))
        return path

    name = f"{suffix} with another film of {size} as picture {other + 1}"
    return Member(name=name, make=make, right=_right(440, said=("TRACKS_LEFT_OUT",)))


def _programmes(random: Random) -> Member:
    """A broadcast of two or three films: the first one, with its own sound."""
    others, size = random.choice((1, 2)), random.choice(_OTHERS)
    heights = random.sample((330, 550, 880, 1000), others + 1)

    def make(to: Path) -> Path:
        inputs, maps, named = (
            [*flag(), *beep(heights[0])],
            ["-map", "0", "-map", "1"],
            ["-program", "st=0:st=1"],
        )
        for number in range(1, others + 1):
            inputs += [*_still_or_film(size, 2), *beep(heights[number])]
            maps += ["-map", str(2 * number), "-map", str(2 * number + 1)]
            named += ["-program", f"st={2 * number}:st={2 * number + 1}"]
        ffmpeg(*inputs, *maps, *H264, *AAC, *named, str(to / "a.ts"))
        return to / "a.ts"

    name = f"ts of {others + 1} programmes, the others of {size}"
    return Member(name=name, make=make, right=_right(heights[0], said=("TRACKS_LEFT_OUT",)))


def _sounds(to: Path, suffix: str, heights: tuple[int, ...], *marks: str) -> Path:
    path, inputs = to / f"a.{suffix}", [part for hertz in heights for part in beep(hertz)]
    maps = [part for number in range(len(heights) + 1) for part in ("-map", str(number))]
    ffmpeg(*flag(), *inputs, *maps, *H264, *AAC, *marks, str(path))
    return path


def _described(random: Random) -> Member:
    """Sound for the few comes first in the file, and even as default; it is never the main track.

    WebM cannot say for whom a track is, so there the first one leads.
    """
    mark, suffix = random.choice(_FOR_THE_FEW), random.choice(("mkv", "mkv", "webm"))
    chosen = random.choice(("default+", ""))
    codec = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus") if suffix == "webm" else ()
    marks = ("-disposition:a:0", f"{chosen}{mark}", "-disposition:a:1", "0", *codec)
    in_file = (1000, 440)
    return Member(
        name=f"{suffix} whose first sound is {chosen}{mark}",
        make=lambda to: _sounds(to, suffix, in_file, *marks),
        right=_right(*(in_file if suffix == "webm" else reversed(in_file))),
    )


def _default_sound(random: Random) -> Member:
    """The sound that is marked default leads."""
    suffix, position = random.choice(_FORMS), random.choice((0, 1, 2))
    heights = (330, 550, 880)
    marks = [
        part for at in range(3) for part in (f"-disposition:a:{at}", "default" if at == position else "0")
    ]
    order = (heights[position], *(hertz for at, hertz in enumerate(heights) if at != position))
    return Member(
        name=f"{suffix} whose sound {position + 1} is default",
        make=lambda to: _sounds(to, suffix, heights, *marks),
        right=_right(*order),
    )


def _languages(random: Random) -> Member:
    suffix, count = random.choice((*_FORMS, "ts")), random.choice((2, 3))
    spoken = random.sample(("eng", "fre", "ger", "jpn", "und"), count)
    marks = [part for at, name in enumerate(spoken) for part in (f"-metadata:s:a:{at}", f"language={name}")]
    heights = (330, 550, 880)[:count]
    return Member(
        name=f"{suffix} in {', '.join(spoken)}",
        make=lambda to: _sounds(to, suffix, heights, *marks),
        right=_right(*heights),
    )
