"""The supervisor brings a whole platform up, survives any death, and leaves no process behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.demo.run import demo_clip
from local.paths import DATA_DIR_VARIABLE, REPOSITORY_ROOT
from local.servers.process import ProcessIdentity, wait_until
from local.state import PlatformState, load_state, save_state
from tests import media

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]


class LocalPlatform:
    """One data directory, driven through the command line as a user would."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *arguments: str, expected: int = 0) -> dict[str, Any]:
        result = subprocess.run(
            [sys.executable, "-m", "local", *arguments, "--json"],
            cwd=REPOSITORY_ROOT, env=os.environ | {DATA_DIR_VARIABLE: str(self.root)},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert result.returncode == expected, result.stdout + result.stderr
        document: dict[str, Any] = json.loads(result.stdout)
        return document

    @property
    def state(self) -> PlatformState:
        return load_state(self.root / "dev" / "state.json", "dev")

    def identities(self) -> list[ProcessIdentity]:
        state = self.state
        assert state.supervisor is not None
        return [state.supervisor, *state.processes.values()]


def processes_below(root: Path) -> list[str]:
    """Give every process that works in or was told of a directory, or of the database that belongs to it."""
    # The database's own directory is elsewhere when its user cannot enter this one.
    places = [str(root), *(str(cluster.resolve()) for cluster in root.glob("*/postgres/cluster"))]
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes().decode(errors="replace")
            if entry.name.isdigit() and any(place in command + environment for place in places):
                found.append(f"{entry.name} {command}")
    return found


def runs_below(root: Path, program: str) -> bool:
    return any(program in process for process in processes_below(root))


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    made = LocalPlatform(tmp_path_factory.mktemp("platform"))
    yield made
    made.run("reset", "--yes")


def test_up_tells_where_everything_is_and_a_second_up_changes_nothing(platform: LocalPlatform) -> None:
    first = platform.run("up")
    assert first["api_url"].startswith("http://127.0.0.1:")
    assert first["api_key"]
    assert {"platform", "postgres", "redis", "emulator"} <= {one["name"] for one in first["processes"]}
    assert "api_url" in first["exports"]
    second = platform.run("up")
    assert second["was_running"] is True
    assert second["processes"] == first["processes"]
    assert platform.run("status")["phase"] == "ready"


@pytest.mark.long
def test_a_killed_platform_process_takes_its_servers_along_and_comes_back_with_its_data(
    platform: LocalPlatform,
) -> None:
    before = platform.run("up")
    identities = platform.identities()
    os.kill(identities[0].pid, signal.SIGKILL)
    assert wait_until(lambda: not any(identity.is_alive() for identity in identities), 15)
    assert platform.run("status", expected=6)["phase"] == "stopped"
    after = platform.run("up")
    assert after["was_running"] is False
    assert (after["api_key"], after["exports"]["ingest_bucket"]) == (
        before["api_key"],
        before["exports"]["ingest_bucket"],
    )


@pytest.mark.long
def test_the_platform_survives_the_kill_of_everything_at_once(platform: LocalPlatform) -> None:
    platform.run("up")
    for identity in platform.identities():
        os.kill(identity.pid, signal.SIGKILL)
    assert platform.run("up")["was_running"] is False


def is_replaced(platform: LocalPlatform, name: str, old: ProcessIdentity) -> bool:
    return platform.state.processes.get(name) != old


@pytest.mark.long
def test_a_killed_database_is_started_again_on_its_port(platform: LocalPlatform) -> None:
    before = platform.run("up")
    for name in ("postgres", "redis"):
        old = platform.state.processes[name]
        os.kill(old.pid, signal.SIGKILL)
        assert wait_until(partial(is_replaced, platform, name, old), 20)
    after = platform.run("status")
    assert (after["postgres"], after["redis"]) == (before["postgres"], before["redis"])
    health = httpx.get(f"{after['api_url']}/health", timeout=30).json()
    assert health["degraded"] == []


def test_a_dead_emulator_ends_the_platform_with_an_error_that_says_so(platform: LocalPlatform) -> None:
    platform.run("up")
    identities = platform.identities()
    os.kill(platform.state.processes["emulator"].pid, signal.SIGKILL)
    assert wait_until(lambda: not any(identity.is_alive() for identity in identities), 20)
    assert "emulator ended" in platform.run("status", expected=6)["error"]["message"]


@pytest.mark.long
def test_two_ups_at_once_start_one_platform(platform: LocalPlatform) -> None:
    platform.run("down")
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: platform.run("up"), range(2))
    assert {first["was_running"], second["was_running"]} == {True, False}
    assert first["processes"] == second["processes"]


@pytest.mark.long
def test_an_interrupted_up_leaves_no_process(tmp_path: Path) -> None:
    interrupted = LocalPlatform(tmp_path)
    for moment in ("local.platform_process", "bin/postgres"):
        command = subprocess.Popen(
            [sys.executable, "-m", "local", "up", "--json"],
            cwd=REPOSITORY_ROOT, env=os.environ | {DATA_DIR_VARIABLE: str(tmp_path)},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert wait_until(partial(runs_below, tmp_path, moment), 60)
        command.send_signal(signal.SIGINT)
        assert command.wait(60) == 130
        assert processes_below(tmp_path) == []
    interrupted.run("reset", "--yes")


@pytest.mark.long
def test_the_demo_beside_a_running_platform_reports_what_can_be_played_and_leaves_no_process(
    platform: LocalPlatform, tmp_path: Path
) -> None:
    first = platform.run("up")
    demo = LocalPlatform(tmp_path)
    report = demo.run("demo", "--video", str(media.make_clip(tmp_path)))
    assert processes_below(tmp_path) == []
    check_report(tmp_path, report)

    second, still = demo.state, platform.run("up")
    assert still["was_running"] is True
    assert still["processes"] == first["processes"]
    assert second.api_url != first["api_url"]
    assert second.postgres["port"] != first["postgres"]["port"]
    demo.run("reset", "--yes")
    assert not (tmp_path / "dev").exists()
    assert platform.run("status")["phase"] == "ready"


def check_report(root: Path, report: dict[str, Any]) -> None:
    assert json.loads((root / "demo" / "report.json").read_text()) == report
    for rendition in report["renditions"]:
        probed = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "json", rendition["path"]],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        seconds = float(json.loads(probed.stdout)["format"]["duration"])
        assert seconds == pytest.approx(rendition["duration_seconds"], abs=0.5)
    assert {rendition["name"] for rendition in report["renditions"]} == {"360p", "audio", "mp4"}
    for path in (report["poster"], *report["manifests"].values(), report["mail"]["path"]):
        assert Path(path).stat().st_size > 0
    assert report["mail"]["headers"]["X-Job-Id"] == report["job"]["job_id"]
    assert report["execution_history"]["status"] == "SUCCEEDED"
    assert report["bare_ffmpeg_comparison"]["bare_seconds"] > 0


def test_the_demo_has_a_clip_of_its_own() -> None:
    assert demo_clip() == media.BUNNY


def test_down_stops_every_process_and_a_second_down_has_nothing_to_stop(platform: LocalPlatform) -> None:
    platform.run("up")
    identities = platform.identities()
    assert "platform" in platform.run("down")["stopped"]
    assert not any(identity.is_alive() for identity in identities)
    assert platform.run("down")["stopped"] == []


def test_down_never_touches_a_stranger_that_has_a_recorded_pid(platform: LocalPlatform) -> None:
    platform.run("down")
    stranger = subprocess.Popen(["sleep", "60"])
    mine = ProcessIdentity.of(stranger.pid)
    assert mine is not None
    state = platform.state
    state.processes["redis"] = ProcessIdentity(mine.pid, mine.start_ticks - 1, mine.boot_id)
    save_state(platform.root / "dev" / "state.json", state)
    platform.run("down")
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_commands_that_need_the_platform_say_how_to_start_it(platform: LocalPlatform) -> None:
    platform.run("down")
    error = platform.run("watch", "some-job", expected=6)["error"]
    assert "python -m local up" in error["remedy"]
