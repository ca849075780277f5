"""The container's init, with a small worker in place of the real one, which takes seconds to load."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from processor import start
from tests.integration.processor.test_process import children, wait_until

pytestmark = pytest.mark.integration

Start = Callable[..., "subprocess.Popen[str]"]
_PATIENCE_SECONDS = 30
WORKER = """
import json, os, signal, subprocess, sys, time
from processor.start import receive

def say(**told):
    print(json.dumps(told), flush=True)

given = receive()
mode = given["MODE"]
if mode == "report":
    say(given=dict(given), own=dict(os.environ), open=[name for name in os.listdir("/proc/self/fd")],
        masked=sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), line=sys.orig_argv)
elif mode == "fail":
    sys.exit(5)
elif mode == "orphan":
    script = "sleep 0.2 & echo $!"
    say(orphan=int(subprocess.check_output(["sh", "-c", script], text=True, stderr=subprocess.DEVNULL)))
    time.sleep(60)
elif mode == "polite":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(6))
    say(ready=os.getpid())
    time.sleep(60)
elif mode == "sleep":
    say(me=os.getpid())
    time.sleep(60)
"""
SECRET = "\N{SNOWMAN} line\nbreak \udcff"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A directory for PYTHONPATH whose `processor` has the real init."""
    directory = tmp_path / "processor"
    directory.mkdir()
    (directory / "__init__.py").touch()
    (directory / "__main__.py").write_text(WORKER)
    shutil.copy(start.__file__, directory / "start.py")
    return tmp_path


@pytest.fixture
def run(package: Path, background: Start) -> Callable[..., "subprocess.Popen[str]"]:
    """Starts the container's command, or another one, for a mode of the worker."""

    def begin(mode: str, *prefix: str, program: str = "processor.start") -> "subprocess.Popen[str]":
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(package), "MODE": mode}
        return background(
            [*prefix, sys.executable, "-m", program], env=environment | {"DATABASE_PASSWORD": SECRET},
            stdout=subprocess.PIPE, text=True, cwd="/",
        )  # fmt: skip

    return begin


def said(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


@pytest.mark.parametrize("program", ["processor.start", "processor"])
def test_the_worker_gets_everything_and_its_own_environment_holds_what_is_plain(
    run: Start, program: str
) -> None:
    process = run("report", program=program)
    told = said(process)
    assert told["given"]["DATABASE_PASSWORD"] == SECRET
    assert told["given"]["MODE"] == "report"
    assert set(told["own"]) <= start.PLAIN | {"LC_CTYPE"}
    assert process.wait(_PATIENCE_SECONDS) == 0


def test_the_worker_inherits_neither_a_blocked_signal_nor_an_open_file(run: Start) -> None:
    told = said(run("report"))
    assert told["masked"] == []
    assert len(told["open"]) == 4, "standard streams, and the directory that was listed"


def test_init_ends_with_the_worker_s_code(run: Start) -> None:
    assert run("fail").wait(_PATIENCE_SECONDS) == 5


def test_init_tells_of_a_killed_worker_as_a_shell_does(run: Start) -> None:
    process = run("sleep")
    os.kill(said(process)["me"], signal.SIGKILL)
    assert process.wait(_PATIENCE_SECONDS) == 128 + signal.SIGKILL


def test_a_stop_signal_reaches_the_worker(run: Start) -> None:
    process = run("polite")
    said(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(_PATIENCE_SECONDS) == 6


def test_as_pid_1_of_a_container_it_hears_a_stop_signal_too(run: Start) -> None:
    process = run("polite", "unshare", "--user", "--map-root-user", "--pid", "--fork")
    assert said(process)["ready"] > 1
    (init,) = [pid for pid in children(process.pid) if len(children(pid)) == 1]
    os.kill(init, signal.SIGTERM)
    assert process.wait(_PATIENCE_SECONDS) == 6


def test_an_orphan_is_reaped_while_the_worker_works(run: Start) -> None:
    orphan = said(run("orphan"))["orphan"]
    assert wait_until(lambda: not Path(f"/proc/{orphan}").exists(), 10)


def test_the_worker_dies_with_init(run: Start) -> None:
    process = run("sleep")
    worker = said(process)["me"]
    process.kill()
    process.wait(_PATIENCE_SECONDS)
    assert wait_until(lambda: not Path(f"/proc/{worker}/cmdline").exists(), 10)
