"""Makes the sound of a source: AAC for streaming and for download, Opus, and a picture of the wave."""

from dataclasses import replace
from pathlib import Path

from media.encode import audio_commands
from media.encode.audio import EncodedAudio, encode_audio
from media.encode.encode import tolerance_seconds
from media.inspect.inspection import inspect_audio
from media.inspect.refusals import explain
from media.plan.overrides import NO_OVERRIDES, Overrides, plan_trim
from media.plan.seeking import reach_audio_trim
from media.plan.tracks import choose_audios, left_out
from media.produce.package_audio import OPUS_NAME, package_audio
from media.produce.production import Made, Stage, Stages
from media.produce.verify_audio import list_audio, verify_audio
from media.tools.errors import DamagedInputError, ErrorCode, InvalidInputError, ToolFailedError
from media.tools.session import Session
from profiles import AudioProfile


def make_audio(
    session: Session, path: Path, profile: AudioProfile, stages: Stages, overrides: Overrides = NO_OVERRIDES
) -> Made:
    """Make and check everything that an audio profile promises.

    Raises:
        InvalidInputError: There is no usable sound, or the file is cut short.
    """
    with stages.during(Stage.INSPECTING):
        source = inspect_audio(session, path)
        session.warn(*left_out(source.audios, profile.audio.max_tracks))
        trim = plan_trim(overrides.trim, source.duration_seconds)
        expected = trim.length(source.declared_seconds) if trim else source.declared_seconds
        tracks = tuple(replace(track, trim=trim) for track in choose_audios(source.audios, profile.audio))
        tracks = reach_audio_trim(session, source, tracks)
    with stages.during(Stage.ENCODING):
        watch = stages.by_time(expected)
        try:
            encoded = encode_audio(session, source, tracks, profile.audio, watch)
            _check_whole(session, encoded, expected)
            main = tracks[0]
            session.produce(
                audio_commands.encode_opus(
                    encoded.media or source.media,
                    encoded.readable[0],
                    profile,
                    encoded.corrections.get(main.name),
                    path=session.workdir / OPUS_NAME,
                    limits=session.limits,
                ),
                outputs=1,
            )
        except ToolFailedError as error:
            raise explain(error, session.limits) from error
    with stages.during(Stage.PACKAGING):
        packaged = package_audio(session, encoded, profile)
    with stages.during(Stage.VERIFYING):
        checked = verify_audio(session, packaged, encoded, profile)
        files = list_audio(packaged, encoded, checked)
    return Made(technical=source.technical(), files=files)


def _check_whole(session: Session, encoded: EncodedAudio, declared: float | None) -> None:
    if encoded.seconds <= 0:
        raise InvalidInputError(
            ErrorCode.INPUT_UNREADABLE,
            "No sound could be decoded from the file.",
            "Check that the file plays, export it again, and upload the new file.",
        )
    if declared is not None and declared - encoded.seconds > tolerance_seconds(declared):
        message = (
            f"Only {encoded.seconds:.2f} of the expected {declared:.2f} seconds of sound could be decoded."
        )
        remedy = "Upload the complete file again; if it is complete, export it again."
        lost = {"lost_seconds": round(declared - encoded.seconds, 3)}
        session.bear(DamagedInputError(ErrorCode.INPUT_TRUNCATED, message, remedy, lost))
