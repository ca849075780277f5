"""The files of an audio profile: streams for players, a download, Opus, and a picture of the wave."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from media.encode import audio_commands, encode_commands
from media.encode.audio import EncodedAudio
from media.package.bandwidth import write_rates
from media.package.package import correct_master
from media.tools.session import Session
from profiles import AudioProfile

OPUS_NAME: Final = "sound.opus"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedAudio:
    """The files of finished sound, all in one directory.

    Attributes:
        audios: CMAF file of every track by name, the main one first.
        download: All tracks in one progressive file.
        opus: The main track once more.
    """

    directory: Path
    audios: dict[str, Path]
    download: Path
    opus: Path
    waveform: Path
    hls: Path
    dash: Path


def package_audio(session: Session, encoded: EncodedAudio, profile: AudioProfile) -> PackagedAudio:
    """Package what was encoded, in the directory `output` of the scratch directory."""
    directory = session.workdir / "output"
    directory.mkdir()
    packaged = PackagedAudio(
        directory=directory,
        audios={track.name: directory / f"{track.name}.mp4" for track, _ in encoded.tracks},
        download=directory / "download.m4a",
        opus=(session.workdir / OPUS_NAME).rename(directory / OPUS_NAME),
        waveform=directory / "waveform.png",
        hls=directory / "master.m3u8",
        dash=directory / "manifest.mpd",
    )
    limits, main = session.limits, encoded.tracks[0][1]
    manifests = encode_commands.package_sound(encoded.tracks, Fraction(profile.segment_seconds), directory)
    joined = audio_commands.join_tracks(encoded.tracks, packaged.download, limits)
    drawn = audio_commands.waveform(main, packaged.waveform, profile.waveform, limits)
    session.together(
        lambda: session.produce(manifests, outputs=1),
        lambda: session.produce(joined, outputs=1),
        lambda: session.produce(drawn, outputs=1),
    )
    correct_master(packaged.hls)
    _keep_one_variant(packaged.hls)
    write_rates(packaged.hls, packaged.dash)
    for _, path in encoded.tracks:
        path.unlink()
    return packaged


def _keep_one_variant(master: Path) -> None:
    """The packager lists every language as a variant too, and players would take them for qualities."""
    lines = master.read_text(encoding="utf-8").splitlines()
    variants = [position for position, line in enumerate(lines) if line.startswith("#EXT-X-STREAM-INF")]
    dropped = {at for position in variants[1:] for at in (position, position + 1)}
    kept = [line for position, line in enumerate(lines) if position not in dropped]
    master.write_text("\n".join(kept) + "\n", encoding="utf-8")
