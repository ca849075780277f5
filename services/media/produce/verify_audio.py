"""Checks and describes the outputs of an audio profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from media.encode.audio import EncodedAudio
from media.encode.encode import tolerance_seconds
from media.encode.loudness import CorrectedLoudness
from media.inspect.ffprobe import StreamDocument
from media.package.playlists import DashManifest, ManifestError, read_dash, read_master, read_media
from media.produce.catalogue import ProducedFile
from media.produce.package_audio import PackagedAudio
from media.tools.command import MediaInput, own_output
from media.tools.session import Session
from media.verify.audio import loudness_check
from media.verify.error import fail, failure
from media.verify.manifests import check_media, check_range
from media.verify.readback import read_back, read_picture
from profiles import AudioProfile

_SAMPLE_SECONDS: Final = 20.0
_HLS_TYPE: Final = "application/vnd.apple.mpegurl"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAudio:
    """What reading the files back showed.

    Attributes:
        tracks: The stream of every CMAF track, by name.
        loudness: Of every track and of the Opus file, by output name; empty where the level is left alone.
    """

    tracks: Mapping[str, StreamDocument]
    download: StreamDocument
    opus: StreamDocument
    waveform: StreamDocument
    dash: DashManifest
    loudness: Mapping[str, CorrectedLoudness]


def verify_audio(
    session: Session, packaged: PackagedAudio, encoded: EncodedAudio, profile: AudioProfile
) -> CheckedAudio:
    """Check all files.

    Raises:
        ProcessingFailedError: An output is not what it must be.
    """
    tracks = {}
    for track, _ in encoded.tracks:
        path = packaged.audios[track.name]
        stream = _sound(session, own_output(path), ["audio"], encoded.seconds)
        if stream.codec_name != "aac" or stream.channels != track.channels:
            fail(f"{path.name} holds {stream.codec_name} sound with {stream.channels} channels.")
        tracks[track.name] = stream
    opus = _opus(packaged.opus)
    main = encoded.tracks[0][0].name
    corrections = dict(encoded.corrections)
    if main in corrections:
        corrections["opus"] = corrections[main]
    finished = {name: own_output(path) for name, path in packaged.audios.items()}
    loudness = loudness_check(session, {**finished, "opus": opus}, corrections, encoded.seconds)
    wave = profile.waveform
    return CheckedAudio(
        tracks=tracks,
        download=_sound(
            session, own_output(packaged.download), ["audio"] * len(encoded.tracks), encoded.seconds
        ),
        opus=_sound(session, opus, ["audio"], encoded.seconds),
        waveform=read_picture(session, packaged.waveform, (wave.width_pixels, wave.height_pixels)),
        dash=_check_manifests(packaged, {name: stream.duration or 0.0 for name, stream in tracks.items()}),
        loudness=loudness(),
    )


def list_audio(packaged: PackagedAudio, encoded: EncodedAudio, checked: CheckedAudio) -> list[ProducedFile]:
    """Describe every file to publish: media first, the manifests that point at them last."""
    codecs = {item.index.uri: item.codecs for item in checked.dash.representations}
    main = encoded.tracks[0][0]
    files = []
    for track, _ in encoded.tracks:
        path = packaged.audios[track.name]
        details = _details(checked.tracks[track.name], track.stream.language)
        details["loudness"] = _loudness(checked.loudness.get(track.name))
        files.append(
            _file(
                path, track.name, "audio", "audio/mp4", checked.tracks[track.name], codecs[path.name], details
            )
        )
    single = (
        (packaged.download, "m4a", "audio/mp4", checked.download, codecs[packaged.audios[main.name].name]),
        (packaged.opus, "opus", "audio/ogg", checked.opus, "opus"),
    )
    for path, name, content_type, stream, codec in single:
        details = _details(stream, main.stream.language)
        details["loudness"] = _loudness(checked.loudness.get("opus" if name == "opus" else main.name))
        files.append(_file(path, name, "download", content_type, stream, codec, details))
    files.append(
        ProducedFile(
            path=packaged.waveform,
            name="waveform",
            kind="waveform",
            content_type="image/png",
            width=checked.waveform.width,
            height=checked.waveform.height,
        )
    )
    for name in packaged.audios:
        path = packaged.directory / f"{name}.m3u8"
        files.append(ProducedFile(path=path, name=path.name, kind="playlist", content_type=_HLS_TYPE))
    return [
        *files,
        ProducedFile(path=packaged.hls, name="hls", kind="manifest", content_type=_HLS_TYPE),
        ProducedFile(path=packaged.dash, name="dash", kind="manifest", content_type="application/dash+xml"),
    ]


def _opus(path: Path) -> MediaInput:
    return MediaInput(path=path, formats=("ogg",), codecs=("opus", "libopus"))


def _sound(session: Session, source: MediaInput, kinds: list[str], seconds: float) -> StreamDocument:
    stream = read_back(session, source, kinds=kinds, seconds=_SAMPLE_SECONDS)[0]
    lasts = stream.duration or 0.0
    if abs(lasts - seconds) > tolerance_seconds(seconds):
        fail(f"{source.path.name} lasts {lasts:.3f} seconds instead of {seconds:.3f}.")
    return stream


def _check_manifests(packaged: PackagedAudio, durations: Mapping[str, float]) -> DashManifest:
    try:
        for name, duration in durations.items():
            check_media(name, read_media(packaged.directory / f"{name}.m3u8"), packaged.directory, duration)
        master = read_master(packaged.hls)
        dash = read_dash(packaged.dash)
    except (ManifestError, ValueError) as error:
        raise failure(f"A manifest is not usable: {error}.") from error
    playlists = [f"{name}.m3u8" for name in packaged.audios]
    if list(master.audio_uris) != playlists or [item.uri for item in master.variants] != playlists[:1]:
        fail(f"The master playlist lists the sound as {list(master.audio_uris)}.")
    files = sorted(path.name for path in packaged.audios.values())
    if sorted(item.index.uri for item in dash.representations) != files or dash.audio_sets != len(files):
        fail("The DASH manifest does not list every track once.")
    for item in dash.representations:
        check_range("DASH", item.index, packaged.directory)
        check_range("DASH", item.initialization, packaged.directory)
    return dash


def _details(stream: StreamDocument, language: str | None) -> dict[str, Any]:
    return {"channels": stream.channels, "sample_rate_hz": stream.sample_rate, "language": language}


def _loudness(corrected: CorrectedLoudness | None) -> dict[str, Any] | None:
    return corrected.details() if corrected is not None else None


def _file(
    path: Path,
    name: str,
    kind: str,
    content_type: str,
    stream: StreamDocument,
    codec: str,
    details: dict[str, Any],
) -> ProducedFile:
    seconds = stream.duration or 0.0
    return ProducedFile(
        path=path,
        name=name,
        kind=kind,
        content_type=content_type,
        codec=codec,
        bitrate_kbps=round(path.stat().st_size * 8 / seconds / 1000) if seconds else None,
        duration_seconds=round(seconds, 3),
        details=details,
    )
