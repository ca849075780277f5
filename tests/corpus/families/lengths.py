"""A wrong length in the header, times that begin anywhere, and files that lost no more than an index."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from tests import times_sources
from tests.corpus.film import Film
from tests.corpus.member import FLAG, Member, Right, Tone
from tests.media import ffmpeg
from tests.times_sources import patched, put

_ABSURD: Final = (0.0, 0.001, 0.7, 30.0, 36_000.0, 2_147_483.63, 1e12, -1.0, float("inf"), float("nan"))
"""Seconds."""
_WEBM: Final = Film(video=("-c:v", "libvpx", "-deadline", "realtime"), audio=("-c:a", "libopus"))
_FILE_PROPERTIES: Final = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_PLAY_DURATION_AT: Final = 48
_DAMAGES: Final = (
    times_sources.make_spare_bytes,
    times_sources.make_spare_fragment_bytes,
    times_sources.make_matroska_without_index,
    times_sources.make_avi_without_index,
    times_sources.make_windows_media_without_index,
    times_sources.make_fragments,
    times_sources.make_edit_list,
)
"""Makers of films of two seconds, without a flag's corner."""


@dataclass(frozen=True, slots=True)
class _Lie:
    name: str
    tell: Callable[[Path], Path]
    has_flag: bool = True


def draw(random: Random) -> Member:
    """A film of two seconds whose header tells another length, or whose times begin elsewhere."""
    kinds = (
        _matroska,
        _tag,
        _flash,
        _movie,
        _windows_media,
        _avi,
        _chapters,
        _cue,
        _late,
        _cut_in,
        _live,
        _damage,
    )
    lie = random.choice(kinds)(random)
    right = Right(
        seconds=2.0,
        spots=FLAG if lie.has_flag else FLAG[:2],
        tracks=1,
        tones=(Tone(hertz=440, start=0.3, end=1.7),),
    )
    return Member(name=lie.name, make=lie.tell, right=right)


def _matroska(random: Random) -> _Lie:
    claimed, suffix = random.choice(_ABSURD), random.choice(("mkv", "webm"))
    film = Film() if suffix == "mkv" else _WEBM
    value = struct.pack(">d", claimed * 1000)
    return _Lie(
        f"{suffix} of {claimed} s",
        lambda to: patched(film.write(to / f"a.{suffix}"), lambda data: put(data, b"\x44\x89\x88", value)),
    )


def _tag(random: Random) -> _Lie:
    claimed = random.choice((b"00:15:04", b"99:59:59", b"00:00:00", b"00:00:01", b"xx:yy:zz"))

    def change(data: bytearray) -> None:
        place = data.find(b"DURATION")
        while place > 0:
            at = data.index(b"00:00:0", place)
            data[at : at + 8] = claimed
            place = data.find(b"DURATION", place + 1)

    return _Lie(
        f"mkv with tags of {claimed.decode()}", lambda to: patched(Film().write(to / "a.mkv"), change)
    )


def _flash(random: Random) -> _Lie:
    value = struct.pack(">d", claimed := random.choice(_ABSURD))
    return _Lie(
        f"flv of {claimed} s",
        lambda to: patched(Film().write(to / "a.flv"), lambda data: put(data, b"duration\0", value)),
    )


def _movie(random: Random) -> _Lie:
    """MP4 has its length in the headers of the movie, of each track and of its media."""
    claimed = random.choice((0, 1, 700, 3_600_000, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF))
    box, skip = random.choice(((b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)))
    suffix = random.choice(("mp4", "mov"))
    value = struct.pack(">I", claimed)
    return _Lie(
        f"{suffix} with {claimed} in {box.decode()}",
        lambda to: patched(Film().write(to / f"a.{suffix}"), lambda data: put(data, box, value, skip=skip)),
    )


def _windows_media(random: Random) -> _Lie:
    claimed = random.choice((0, 1, 36_000, 10**9))
    value = struct.pack("<Q", claimed * 10_000_000)
    film = Film(video=("-c:v", "wmv2", "-q:v", "3"), audio=("-c:a", "wmav2"))
    return _Lie(
        f"wmv of {claimed} s",
        lambda to: patched(
            film.write(to / "a.wmv"),
            lambda data: put(data, _FILE_PROPERTIES, value, skip=_PLAY_DURATION_AT),
        ),
    )


def _avi(random: Random) -> _Lie:
    """AVI counts its frames in its main header and in that of each track."""
    claimed = random.choice((0, 1, 7, 100_000, 0x7FFFFFFF))
    header, skip = random.choice(((b"avih", 20), (b"strh", 36)))
    film = Film(video=("-c:v", "mpeg4", "-q:v", "3"), audio=("-c:a", "libmp3lame"))
    value = struct.pack("<I", claimed)
    return _Lie(
        f"avi with {claimed} in {header.decode()}",
        lambda to: patched(film.write(to / "a.avi"), lambda data: put(data, header, value, skip=skip)),
    )


def _chapters(random: Random) -> _Lie:
    end, suffix = random.choice((3, 30, 4000, 90_000)), random.choice(("mp4", "mkv", "mov"))

    def tell(to: Path) -> Path:
        text = to / "chapters.txt"
        text.write_text(f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND={end}\ntitle=One\n")
        plain, path = Film().write(to / "plain.mp4"), to / f"a.{suffix}"
        ffmpeg("-i", str(plain), "-i", str(text), "-map_metadata", "1", "-map", "0", "-c", "copy", str(path))
        return path

    return _Lie(f"{suffix} with a chapter to {end} s", tell)


def _cue(random: Random) -> _Lie:
    hours, (suffix, codec) = (
        random.choice((1, 3, 10)),
        random.choice((("mkv", "subrip"), ("mp4", "mov_text"))),
    )

    def tell(to: Path) -> Path:
        words, path = to / "words.srt", to / f"a.{suffix}"
        late = f"{hours:02d}:00:00,000 --> {hours:02d}:00:01,000"
        words.write_text(f"1\n00:00:00,500 --> 00:00:01,500\nHello\n\n2\n{late}\nNo\n")
        plain = Film().write(to / "plain.mp4")
        inputs = ("-i", str(plain), "-i", str(words), "-map", "0", "-map", "1")
        ffmpeg(*inputs, "-c", "copy", "-c:s", codec, str(path))
        return path

    return _Lie(f"{suffix} with a cue at {hours} h", tell)


def _late(random: Random) -> _Lie:
    """A broadcast's clock turns over at 26.5 hours: times begin before it and end behind it."""
    suffix = random.choice(("mkv", "ts", "mpg", "flv"))
    starts = {"ts": (0.3, 3600.0, 90_000.0, 95_442.5, 95_443.2), "mpg": (0.3, 3600.0), "flv": (0.3, 3600.0)}
    start = random.choice(starts.get(suffix, (0.3, 3600.0, 90_000.0)))
    film = (
        Film(video=("-c:v", "mpeg2video", "-q:v", "3"), audio=("-c:a", "mp2")) if suffix == "mpg" else Film()
    )
    return _Lie(
        f"{suffix} that begins at {start} s",
        lambda to: film.write(to / f"a.{suffix}", "-output_ts_offset", str(start)),
    )


def _cut_in(random: Random) -> _Lie:
    """A broadcast of which the beginning of its first packet is lost, or with other bytes in front."""
    lost, junk = random.randrange(1, 188), random.choice((0, 0, 13, 700))

    def tell(to: Path) -> Path:
        path = Film().write(to / "a.ts")
        path.write_bytes(b"\xff" * junk + path.read_bytes()[lost:])
        return path

    return _Lie(f"ts without its first {lost} bytes, behind {junk} others", tell)


def _live(random: Random) -> _Lie:
    """As browsers record: no length, no index, sizes that are not told."""
    suffix = random.choice(("webm", "mkv"))
    film = Film() if suffix == "mkv" else _WEBM
    start = random.choice(("0", "0.7"))
    return _Lie(
        f"{suffix} live, from {start} s",
        lambda to: film.write(to / f"a.{suffix}", "-live", "1", "-output_ts_offset", start),
    )


def _damage(random: Random) -> _Lie:
    maker = random.choice(_DAMAGES)
    return _Lie(maker.__name__.removeprefix("make_"), maker, has_flag=False)
