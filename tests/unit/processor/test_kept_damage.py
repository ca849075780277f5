"""That damage is kept reaches every task of a job, and chunks of the two ways are never mixed."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.overrides import Overrides
from media.plan.overrides import NO_OVERRIDES
from media.plan.overrides import Overrides as MediaOverrides
from media.plan.plan import make_plan
from media.produce.produce import Work
from media.produce.production import Stages
from media.tools import runner
from media.tools.limits import Budget, Limits
from media.tools.session import Session
from processor.exchange.shared_files import ChunkRecord, PlanHeader
from processor.exchange.watermark_source import media_overrides
from processor.steps import chunks
from profiles import LadderProfile
from tests.unit.media.test_damage import MEASURED
from tests.unit.media.test_plan import WEB


def _header(overrides: Overrides) -> PlanHeader:
    return PlanHeader(threads=1, window_seconds=60, is_remuxed=False, sha256=None, overrides=overrides)


def _work(overrides: MediaOverrides, profile: LadderProfile = WEB) -> Work:
    limits, kept = Limits(), overrides.keeps_damage(profile)
    return Work(
        session=Session(workdir=Path(), limits=limits, budget=Budget(60), threads=1, keeps_damage=kept),
        source=MEASURED,
        plan=make_plan(MEASURED, profile, overrides),
        profile=profile,
        stages=Stages(lambda _: None),
    )


@pytest.fixture(autouse=True)
def _no_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    told = runner.Completed(argv=(), stdout=b"ffmpeg 5.1\n", log="", seconds=0.0)
    monkeypatch.setattr(Session, "inspect", lambda *_, **__: told)


@pytest.mark.parametrize("damage", ["refuse", "keep", None])
def test_the_header_of_a_plan_takes_it_to_the_tasks_that_encode(damage: str | None) -> None:
    overrides = Overrides.from_dict({"damage": damage} if damage else {})

    read = PlanHeader.model_validate_json(_header(overrides).model_dump_json())

    assert media_overrides(read.overrides, Path("/none")).damage == damage


def test_a_header_that_knows_no_damage_can_still_be_read() -> None:
    text = _header(Overrides(max_height=360)).model_dump_json().replace(',"damage":null', "")
    assert "damage" not in text

    assert PlanHeader.model_validate_json(text) == _header(Overrides(max_height=360))


def test_a_chunk_tells_what_it_lost_and_one_of_before_lost_nothing() -> None:
    record = ChunkRecord(files={}, lost_seconds=1.5)

    assert ChunkRecord.model_validate_json(record.model_dump_json()) == record
    assert ChunkRecord.model_validate_json('{"files": {}}').lost_seconds == 0


def test_chunks_that_keep_damage_have_a_key_of_their_own() -> None:
    keep = MediaOverrides(damage="keep")
    keys = {
        chunks.plan_key(chunks.cut(_work(overrides), 2.0, None), "the same bytes")
        for overrides in (NO_OVERRIDES, keep, keep, NO_OVERRIDES)
    }

    assert len(keys) == 2


def test_only_a_measured_source_that_is_kept_holds_the_ends_of_its_windows() -> None:
    keep, plain = _work(MediaOverrides(damage="keep")), _work(NO_OVERRIDES)
    unmeasured = replace(keep, source=replace(MEASURED, times=None))

    held = [chunks.cut(work, 2.0, None).recipe.holds_ends for work in (keep, plain, unmeasured)]

    assert held == [True, False, False]
