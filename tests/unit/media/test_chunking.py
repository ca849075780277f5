"""Which sources are cut into windows, which are not, and which are refused."""

from dataclasses import replace
from typing import get_args

import pytest

from media.containers.formats import FLASH, TRANSPORT_STREAM
from media.inspect.probe import Source
from media.plan.chunking import ChunkingRules, Decision, Estimate, decide, estimate
from media.plan.overrides import Overrides, Trim
from media.plan.plan import Plan, make_plan
from media.tools.errors import LimitExceededError
from profiles import VideoSettings
from tests.unit.media.test_plan import SOURCE, VIDEO, WEB

PROD = ChunkingRules(mode="auto", window_seconds=60, concurrency=40, task_seconds=1620, workflow_seconds=1800)
PRESET = "veryfast"


def decided(
    seconds: float | None, rules: ChunkingRules = PROD, vcpus: int = 4, **changes: object
) -> Decision:
    video = replace(VIDEO, duration_seconds=seconds)
    source = replace(SOURCE, video=video, duration_seconds=seconds, **changes)  # type: ignore[arg-type]
    return decide(source, make_plan(source, WEB), rules, PRESET, vcpus)


@pytest.mark.parametrize("seconds", [2.0, 20.0, 60.0])
def test_a_short_video_is_left_to_one_task(seconds: float) -> None:
    assert not decided(seconds).is_chunked


def test_a_task_start_must_pay() -> None:
    decision = decided(100.0, vcpus=16)

    assert not decision.is_chunked
    assert "would not pay" in decision.reasons[0]


def test_a_long_video_is_cut_and_the_reason_names_both_times() -> None:
    decision = decided(7200.0)

    assert decision.is_chunked
    assert len(decision.windows) == 120
    told = decision.facts()
    assert told["mode"] == "chunked"
    assert told["estimate"]["vcpu_seconds"] > 10_000
    assert str(told["estimate"]["chunked_seconds"]) in decision.reasons[0]
    assert str(told["estimate"]["single_seconds"]) in decision.reasons[0]


def test_a_video_that_fits_neither_way_is_refused_with_the_numbers() -> None:
    with pytest.raises(LimitExceededError, match="1620 and 1800 are allowed") as refused:
        decided(4 * 3600.0, replace(PROD, concurrency=2), vcpus=1)

    assert refused.value.code == "LIMIT_EXCEEDED"
    assert "more tasks" in refused.value.remedy


def test_a_longer_workflow_lets_more_through() -> None:
    tight = replace(PROD, mode="never")
    with pytest.raises(LimitExceededError):
        decided(3600.0, tight)

    assert not decided(3600.0, replace(tight, task_seconds=20_000, workflow_seconds=20_180)).is_chunked


def test_what_cannot_be_cut_is_left_to_one_task() -> None:
    assert "FLV" in decided(300.0, container=FLASH).reasons[0]
    assert "length" in decided(None).reasons[0]
    assert decided(1200.0, container=TRANSPORT_STREAM).is_chunked


def test_windows_can_be_forced_and_forbidden() -> None:
    assert decided(5.0, replace(PROD, mode="always")).is_chunked
    assert not decided(300.0, replace(PROD, mode="never")).is_chunked


def test_the_estimate_grows_with_length_and_falls_with_processors() -> None:
    short, long = (replace(SOURCE, video=replace(VIDEO, duration_seconds=time)) for time in (600.0, 1200.0))
    part = make_plan(long, WEB, Overrides(trim=Trim(start_seconds=600.0)))

    def told(source: Source, plan: Plan | None = None, vcpus: int = 4) -> Estimate:
        return estimate(source, plan or make_plan(source, WEB), PROD, PRESET, vcpus)

    assert told(long).vcpu_seconds == pytest.approx(2 * told(short).vcpu_seconds)
    assert told(long, part).vcpu_seconds == pytest.approx(told(short).vcpu_seconds)
    assert told(short, vcpus=8).single_seconds < told(short).single_seconds


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_every_preset_that_a_profile_may_name_has_a_cost_and_slower_ones_cost_more(codec: str) -> None:
    plan = replace(make_plan(SOURCE, WEB), codec=codec, expected_seconds=7200.0)
    words, _ = (get_args(part) for part in get_args(VideoSettings.model_fields["preset"].annotation))
    presets = [str(number) for number in range(13, 3, -1)] if codec == "av1" else list(words)

    costs = [estimate(SOURCE, plan, PROD, preset, 4).vcpu_seconds for preset in presets]

    assert costs == sorted(costs)
