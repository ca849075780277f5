"""Checks every output before it is published: by probing, decoding, measuring, and against its manifests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from media.encode.encode import Encoded
from media.encode.loudness import CorrectedLoudness
from media.package.package import Packaged
from media.plan.plan import Plan
from media.tools.command import own_output
from media.tools.session import Session
from media.verify.audio import loudness_check
from media.verify.error import fail
from media.verify.files import (
    CheckedFile,
    audio_check,
    check_scrub_track,
    check_subtitles,
    download_check,
    picture_check,
    rendition_check,
)
from media.verify.manifests import check_manifests
from media.verify.picture import Likeness, check_picture_facts, likeness_checks
from profiles import VerificationSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What the checks found, for the records of the outputs.

    Attributes:
        files: By output name (`720p`, `audio`, `mp4`, `poster`, `sprite`).
        likeness: Compared samples of each rendition; empty where none were kept.
        loudness: Each track of sound before and after; empty where the profile leaves the level alone.
    """

    files: Mapping[str, CheckedFile]
    likeness: Mapping[str, Likeness] = field(default_factory=dict)
    loudness: Mapping[str, CorrectedLoudness] = field(default_factory=dict)


def verify(
    session: Session, packaged: Packaged, plan: Plan, encoded: Encoded, settings: VerificationSettings
) -> Verified:
    """Check all outputs.

    Args:
        session: The job's shared state.
        packaged: The files.
        plan: What was to be made.
        encoded: What the encoders reported.
        settings: How much is decoded, and the floors of quality.

    Raises:
        ProcessingFailedError: An output is not what it must be; the message holds the numbers.
    """
    check_picture_facts(encoded.picture, encoded.video_seconds, settings)
    checks = _file_checks(session, packaged, plan, encoded, settings)
    workers = session.threads + 1
    checked = dict(zip(checks, session.together(*checks.values(), workers=workers), strict=True))
    _check_alignment({name: checked[name] for name in packaged.renditions})
    for path in packaged.texts.values():
        check_subtitles(path, encoded.video_seconds)
    check_scrub_track(packaged, plan, encoded.video_seconds)
    check_manifests(packaged, plan, {name: item.duration_seconds for name, item in checked.items()})
    # What people see and hear is measured last: a file that is broken says so more clearly above.
    likeness = likeness_checks(session, packaged, plan, encoded, settings)
    tracks = {name: own_output(path) for name, path in packaged.audios.items()}
    sound = loudness_check(session, tracks, encoded.audio.corrections, encoded.audio.seconds)
    tasks: list[Callable[[], Any]] = [*likeness.values(), sound]
    *likenesses, loudness = session.together(*tasks, workers=workers)
    return Verified(files=checked, likeness=dict(zip(likeness, likenesses, strict=True)), loudness=loudness)


def _file_checks(
    session: Session, packaged: Packaged, plan: Plan, encoded: Encoded, settings: VerificationSettings
) -> dict[str, Callable[[], CheckedFile]]:
    checks = {
        rung.name: rendition_check(
            session, packaged.renditions[rung.name], plan, rung, encoded.frames, settings.decode
        )
        for rung in plan.rungs
    }
    for track in plan.audios:
        checks[track.name] = audio_check(session, packaged.audios[track.name], track, copied=plan.copied)
    checks["mp4"] = download_check(session, packaged, plan, encoded.video_seconds)
    checks["poster"] = picture_check(session, packaged.poster)
    checks["sprite"] = picture_check(session, packaged.sprite, plan.sprite.sheet_size)
    return checks


def _check_alignment(renditions: Mapping[str, CheckedFile]) -> None:
    if len({item.keyframe_seconds for item in renditions.values()}) != 1:
        counts = ", ".join(f"{name} has {len(item.keyframe_seconds)}" for name, item in renditions.items())
        fail(f"The keyframes of the renditions do not lie at the same times: {counts}.")
