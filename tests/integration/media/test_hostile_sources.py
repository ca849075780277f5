"""Sources that mean harm get a stable refusal, cost little, reach nothing and leave nothing behind."""

import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from media.inspect.inspection import inspect_source
from media.tools.errors import ErrorCode
from media.tools.limits import Budget, Limits
from media.tools.session import Session
from tests import media
from tests.hostile import run_case
from tests.hostile_case import Case
from tests.hostile_sources import CASES
from tests.hostile_trap import Trap, trap_in

pytestmark = pytest.mark.integration

_MOST_MIB = 1024


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trap]:
    with trap_in(tmp_path_factory.mktemp("trap")) as trap:
        yield trap


@pytest.mark.long_but(12)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_source_is_refused_and_reaches_nothing(case: Case, trap: Trap, tmp_path: Path) -> None:
    outcome = run_case(case.make(tmp_path, trap), tmp_path / "work", trap, case.profile)

    assert outcome.code is case.code
    assert outcome.peak_mib <= _MOST_MIB
    assert outcome.left == []
    assert outcome.touched == []
    assert not (tmp_path / "work" / "output").exists()


def test_the_trap_notices_an_open_file_and_a_request(trap: Trap) -> None:
    trap.touched()
    with trap.file.open("rb"):
        assert trap.touched() == ["file opened"]
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(trap.url, timeout=5)  # noqa: S310 - the trap's own loopback address
    assert trap.touched() == ["/canary.ts"]
    assert trap.touched() == []


def test_the_playlist_would_have_worked_on_an_unguarded_tool(trap: Trap, tmp_path: Path) -> None:
    playlist = next(case for case in CASES if case.name == "concat-near").make(trap.file.parent, trap)
    trap.touched()
    subprocess.run(["ffprobe", "-v", "quiet", str(playlist)], check=True, timeout=30)

    assert trap.touched() == ["file opened"]


@pytest.mark.parametrize(
    "name",
    ["-i.mp4", "%03d.mp4", "a'b;$(x).mp4", "pipe:1", "concat:a|b.mp4", "\u202egnp.mp4", "x" * 251 + ".mp4"],
    ids=["option", "pattern", "shell", "pipe", "concat", "right-to-left", "long"],
)
def test_no_name_of_a_file_means_anything_to_the_tools(name: str, tmp_path: Path) -> None:
    source = tmp_path / name
    source.write_bytes(media.BIKES.read_bytes())
    session = Session(workdir=tmp_path, limits=Limits(), budget=Budget(30), threads=1)

    assert inspect_source(session, source).video.width == 640


def test_every_hostile_source_is_refused_for_one_of_the_documented_reasons() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 20
    assert {case.code for case in CASES} <= set(ErrorCode)
