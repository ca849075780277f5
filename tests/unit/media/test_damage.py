"""Damage is borne where profile or job say so; what it costs is counted, and what is missing is filled."""

from dataclasses import replace
from pathlib import Path

import pytest

from media.encode.damage import missing_frames, picture_loss, sound_loss
from media.inspect.packets import StreamTimes
from media.inspect.probe import Source
from media.plan.overrides import NO_OVERRIDES, Overrides
from media.plan.plan import make_plan
from media.tools.command import Command, Tool, compile_ffmpeg, discard, read, tolerant
from media.tools.errors import DamagedInputError, ErrorCode
from media.tools.limits import Budget, Limits
from media.tools.session import Session
from profiles import LadderProfile, get_profile
from tests.unit.media.test_plan import SOURCE, WEB

TIMES = {
    0: StreamTimes(packets=300, start_seconds=0, end_seconds=10, usual_step_seconds=1 / 30),
    1: StreamTimes(packets=500, start_seconds=0, end_seconds=10, usual_step_seconds=0.02),
}
MEASURED = replace(SOURCE, times=TIMES)
KEEP = Overrides(damage="keep")


def _session(*, keeps_damage: bool) -> Session:
    limits = Limits()
    return Session(workdir=Path(), limits=limits, budget=Budget(60), threads=1, keeps_damage=keeps_damage)


@pytest.mark.parametrize(
    ("of_profile", "of_job", "kept"),
    [
        ("refuse", None, False),
        ("refuse", "keep", True),
        ("keep", None, True),
        ("keep", "refuse", False),
    ],
)
def test_the_word_of_a_job_goes_before_that_of_its_profile(
    of_profile: str, of_job: str | None, kept: bool
) -> None:
    profile = LadderProfile.model_validate(WEB.model_dump() | {"damage": of_profile})
    overrides = Overrides(damage="keep" if of_job == "keep" else "refuse" if of_job else None)

    assert overrides.keeps_damage(profile) is kept


def test_what_is_copied_and_single_pictures_are_never_kept_with_their_damage() -> None:
    kept = {name for name in ("web", "h264-to-hevc", "audio", "thumbnails", "passthrough", "image")
            if KEEP.keeps_damage(get_profile(name))}  # fmt: skip

    assert kept == {"web", "h264-to-hevc", "audio", "thumbnails"}


def test_damage_is_raised_by_default_and_told_once_where_it_is_borne() -> None:
    error = DamagedInputError(ErrorCode.INPUT_TRUNCATED, "Cut.", "Again.", {"missing_bytes": 7})
    with pytest.raises(DamagedInputError):
        _session(keeps_damage=False).bear(error)

    session = _session(keeps_damage=True)
    session.bear(error)
    session.bear(DamagedInputError(ErrorCode.INPUT_TRUNCATED, "Cut.", "Again.", {"lost_seconds": 1.5}))

    assert [(one.code.value, one.message, one.facts) for one in session.warnings] == [
        ("SOURCE_DAMAGED", "Cut.", {"missing_bytes": 7})
    ]


def test_a_tolerant_ffmpeg_ends_at_no_number_of_errors_and_names_each() -> None:
    opened = read(SOURCE.media, Limits())
    quiet = tolerant(compile_ffmpeg("a", [discard([opened["0"]])], threads=1))
    talkative = tolerant(compile_ffmpeg("a", [discard([opened["0"]])], threads=1, talkative=True))

    assert quiet.arguments[:2] == talkative.arguments[:2] == ("-max_error_rate", "1")
    assert quiet.arguments[quiet.arguments.index("-loglevel") + 1] == "repeat+warning"
    assert talkative.arguments[talkative.arguments.index("-loglevel") + 1] == "level+info"
    packager = Command(step="p", tool=Tool.PACKAGER, arguments=("--quiet",))
    assert tolerant(packager) == packager


def test_lost_pictures_are_told_in_seconds_and_none_are_not_told() -> None:
    (told,) = picture_loss(1.2345)

    assert told.facts == {"lost_seconds": 1.234}
    assert told.message.startswith("About 1.23 seconds of the picture")
    assert picture_loss(0.0) == ()


def test_lost_sound_is_told_in_seconds_or_in_packets_where_these_are_not_known() -> None:
    (told,) = sound_loss({1: 50}, TIMES)
    assert told.facts == {"track": 2, "damaged_packets": 50, "lost_seconds": 1.0}
    (told,) = sound_loss({1: 50}, None)
    assert told.facts == {"track": 2, "damaged_packets": 50}
    assert told.message.startswith("50 packets of the sound")


@pytest.mark.parametrize(
    ("source", "frames", "missing"),
    [
        (MEASURED, 300, 0),
        (MEASURED, 294, 0),
        (MEASURED, 240, 60),
        (MEASURED, 0, 0),
        (SOURCE, 240, 0),
    ],
    ids=["whole", "nearly", "early", "nothing", "not measured"],
)
def test_only_measured_packets_promise_frames_behind_the_last_one(
    source: Source, frames: int, missing: int
) -> None:
    assert missing_frames(source, make_plan(source, WEB), frames) == missing


@pytest.mark.parametrize(("overrides", "filled"), [(NO_OVERRIDES, None), (KEEP, 10.0)])
def test_sound_that_may_break_off_is_filled_up_to_the_end(overrides: Overrides, filled: float | None) -> None:
    plan = make_plan(MEASURED, WEB, overrides)

    assert plan.audios[0].fill_seconds == filled
