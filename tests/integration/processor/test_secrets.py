"""What a media tool of a task can read of the task's secrets, as the same user and without a fence: nothing.

As root that would say nothing, for root reads everything. So the whole task, from the process that stands for
the container down to the spy, runs as user 10001 where the tests run as root. All of them hold
CAP_DAC_READ_SEARCH then, so that they reach files below a root's home; the spy may open more than a tool.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from local.agent.endpoint import LocalEndpoint, Request, Response
from local.paths import REPOSITORY_ROOT
from local.servers.emulator import ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY
from media.tools.fence_kernel import launcher
from tests.integration.processor import agent_stand_in, spy
from tests.integration.processor.conftest import Stage
from tests.integration.processor.test_process import environment, image

pytestmark = pytest.mark.integration
__all__ = ["image"]

COMMAND = ("python", "-m", "processor.start")
SECRETS = (
    "TASK_TOKEN",
    "DATABASE_PASSWORD",
    "REDIS_AUTH_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
USER = 10001
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
# Python runs it at the start of each program of the task. When the worker has its first child, which comes
# before any tool, it starts the spy beside it. The worker does not leave before the spy has seen everything.
SPYING = """
import glob, os, subprocess, sys, threading, time

def spy():
    while not any(open(path).read() for path in glob.glob("/proc/self/task/*/children")):
        time.sleep(0.002)
    subprocess.run([sys.executable, "-I", "-S", {program!r}, {wanted!r}, {report!r}], env={{}})

if sys.orig_argv[-2:] == ["-m", "processor"]:
    spying, leave = threading.Thread(target=spy, daemon=True), os._exit
    spying.start()
    os._exit = lambda code: (spying.join(60), leave(code))
"""


@pytest.fixture
def credentials() -> Iterator[dict[str, str]]:
    """The variables by which a task finds its role's credentials, and what answers there."""
    path, token = f"/credentials/{secrets.token_urlsafe(24)}", secrets.token_urlsafe(24)
    keys = {"AccessKeyId": ROOT_ACCESS_KEY_ID, "SecretAccessKey": ROOT_SECRET_ACCESS_KEY, "Token": ""}
    answer = json.dumps(keys | {"Expiration": "2099-01-01T00:00:00Z"}).encode()

    def give(request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        return Response(200, answer) if headers.get("authorization") == token else Response(401, b"{}")

    endpoint = LocalEndpoint()
    endpoint.start({path: give})
    yield {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{endpoint.url}{path}",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
    }
    endpoint.stop()


def as_the_task_s_user() -> list[str]:
    if os.getuid() != 0:
        return []
    read_all = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *read_all, "--"]


def writable(*directories: Path) -> None:
    for directory in directories:
        directory.mkdir(exist_ok=True)
        if os.getuid() == 0:
            os.chown(directory, USER, USER)


def run_task(order: dict[str, Any]) -> tuple[int, str]:
    outcome = subprocess.run(
        [*as_the_task_s_user(), sys.executable, str(Path(agent_stand_in.__file__))],
        input=json.dumps(order), capture_output=True, text=True, timeout=150, cwd="/", check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    return outcome.returncode, outcome.stdout + outcome.stderr


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A directory that every user can pass: the fence takes the capability away that leads into others."""
    with TemporaryDirectory(prefix="task-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture
def report(
    stage: Stage,
    image: Path,
    clip: Path,
    access: dict[str, Any],
    credentials: dict[str, str],
    tmp_path: Path,
    open_to_all: Path,
) -> list[dict[str, Any]]:
    """What the spy has found in a task that did its job well."""
    work = tmp_path / "task"
    stage.scratch = open_to_all / "scratch"
    writable(work, stage.scratch, stage.shared)
    # Of this profile's tools none lies in the checkout, which may be closed to the task's user.
    job_id, callback = stage.order(clip, profile="thumbnails"), stage.wait_for_task()
    given = environment(stage, image, stage.settings(job_id, callback), access) | credentials
    del given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"]
    wanted = {name: given[name] for name in SECRETS} | {"DECOY": secrets.token_urlsafe(24)}
    found, wanted_path = work / "report.json", work / "wanted.json"
    (tmp_path / "spying").mkdir()
    spying = SPYING.format(program=spy.__file__, wanted=str(wanted_path), report=str(found))
    (tmp_path / "spying" / "sitecustomize.py").write_text(spying)
    shutil.copy(launcher(), open_to_all)
    given["PATH"] = f"{open_to_all}:{Path(sys.executable).parent}:{given['PATH']}"
    given["PYTHONPATH"] = f"{tmp_path / 'spying'}:{image}"
    order = {
        "command": COMMAND,
        "environment": given,
        "directory": str(work),
        "cores": sorted(os.sched_getaffinity(0)),
    }
    code, text = run_task(order | {"wanted": {"secrets": wanted}, "wanted_path": str(wanted_path)})
    assert code == 0, text
    assert callback.result()[0] == "SUCCEEDED", text
    assert found.exists(), text
    entries: list[dict[str, Any]] = json.loads(found.read_text())
    return entries


def test_no_process_of_a_task_shows_a_secret_to_what_runs_beside_its_tools(
    report: list[dict[str, Any]],
) -> None:
    beside = [entry for entry in report if entry["command"].startswith("sleep")]
    inside = [entry for entry in report if entry not in beside]
    commands = [entry["command"] for entry in inside]
    assert any(str(spy.CONTAINER_PROGRAM.decode()) in command for command in commands), commands
    assert any(command.endswith("-m processor ") for command in commands), commands
    assert [entry["found"].get("environ") for entry in beside] == [["DECOY"]], "the spy cannot read at all"
    if not YAMA.exists() or YAMA.read_text().strip() == "0":
        assert [entry["found"].get("memory") for entry in beside] == [["DECOY"]], "the spy reads no memory"
    assert {entry["command"]: entry["found"] for entry in inside if entry["found"]} == {}
