"""A wrong rate in the header, the bitstream or the script data; the times of the packets are right."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from tests.corpus.film import H264, Film
from tests.corpus.member import FLAG, Member, Right, Tone
from tests.times_sources import patched, put

_RATES: Final = {
    "10": 10.0,
    "12": 12.0,
    "15": 15.0,
    "24000/1001": 23.976,
    "24": 24.0,
    "25": 25.0,
    "30000/1001": 29.97,
    "30": 30.0,
    "48": 48.0,
    "50": 50.0,
    "60": 60.0,
    "100": 50.0,
    "120": 60.0,
}
"""The rate of a source, and of its result: above 60 a whole part of it."""
_OF_MPEG2: Final = ("24000/1001", "24", "25", "30000/1001", "30", "50", "60")
_DEFAULT_DURATION: Final = b"\x23\xe3\x83"
_VOID: Final = 0xEC


def draw(random: Random) -> Member:
    """A film whose rate is told wrongly."""
    kind = random.choice((_matroska, _matroska_without, _flash, _bitstream, _clock, _sequence))
    lie, rate = kind(random), random.choice(_OF_MPEG2 if kind is _sequence else list(_RATES))
    hertz = random.choice((0, 330, 440, 880))
    film = Film(rate=rate, hertz=hertz, video=(*H264, "-bf", random.choice(("0", "2"))))

    right = Right(
        seconds=2.0,
        rate=_RATES[rate],
        spots=FLAG,
        tracks=int(bool(hertz)),
        tones=(Tone(hertz=hertz, start=0.3, end=1.7),) if hertz else (),
    )
    return Member(name=f"{lie.name}, truly {rate}", make=lambda to: lie.tell(film, to), right=right)


@dataclass(frozen=True, slots=True)
class _Lie:
    name: str
    tell: Callable[[Film, Path], Path]


def _matroska(random: Random) -> _Lie:
    claimed = random.choice((1_000_000, 100_000, 11_111, 8_333_333))

    def change(data: bytearray) -> None:
        place = data.index(_DEFAULT_DURATION) + len(_DEFAULT_DURATION)
        size = data[place] & 0x7F
        data[place + 1 : place + 1 + size] = claimed.to_bytes(size, "big")

    return _Lie(f"mkv of {claimed} ns a frame", lambda film, to: patched(film.write(to / "a.mkv"), change))


def _matroska_without(random: Random) -> _Lie:
    def change(data: bytearray) -> None:
        place = data.index(_DEFAULT_DURATION)
        size = data[place + 3] & 0x7F
        data[place : place + 2] = bytes((_VOID, 0x80 | (size + 2)))

    suffix = random.choice(("mkv", "webm"))
    codec = H264 if suffix == "mkv" else ("-c:v", "libvpx", "-deadline", "realtime", "-pix_fmt", "yuv420p")
    sound = ("-c:a", "libopus") if suffix == "webm" else ("-c:a", "libvorbis")

    def tell(film: Film, to: Path) -> Path:
        plain = Film(rate=film.rate, hertz=film.hertz, video=codec, audio=sound)
        return patched(plain.write(to / f"a.{suffix}"), change)

    return _Lie(f"{suffix} without a rate", tell)


def _flash(random: Random) -> _Lie:
    claimed = random.choice((0.0, 1.0, 1000.0, 25_000.0, float("inf"), float("nan"), -30.0))
    value = struct.pack(">d", claimed)
    return _Lie(
        f"flv of {claimed} frames a second",
        lambda film, to: patched(film.write(to / "a.flv"), lambda data: put(data, b"framerate\0", value)),
    )


def _bitstream(random: Random) -> _Lie:
    claimed, suffix = random.choice((1, 5, 13, 90, 240, 1000)), random.choice(("mp4", "mkv", "flv", "ts"))
    told = f"h264_metadata=tick_rate={2 * claimed}"
    return _Lie(
        f"{suffix}, bitstream of {claimed} frames a second",
        lambda film, to: film.write(to / f"a.{suffix}", "-bsf:v", told),
    )


def _clock(random: Random) -> _Lie:
    scale, suffix = random.choice(("600", "1000", "90000", "1000000")), random.choice(("mp4", "mov"))
    return _Lie(
        f"{suffix} on a clock of {scale}",
        lambda film, to: film.write(to / f"a.{suffix}", "-video_track_timescale", scale),
    )


def _sequence(random: Random) -> _Lie:
    """MPEG-2 in a transport stream, whose sequence headers name another rate."""
    code = random.choice((1, 2, 3, 5, 6, 8))

    def change(data: bytearray) -> None:
        place = data.find(b"\0\0\1\xb3")
        while place >= 0:
            data[place + 7] = data[place + 7] & 0xF0 | code
            place = data.find(b"\0\0\1\xb3", place + 4)

    def tell(film: Film, to: Path) -> Path:
        codec = ("-c:v", "mpeg2video", "-q:v", "4", "-bf", "0")
        plain = Film(rate=film.rate, hertz=film.hertz, video=codec, audio=("-c:a", "mp2"))
        return patched(plain.write(to / "a.ts"), change)

    return _Lie(f"ts, sequence header of rate {code}", tell)
