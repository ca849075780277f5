"""Sound shorter than what loudness is measured in, quieter than its gate, and with few moments above it."""

from pathlib import Path
from random import Random
from typing import Final

from tests.corpus.film import flag
from tests.corpus.member import Member, Right, Tone
from tests.media import ffmpeg

_SOUNDS: Final = {
    "wav": ("-c:a", "pcm_s16le"),
    "flac": ("-c:a", "flac"),
    "ogg": ("-c:a", "libvorbis"),
    "mp3": ("-c:a", "libmp3lame"),
    "m4a": ("-c:a", "aac"),
    "aiff": ("-c:a", "pcm_s16be"),
    "wv": ("-c:a", "wavpack"),
    "opus": ("-c:a", "libopus"),
}
_EXACT: Final = frozenset({"wav", "flac", "aiff", "wv"})
"""Hold every sample and no more."""
_HEARD_SECONDS: Final = 0.15


def draw(random: Random) -> Member:
    """A sound that is hard to measure, alone or with a picture."""
    return random.choice((_short, _short, _quiet, _gated))(random)


def _tone(hertz: int, seconds: float, rate: int, channels: int, volume: str) -> tuple[str, ...]:
    source = f"sine=frequency={hertz}:sample_rate={rate}:duration={seconds},volume={volume}"
    return ("-f", "lavfi", "-i", source, "-ac", str(channels))


def _short(random: Random) -> Member:
    suffix, hertz = random.choice(list(_SOUNDS)), random.choice((440, 1000))
    seconds = random.choice((0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.39, 0.4, 0.41, 0.9, 2.9, 3.1))
    rate, channels = random.choice((8000, 22_050, 44_100, 48_000)), random.choice((1, 2))
    rate = 48_000 if suffix == "opus" else rate
    tones = (Tone(hertz=hertz, start=0.02, end=seconds - 0.02),) if seconds >= _HEARD_SECONDS else ()

    def make(to: Path) -> Path:
        path = to / f"a.{suffix}"
        ffmpeg(*_tone(hertz, seconds, rate, channels, "0dB"), *_SOUNDS[suffix], str(path))
        return path

    lenient = 0.05 if suffix in _EXACT else 0.16
    return Member(
        name=f"{suffix} of {seconds} s, {rate} Hz, {channels} channels",
        make=make,
        right=Right(seconds=seconds, lenient_seconds=lenient, tracks=1, tones=tones),
        profile="audio",
    )


def _quiet(random: Random) -> Member:
    """Around the gate of -70 LUFS."""
    level, suffix = random.choice((-90, -75, -70, -66, -60, -50, -40)), random.choice(("wav", "flac", "aiff"))
    profile = random.choice(("audio", "web"))

    def make(to: Path) -> Path:
        sound = _tone(440, 1.5, 48_000, 1, f"{level}dB")
        if profile == "audio":
            ffmpeg(*sound, *_SOUNDS[suffix], str(to / f"a.{suffix}"))
            return to / f"a.{suffix}"
        ffmpeg(*flag("160x90", "25", 1.5), *sound, "-c:v", "mpeg4", "-c:a", "pcm_s24le", str(to / "a.mkv"))
        return to / "a.mkv"

    name = f"{suffix if profile == 'audio' else 'mkv'} {level} dB below a tone, {profile}"
    return Member(name=name, make=make, right=Right(seconds=1.5, tracks=1), profile=profile)


def _gated(random: Random) -> Member:
    """Silence with moments of sound: the gate opens for a few blocks or for none."""
    every, lasts = random.choice((0.5, 1.0, 2.0)), random.choice((0.005, 0.02, 0.1))
    level, hertz = random.choice((0.02, 0.3, 0.99)), random.choice((440, 1000))

    def make(to: Path) -> Path:
        wave = f"{level}*sin({hertz}*2*PI*t)*lt(mod(t\\,{every})\\,{lasts})"
        ffmpeg("-f", "lavfi", "-i", f"aevalsrc={wave}:sample_rate=48000:duration=3", str(to / "a.wav"))
        return to / "a.wav"

    return Member(
        name=f"wav with {lasts} s of sound at {level} every {every} s",
        make=make,
        right=Right(seconds=3.0, tracks=1),
        profile="audio",
    )
