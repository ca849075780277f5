"""A picture or sound that becomes another in mid-stream: size, pixels, channels, rate, numbers."""

from pathlib import Path
from random import Random
from typing import Final

from tests.corpus.film import AAC, H264, beep
from tests.corpus.member import BLUE, RED, Member, Right, Spot, Tone
from tests.media import ffmpeg

_SIZES: Final = ("160x90", "320x180", "480x270", "640x360", "240x180", "180x320", "176x144")
_PIXELS: Final = ("yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuv420p10le")
_MOVED: Final = ("-mpegts_start_pid", "0x300", "-tables_version")
_MPEG2: Final = ("-c:v", "mpeg2video", "-q:v", "3")


def draw(random: Random) -> Member:
    """A broadcast of two parts of a second each; red with one tone, then blue with another."""
    return random.choice((_size, _pixels, _channels, _sound_rate, _numbers, _bare, _three_sizes, _clock))(
        random
    )


def _part(to: Path, start: float, picture: tuple[str, ...], sound: tuple[str, ...], *more: str) -> bytes:
    """One second of a broadcast that begins at a time, usually where the last part ended."""
    path = to / "part.ts"
    options = ("-muxdelay", "0", "-output_ts_offset", str(start), "-f", "mpegts")
    ffmpeg(*picture, *sound, "-bf", "0", *more, *options, str(path))
    return path.read_bytes()


def _shot(colour: str, size: str = "320x180") -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"color={colour}:size={size}:rate=25:duration=1")


def _right(
    first: int = 440, second: int = 880, *, said: tuple[str, ...] = (), size: str = "320x180"
) -> Right:
    width, height = (int(side) for side in size.split("x"))
    return Right(
        seconds=2.0,
        lenient_seconds=0.16,
        size=(width, height),
        spots=(Spot(share=0.2, colour=RED, x=0.5, y=0.5), Spot(share=0.85, colour=BLUE, x=0.5, y=0.5)),
        tracks=1,
        tones=(Tone(hertz=first, start=0.15, end=0.85), Tone(hertz=second, start=1.2, end=1.8)),
        said=said,
    )


def _join(to: Path, *parts: bytes) -> Path:
    path = to / "a.ts"
    path.write_bytes(b"".join(parts))
    return path


def _size(random: Random) -> Member:
    first, second = random.sample(_SIZES, 2)
    codec = random.choice((H264, _MPEG2))

    def make(to: Path) -> Path:
        parts = ((0, "red", first, 440), (1, "blue", second, 880))
        return _join(to, *(_part(to, at, _shot(c, s), beep(h, 1), *codec, *AAC) for at, c, s, h in parts))

    name = f"ts from {first} to {second} in {codec[1]}"
    return Member(name=name, make=make, right=_right(said=("PICTURE_CHANGES",), size=first))


def _three_sizes(random: Random) -> Member:
    """There and back again."""
    first, second = random.sample(_SIZES, 2)

    def make(to: Path) -> Path:
        parts = ((0, "red", first, 440), (1, "lime", second, 660), (2, "blue", first, 880))
        return _join(to, *(_part(to, at, _shot(c, s), beep(h, 1), *H264, *AAC) for at, c, s, h in parts))

    right = _right(said=("PICTURE_CHANGES",), size=first)
    tones = (Tone(hertz=440, start=0.15, end=0.85), Tone(hertz=880, start=2.2, end=2.8))
    right = Right(
        seconds=3.0,
        lenient_seconds=0.16,
        size=right.size,
        spots=right.spots,
        tracks=1,
        tones=tones,
        said=right.said,
    )
    return Member(name=f"ts from {first} to {second} and back", make=make, right=right)


def _pixels(random: Random) -> Member:
    first, second = random.sample(_PIXELS, 2)

    def make(to: Path) -> Path:
        parts = ((0, "red", first, 440), (1, "blue", second, 880))
        return _join(
            to, *(_part(to, at, _shot(c), beep(h, 1), *H264, "-pix_fmt", p, *AAC) for at, c, p, h in parts)
        )

    return Member(name=f"ts from {first} to {second}", make=make, right=_right())


def _channels(random: Random) -> Member:
    codec = random.choice(("ac3", "aac", "mp2"))
    counts = ("1", "2") if codec == "mp2" else ("1", "2", "6")
    first, second = random.sample(counts, 2)

    def make(to: Path) -> Path:
        parts = ((0, "red", first, 440), (1, "blue", second, 880))
        return _join(
            to,
            *(_part(to, at, _shot(c), beep(h, 1), *H264, "-c:a", codec, "-ac", n) for at, c, n, h in parts),
        )

    name = f"ts of {codec} from {first} to {second} channels"
    return Member(name=name, make=make, right=_right(said=("SOUND_CHANGES",)))


def _sound_rate(random: Random) -> Member:
    codec = random.choice(("aac", "mp2", "ac3"))
    first, second = random.sample(("32000", "44100", "48000"), 2)

    def make(to: Path) -> Path:
        parts = ((0, "red", first, 440), (1, "blue", second, 880))
        return _join(
            to,
            *(_part(to, at, _shot(c), beep(h, 1), *H264, "-c:a", codec, "-ar", r) for at, c, r, h in parts),
        )

    name = f"ts of {codec} from {first} to {second} Hz"
    return Member(name=name, make=make, right=_right(said=("SOUND_CHANGES",)))


def _numbers(random: Random) -> Member:
    """The tracks go on under other numbers, with or without a new version of the table."""
    version = random.choice(("0", "1", "7"))
    codec = random.choice((H264, _MPEG2))

    def make(to: Path) -> Path:
        first = _part(to, 0, _shot("red"), beep(440, 1), *codec, *AAC)
        second = _part(to, 1, _shot("blue"), beep(880, 1), *codec, *AAC, *_MOVED, version)
        return _join(to, first, second)

    return Member(name=f"ts of {codec[1]} under other numbers, table {version}", make=make, right=_right())


def _bare(random: Random) -> Member:
    """A size that changes inside MP4 or Matroska, as calls and screen recordings write it."""
    first, second = random.sample(_SIZES, 2)
    suffix = random.choice(("mkv", "mp4"))

    def make(to: Path) -> Path:
        parts = ((0, "red", first, 440), (1, "blue", second, 880))
        joined = _join(to, *(_part(to, at, _shot(c, s), beep(h, 1), *H264, *AAC) for at, c, s, h in parts))
        path = to / f"b.{suffix}"
        # The parameters of each part stay in front of its pictures.
        ffmpeg("-i", str(joined), "-map", "0", "-c", "copy", "-bsf:a", "aac_adtstoasc", str(path))
        return path

    name = f"{suffix} from {first} to {second}"
    return Member(name=name, make=make, right=_right(said=("PICTURE_CHANGES",), size=first))


def _clock(random: Random) -> Member:
    """Recordings in one file: the clock of the second begins anew, or anywhere else."""
    first = random.choice((0, 0, 30, 5000, 95_000))
    second = random.choice((0, 0, first, first + 12, first + 600, 70_000))
    codec = random.choice((H264, _MPEG2))

    def make(to: Path) -> Path:
        parts = ((first, "red", 440), (second, "blue", 880))
        return _join(to, *(_part(to, at, _shot(c), beep(h, 1), *codec, *AAC) for at, c, h in parts))

    return Member(name=f"ts of {codec[1]} at {first} s, then at {second} s", make=make, right=_right())
