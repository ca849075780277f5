"""Command lines that measure and encode the sound. Pure, built on `processor.command`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from processor.command import Command, MediaInput, compile_ffmpeg, discard, own_output, read, write
from processor.encode_commands import language_tag, source_options
from processor.limits import Limits
from processor.loudness import Correction, Method
from processor.tracks import PlannedAudio
from profiles import AudioSettings

_LAYOUTS: Final = {1: "mono", 2: "stereo", 6: "5.1"}
_SURROUND_RATE_FACTOR: Final = 3
_TRUE_PEAK_OVERSAMPLING: Final = 4


def measure_audio(
    source: MediaInput, tracks: Sequence[PlannedAudio], settings: AudioSettings, limits: Limits
) -> Command:
    """First pass: measure all tracks at once, in the layout in which they will be encoded."""
    opened = read(source, limits, **source_options(limits, 1))
    streams = [
        _measured(_prepared(opened, track, settings), position) for position, track in enumerate(tracks)
    ]
    return compile_ffmpeg("measure-audio", [discard(streams)], threads=1, talkative=True)


def encode_audio(
    source: MediaInput,
    tracks: Sequence[PlannedAudio],
    settings: AudioSettings,
    corrections: Mapping[str, Correction],
    *,
    directory: Path,
    limits: Limits,
) -> Command:
    """Encode all tracks in one process.

    Args:
        source: The source.
        tracks: What to make; each becomes `sound_<name>.mp4` in `directory`.
        settings: Codec and rate.
        corrections: What brings each track to the wanted level, by its name; empty to leave the level alone.
        directory: Where the files go.
        limits: Ceilings of the source.
    """
    opened = read(source, limits, **source_options(limits, 1))
    outputs = []
    for track in tracks:
        sound = _prepared(opened, track, settings)
        if track.name in corrections:
            sound = _corrected(sound, corrections[track.name], settings)
        outputs.append(write([sound], audio_file(directory, track), **_options(track, settings)))
    return compile_ffmpeg("encode-audio", outputs, threads=1, progress=True)


def measure_outputs(paths: Sequence[Path], limits: Limits) -> Command:
    """Decode finished tracks whole and measure them as people will hear them."""
    streams = [
        _measured(read(own_output(path), limits, threads="1")["a:0"], position)
        for position, path in enumerate(paths)
    ]
    return compile_ffmpeg("verify-sound", [discard(streams)], threads=1, talkative=True)


def audio_file(directory: Path, track: PlannedAudio) -> Path:
    """Where the encoder puts a track before packaging."""
    return directory / f"sound_{track.name}.mp4"


def _prepared(opened: Any, track: PlannedAudio, settings: AudioSettings) -> Any:
    """Bring a track to its final rate and layout; silence fills the time before a late start.

    So the sound stays in step with the picture, and is measured as it will be heard.
    """
    sound = opened[str(track.stream.index)]
    sound = sound.filter("aresample", settings.sample_rate_hz, **{"async": 1, "first_pts": 0})
    return sound.filter("aformat", channel_layouts=_LAYOUTS[track.channels])


def _measured(sound: Any, position: int) -> Any:
    return sound.filter(f"ebur128@track{position}", peak="true", framelog="verbose")


def _corrected(sound: Any, correction: Correction, settings: AudioSettings) -> Any:
    if correction.method is Method.SILENCE:
        return sound
    raised = sound.filter("volume", f"{correction.gain_db:.3f}dB", precision="double")
    if correction.method is Method.GAIN:
        return raised
    # The limiter sees samples only; at four times the rate the peaks between them become samples too.
    ceiling = 10 ** (correction.settings.max_true_peak_dbtp / 20)
    fine = raised.filter("aresample", settings.sample_rate_hz * _TRUE_PEAK_OVERSAMPLING)
    limited = fine.filter("alimiter", limit=f"{ceiling:.4f}", level="false", latency="true")
    return limited.filter("aresample", settings.sample_rate_hz)


def _options(track: PlannedAudio, settings: AudioSettings) -> dict[str, str]:
    factor = _SURROUND_RATE_FACTOR if track.channels > 2 else 1
    return {
        "c:a": settings.codec,
        "b:a": f"{settings.bitrate_kbps * factor}k",
        "ar": str(settings.sample_rate_hz),
        **language_tag(track.stream),
    }
