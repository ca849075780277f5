"""Command lines that measure and encode the sound. Pure, built on `media.tools.command`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from media.encode.encode_commands import language_tag, source_options
from media.encode.loudness import Correction, Method
from media.plan.tracks import PlannedAudio
from media.tools.command import Command, MediaInput, compile_ffmpeg, discard, own_output, read, write
from media.tools.limits import Limits
from profiles import AudioProfile, AudioSettings, WaveformSettings

LAYOUTS: Final = {1: "mono", 2: "stereo", 6: "5.1"}
_SURROUND_RATE_FACTOR: Final = 3
_TRUE_PEAK_OVERSAMPLING: Final = 4


def measure_audio(
    source: MediaInput, tracks: Sequence[PlannedAudio], settings: AudioSettings, limits: Limits
) -> Command:
    """First pass: measure all tracks at once, in the layout in which they will be encoded."""
    opened = read(source, limits, **source_options(limits, 1, tracks[0].trim))
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
    opened = read(source, limits, **source_options(limits, 1, tracks[0].trim))
    outputs = []
    for track in tracks:
        sound = _prepared(opened, track, settings)
        if track.name in corrections:
            sound = _corrected(sound, corrections[track.name], settings)
        outputs.append(write([sound], audio_file(directory, track), **_options(track, settings)))
    return compile_ffmpeg("encode-audio", outputs, threads=1, progress=True)


def measure_outputs(files: Sequence[MediaInput], limits: Limits) -> Command:
    """Decode finished tracks whole and measure them as people will hear them."""
    streams = [
        # Counted anew: times that a copied track has from its source are no fault of its sound.
        _measured(read(file, limits, threads="1")["a:0"].filter("asetpts", "N/SR/TB"), position)
        for position, file in enumerate(files)
    ]
    return compile_ffmpeg("verify-sound", [discard(streams)], threads=1, talkative=True)


def encode_opus(
    source: MediaInput,
    track: PlannedAudio,
    profile: AudioProfile,
    correction: Correction | None,
    *,
    path: Path,
    limits: Limits,
) -> Command:
    """Encode one track a second time, as Ogg Opus, from the source and not from the lossy first result."""
    sound = _prepared(read(source, limits, **source_options(limits, 1, track.trim)), track, profile.audio)
    if correction is not None:
        sound = _corrected(sound, correction, profile.audio)
    factor = _SURROUND_RATE_FACTOR if track.channels > 2 else 1
    options = {"c:a": "libopus", "b:a": f"{profile.opus.bitrate_kbps * factor}k", "ar": "48000", "f": "ogg"}
    return compile_ffmpeg("encode-opus", [write([sound], path, **options)], threads=1)


def join_tracks(tracks: Sequence[tuple[PlannedAudio, Path]], path: Path, limits: Limits) -> Command:
    """Join all tracks in one progressive file, its index in front; nothing is encoded."""
    streams, languages = [], {}
    for position, (track, file) in enumerate(tracks):
        streams.append(read(own_output(file), limits)["a:0"])
        languages.update(language_tag(track.stream, position))
    output = write(streams, path, c="copy", movflags="+faststart", f="ipod", **languages)
    return compile_ffmpeg("join-tracks", [output], threads=1)


def waveform(sound: Path, path: Path, settings: WaveformSettings, limits: Limits) -> Command:
    """Draw the whole track as one curve of its peaks, all channels in one, on a transparent ground."""
    mono = read(own_output(sound), limits, threads="1")["a:0"].filter("aformat", channel_layouts="mono")
    size = f"{settings.width_pixels}x{settings.height_pixels}"
    # Of fewer samples than columns nothing would be drawn at all.
    mono = mono.filter("apad", whole_len=2 * settings.width_pixels)
    picture = mono.filter("showwavespic", s=size, colors=settings.colour, scale="sqrt", filter="peak")
    options = {"frames:v": "1", "c:v": "png", "f": "image2", "update": "1"}
    return compile_ffmpeg("waveform", [write([picture], path, **options)], threads=1)


def audio_file(directory: Path, track: PlannedAudio) -> Path:
    """Where the encoder puts a track before packaging."""
    return directory / f"sound_{track.name}.mp4"


def _prepared(opened: Any, track: PlannedAudio, settings: AudioSettings) -> Any:
    """Bring a track to its final rate and layout; silence fills the time before a late start.

    So the sound stays in step with the picture, and is measured as it will be heard.
    """
    sound, seek = opened[str(track.stream.index)], track.trim.seek if track.trim else None
    # After a seek nothing fills the time before: the silence of hours would be held in memory.
    first = int(seek.first_seconds) if seek else 0
    start = {"async": 1, "first_pts": first * settings.sample_rate_hz}
    sound = sound.filter("aresample", settings.sample_rate_hz, **start)
    sound = sound.filter("aformat", channel_layouts=LAYOUTS[track.channels])
    if track.fill_seconds is not None and (track.trim is None or track.trim.end is None):
        sound = sound.filter("apad", whole_dur=f"{track.fill_seconds - first:.6f}")
    if track.trim is None:
        return sound
    end = {}
    if track.trim.end is not None:
        # Sound that ends earlier than the picture goes on as silence, so that the part is always as long.
        end = {"end": f"{float(track.trim.end):.6f}"}
        sound = sound.filter("apad", whole_dur=f"{float(track.trim.end) - first:.6f}")
    return sound.filter("atrim", start=f"{float(track.trim.start):.6f}", **end).filter(
        "asetpts", "PTS-STARTPTS"
    )


def _measured(sound: Any, position: int) -> Any:
    return sound.filter(f"ebur128@track{position}", peak="true", framelog="verbose")


def _corrected(sound: Any, correction: Correction, settings: AudioSettings) -> Any:
    if correction.method in {Method.SILENCE, Method.UNMEASURABLE}:
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
