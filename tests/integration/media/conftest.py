"""What the media tests share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from media.plan.overrides import NO_OVERRIDES, Overrides
from media.produce.produce import produce
from media.produce.production import Production, Progress
from media.tools import runner
from media.tools.limits import Limits
from profiles import Profile, get_profile
from tests.this_machine import THIS_MACHINE

Produce = Callable[..., Production]


@pytest.fixture(autouse=True)
def _runner_accepts_children() -> Iterator[None]:
    """Every test starts with a willing runner and must leave no child behind."""
    runner.reset()
    yield
    assert runner.running_pids() == ()
    runner.reset()


@pytest.fixture
def make(tmp_path: Path) -> Produce:
    """Run the whole media work on a source, with the web profile unless told otherwise."""

    def run(
        source: Path,
        *,
        profile: str | Profile = "web",
        limits: Limits | None = None,
        report: Callable[[Progress], None] | None = None,
        overrides: Overrides = NO_OVERRIDES,
    ) -> Production:
        workdir = tmp_path / "work"
        workdir.mkdir()
        return produce(
            source,
            profile=get_profile(profile) if isinstance(profile, str) else profile,
            workdir=workdir,
            limits=limits or Limits(),
            size=THIS_MACHINE,
            report=report or (lambda _: None),
            overrides=overrides,
        )

    return run
