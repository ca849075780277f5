"""What a stranger's code would try from inside a tool fails or meets a bound, in every surrounding."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from media.tools import fence_kernel
from media.tools.errors import TransientError
from media.tools.fence_kernel import Kernel, Network, this_kernel
from tests.fence.__main__ import is_bounded, run_endless
from tests.fence.endless import ENDLESS
from tests.fence.stage import run_probe
from tests.fence.surroundings import EVERY, ORDINARY_USER, Surroundings

pytestmark = pytest.mark.integration

STRICTEST, LOOSEST = EVERY[0], EVERY[-1]


def _need(surroundings: Surroundings) -> None:
    if surroundings.missing:
        pytest.skip(surroundings.missing)


@pytest.mark.parametrize("surroundings", EVERY, ids=lambda one: one.label)
def test_an_escape_fails_and_files_elsewhere_are_closed_where_the_kernel_can_close_them(
    surroundings: Surroundings,
) -> None:
    _need(surroundings)

    answer = run_probe(surroundings)

    found = {one.attempt: one.open for one in answer.attempts if one.open}
    files = {name: found.pop(name) for name in ("files, read", "files, write") if name in found}
    assert len(answer.attempts) >= 14
    assert found == {}
    assert bool(files) is not surroundings.landlock
    assert not [path for paths in files.values() for path in paths if "/other" in path]
    assert answer.code is None
    assert answer.sibling_lives


@pytest.mark.parametrize("surroundings", [STRICTEST, LOOSEST], ids=lambda one: one.label)
@pytest.mark.parametrize("attempt", ENDLESS)
def test_what_never_ends_meets_a_bound_while_the_heart_beats_on(
    surroundings: Surroundings, attempt: str
) -> None:
    _need(surroundings)

    answer = run_endless(surroundings, attempt)

    if answer is None:
        pytest.skip("needs mounts and control groups that only root can make")
    assert is_bounded(answer), answer
    assert (answer.code == "OUT_OF_SPACE") is (attempt == "disk without end")
    assert (answer.code == "OUT_OF_MEMORY") is (attempt == "memory without end")


def test_the_probe_finds_what_is_open_when_nothing_is_in_its_way() -> None:
    surroundings = Surroundings(user=ORDINARY_USER, namespaces=False, landlock=False)
    _need(surroundings)

    answer = run_probe(surroundings, fenced=False)

    found = {one.attempt: one.open for one in answer.attempts}
    assert [name for name, open_ones in found.items() if not open_ones] == []
    assert "worker" in found["environment"]
    assert {"worker by file", "worker its map", "worker by call"} <= set(found["memory"])
    assert "worker" in found["trace"]
    ways = {"fork", "clone", "spawn"} if _is_filtered_already() else {"fork", "clone", "clone3", "spawn"}
    assert ways <= set(found["a process that outlives"])
    assert "stop the sibling" in found["signals"]


def _is_filtered_already() -> bool:
    """Whether a container's own filter lies around this process: such filters hide clone3, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return "Seccomp:\t2" in status


@pytest.fixture
def _asked_again() -> Iterator[None]:
    caches = (fence_kernel.this_kernel, fence_kernel.launcher)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.mark.usefixtures("_asked_again")
def test_a_kernel_without_landlock_is_one_event_and_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    old = tmp_path / fence_kernel.LAUNCHER_NAME
    old.write_text("#!/bin/sh\necho network=shared landlock=0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    with caplog.at_level(logging.WARNING):
        assert [this_kernel(), this_kernel()] == [Kernel(network=Network.SHARED, landlock=0)] * 2

    assert [record.getMessage() for record in caplog.records] == [
        "tools can open files outside of their directory"
    ]


@pytest.mark.usefixtures("_asked_again")
def test_a_missing_or_foreign_launcher_is_for_the_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = tmp_path / fence_kernel.LAUNCHER_NAME
    foreign.write_text("#!/bin/sh\necho something else\n")
    foreign.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    with pytest.raises(TransientError, match="another version") as caught:
        this_kernel()
    assert "make setup" in caught.value.remedy

    fence_kernel.launcher.cache_clear()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    with pytest.raises(TransientError, match="not installed"):
        this_kernel()
