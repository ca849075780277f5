"""The program gives a job the time and the disk that the task's own estimate asks for the longest source."""

import dataclasses
from typing import Any

import pytest

from components.longest_source import least_storage_bytes, least_workflow_seconds
from components.settings import JobSettings
from components.stack_config import StackConfig
from local.program import ProgramRun
from media.plan.chunking import ChunkingRules, decide
from media.plan.plan import make_plan
from media.tools.errors import LimitExceededError
from tests.contract.test_container import config_of
from tests.synthesised import container
from tests.unit.media.test_plan import SOURCE, VIDEO, WEB


def changed(config: StackConfig, **values: Any) -> StackConfig:
    """The configuration with other values of keys in its groups."""
    groups = {}
    for name in ("task", "jobs", "chunking"):
        group = getattr(config, name)
        known = {key: value for key, value in values.items() if hasattr(group, key)}
        groups[name] = dataclasses.replace(group, **known)
    return dataclasses.replace(config, **groups)


def is_planned(config: StackConfig, hours: int, workflow_seconds: int) -> bool:
    """Whether the first task would take an ordinary film of so many hours, in the largest file."""
    seconds = hours * 3600.0
    video = dataclasses.replace(VIDEO, duration_seconds=seconds)
    film = dataclasses.replace(
        SOURCE, video=video, duration_seconds=seconds, size_bytes=config.jobs.max_upload_bytes
    )
    jobs = dataclasses.replace(config.jobs, workflow_timeout_seconds=workflow_seconds)
    rules = ChunkingRules(
        mode=config.chunking.chunking_mode,
        window_seconds=config.chunking.chunk_window_seconds,
        concurrency=config.chunking.chunk_max_concurrency,
        task_seconds=jobs.task_stops_at_seconds,
        workflow_seconds=jobs.workflow_timeout_seconds,
    )
    vcpus = config.task.task_cpu_units // 1024
    try:
        decide(film, make_plan(film, WEB), rules, str(WEB.video.preset), vcpus)
    except LimitExceededError:
        return False
    return True


def test_a_job_of_each_stack_has_time_for_the_longest_ordinary_film(run: ProgramRun) -> None:
    config = config_of(run)

    assert config.jobs.max_source_hours == 12
    assert is_planned(config, 12, config.jobs.workflow_timeout_seconds)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"task_cpu_units": 16384, "chunk_max_concurrency": 1},
        {"chunk_max_concurrency": 500},
        {"chunk_window_seconds": 600},
        {"chunk_window_seconds": 2},
        {"chunking_mode": "never"},
        {"max_upload_bytes": 100 * 1024**3},
    ],
)
@pytest.mark.parametrize("hours", [1, 12, 24])
def test_the_program_asks_for_as_much_time_as_the_estimate(
    run: ProgramRun, values: dict[str, Any], hours: int
) -> None:
    config = changed(config_of(run), **values)

    least = least_workflow_seconds(hours, config.task, config.jobs, config.chunking)

    assert is_planned(config, hours, round(least * 1.01))
    assert not is_planned(config, hours, round(least * 0.97))


def test_a_disk_holds_the_outputs_of_the_longest_film_at_half_of_their_peak_rates(run: ProgramRun) -> None:
    config = config_of(run)
    peaks = [rung.max_bitrate_kbps for rung in WEB.video.rungs]
    # Encoded and packaged side by side, with the download; a track of sound goes into each of the three.
    kbps = (2 * sum(peaks) + max(peaks)) / 2 + 3 * WEB.audio.bitrate_kbps
    needed = config.jobs.max_source_hours * 3600 * kbps * 1000 / 8

    held = least_storage_bytes(config.jobs) - config.jobs.max_upload_bytes

    assert needed <= held <= needed * 1.05


def test_the_task_is_told_how_long_a_source_may_be(run: ProgramRun) -> None:
    jobs: JobSettings = config_of(run).jobs
    given = {item["name"]: item["value"] for item in container(run)["environment"]}

    assert given["MAX_SOURCE_HOURS"] == str(jobs.max_source_hours)
