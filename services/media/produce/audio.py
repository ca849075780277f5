"""Makes the sound of a source: AAC for streaming and for download, Opus, and a picture of the wave."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from ledger.states import ErrorCode, Stage
from media.encode import audio_commands, encode_commands
from media.encode.audio import EncodedAudio, encode_audio
from media.encode.encode import tolerance_seconds
from media.inspect.probe_audio import inspect_sound
from media.inspect.refusals import explain
from media.package.package import correct_master
from media.plan.overrides import NO_WISHES, Wishes, plan_cut
from media.plan.seeking import reach_sound
from media.plan.tracks import choose_audios
from media.produce.production import Made, Stages
from media.produce.verify_audio import list_sound, verify_sound
from media.tools.errors import InvalidInputError, ToolFailedError
from media.tools.session import Session
from profiles import AudioProfile

_OPUS_NAME: Final = "sound.opus"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedSound:
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


def make_audio(
    session: Session, path: Path, profile: AudioProfile, stages: Stages, wishes: Wishes = NO_WISHES
) -> Made:
    """Make and check everything that an audio profile promises.

    Raises:
        InvalidInputError: There is no usable sound, or the file is cut short.
    """
    with stages.during(Stage.INSPECTING):
        source = inspect_sound(session, path)
        cut = plan_cut(wishes.trim, source.duration_seconds)
        expected = cut.length(source.declared_seconds) if cut else source.declared_seconds
        tracks = tuple(replace(track, cut=cut) for track in choose_audios(source.audios, profile.audio))
        tracks = reach_sound(session, source, tracks)
    with stages.during(Stage.ENCODING):
        watch = stages.by_time(expected)
        try:
            encoded = encode_audio(session, source, tracks, profile.audio, watch)
            _check_whole(encoded, expected)
            main = tracks[0]
            session.produce(
                audio_commands.encode_opus(
                    source.media,
                    main,
                    profile,
                    encoded.corrections.get(main.name),
                    path=session.workdir / _OPUS_NAME,
                    limits=session.limits,
                ),
                outputs=1,
            )
        except ToolFailedError as error:
            raise explain(error, session.limits) from error
    with stages.during(Stage.PACKAGING):
        packaged = _package(session, encoded, profile)
    with stages.during(Stage.VERIFYING):
        checked = verify_sound(session, packaged, encoded, profile)
        files = list_sound(packaged, encoded, checked)
    return Made(technical=source.technical(), files=files)


def _check_whole(encoded: EncodedAudio, declared: float | None) -> None:
    if encoded.seconds <= 0:
        raise InvalidInputError(
            ErrorCode.INPUT_UNREADABLE,
            "No sound could be decoded from the file.",
            "Check that the file plays, export it again, and upload the new file.",
        )
    if declared is not None and declared - encoded.seconds > tolerance_seconds(declared):
        raise InvalidInputError(
            ErrorCode.INPUT_TRUNCATED,
            f"Only {encoded.seconds:.2f} of the expected {declared:.2f} seconds of sound could be decoded.",
            "Upload the complete file again; if it is complete, export it again.",
        )


def _package(session: Session, encoded: EncodedAudio, profile: AudioProfile) -> PackagedSound:
    directory = session.workdir / "output"
    directory.mkdir()
    packaged = PackagedSound(
        directory=directory,
        audios={track.name: directory / f"{track.name}.mp4" for track, _ in encoded.tracks},
        download=directory / "download.m4a",
        opus=(session.workdir / _OPUS_NAME).rename(directory / _OPUS_NAME),
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
