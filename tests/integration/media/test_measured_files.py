"""What one task has read of a source's packets serves the others, which do not read them again."""

from pathlib import Path

import pytest

from ledger.overrides import Overrides
from media.inspect.inspection import inspect_source
from media.inspect.packets import MeasuredFile, StreamTimes
from media.tools.limits import Budget, Limits
from media.tools.session import Session
from processor.exchange.shared_files import PlanHeader
from tests import times_sources as sources

pytestmark = pytest.mark.integration


def test_times_that_went_through_a_shared_header_give_the_same_source(tmp_path: Path) -> None:
    path = sources.make_thousand_a_second(tmp_path)
    limits = Limits()
    session = Session(workdir=tmp_path, limits=limits, budget=Budget(limits.work_seconds), threads=1)
    first = inspect_source(session, path)
    assert first.times is not None
    header = PlanHeader(
        threads=1,
        window_seconds=60.0,
        is_remuxed=False,
        sha256=None,
        overrides=Overrides(),
        times=dict(first.times),
    )

    read = PlanHeader.model_validate_json(header.model_dump_json())

    assert read == header
    assert inspect_source(session, MeasuredFile(path, read.times)) == first


def test_times_that_are_given_are_believed_without_a_second_look(tmp_path: Path) -> None:
    path = sources.make_thousand_a_second(tmp_path)
    limits = Limits()
    session = Session(workdir=tmp_path, limits=limits, budget=Budget(limits.work_seconds), threads=1)
    times = {0: StreamTimes(packets=100, start_seconds=0.0, end_seconds=5.0, usual_step_seconds=0.05)}

    assert inspect_source(session, MeasuredFile(path, times)).video.duration_seconds == 5.0
