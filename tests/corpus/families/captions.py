"""Captions in the picture: whole and named in the playlist, or gone and named nowhere."""

from pathlib import Path
from random import Random
from typing import Final

from media.package.captions import caption_channels
from tests.corpus.film import AAC, beep, flag
from tests.corpus.member import Member, Right
from tests.corpus.outcome import Outcome
from tests.media import ffmpeg
from tests.picture_sources import make_captions

_SAME_RATES: Final = ("24", "25", "30000/1001", "30", "50", "60")
_HALVED_RATES: Final = ("100", "120")
_PICTURE: Final = b"\0\0\1\0"
_SLICE: Final = b"\0\0\1\1"
_PAIRS: Final = ((0x94, 0x20), (0x94, 0xAE), (0x94, 0x70), (0xC8, 0xE9), (0x94, 0x2F), (0x80, 0x80))


def draw(random: Random) -> Member:
    """A captioned film in some container at some rate, for some profile."""
    kind, profile = (
        random.choice((_h264, _h264, _mpeg2)),
        random.choice(("web", "web", "web-hevc", "hevc-to-h264")),
    )
    return kind(random, profile)


def _more(outcome: Outcome, *, kept: bool) -> list[str]:
    """What the pictures hold must be what the playlist says."""
    files = outcome.files("rendition", "download")
    held = {channel for file in files for channel in caption_channels(file.path)}
    playlists = [file.path.read_text() for file in outcome.files("manifest") if file.name == "hls"]
    named = "INSTREAM-ID" in playlists[0] if playlists else bool(held)
    wrong = [] if bool(held) == kept else [f"holds the captions {sorted(held)}"]
    return wrong + (
        [] if named == bool(held) else [f"holds {sorted(held)} and names {'some' if named else 'none'}"]
    )


def _h264(random: Random, profile: str) -> Member:
    rate, suffix = random.choice((*_SAME_RATES, *_HALVED_RATES)), random.choice(("ts", "mp4", "mkv", "mov"))
    kept = rate in _SAME_RATES and profile != "web-hevc"

    def make(to: Path) -> Path:
        captioned = make_captions(to, rate)
        path = to / f"a.{suffix}"
        ffmpeg("-i", str(captioned), *beep(440, 2), "-map", "0", "-map", "1", "-c:v", "copy", *AAC, str(path))
        return path

    return Member(
        name=f"{suffix} h264 at {rate} for {profile}",
        make=make,
        right=Right(seconds=2.0, said=() if kept else ("CAPTIONS_LEFT_OUT",)),
        profile=profile,
        more=lambda outcome: _more(outcome, kept=kept),
    )


def _mpeg2(random: Random, profile: str) -> Member:
    """MPEG-2 has them in the user data of each picture."""
    rate = random.choice(("25", "30000/1001", "30"))
    kept = profile != "web-hevc"

    def make(to: Path) -> Path:
        plain, path = to / "plain.m2v", to / "a.ts"
        ffmpeg(*flag("320x180", rate), "-c:v", "mpeg2video", "-q:v", "3", "-bf", "0", str(plain))
        (to / "b.m2v").write_bytes(_with_user_data(plain.read_bytes()))
        ffmpeg("-fflags", "+genpts", "-r", rate, "-i", str(to / "b.m2v"), "-c", "copy", str(path))
        return path

    return Member(
        name=f"ts mpeg2 at {rate} for {profile}",
        make=make,
        right=Right(seconds=2.0, said=() if kept else ("CAPTIONS_LEFT_OUT",)),
        profile=profile,
        more=lambda outcome: _more(outcome, kept=kept),
    )


def _with_user_data(data: bytes) -> bytes:
    """Put a pair of bytes for field 1 in front of the first slice of each picture (ATSC A/53 Part 4)."""
    out, place, number = bytearray(), 0, 0
    while (picture := data.find(_PICTURE, place)) >= 0:
        first = data.index(_SLICE, picture)
        pair = bytes((0xFC, *_PAIRS[number % len(_PAIRS)], 0xF9, 0x80, 0x80))
        out += data[place:first] + b"\0\0\1\xb2GA94\x03\x42\xff" + pair + b"\xff"
        place, number = first, number + 1
    return bytes(out + data[place:])
