"""The worker as it is deployed: `python -m processor.start` with nothing but its environment."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from artifacts.stage import stage_image
from local.agent.child import descendants
from local.servers.tls import Authority
from processor.task.settings import Settings
from tests.integration.processor.conftest import Callback, Stage

pytestmark = pytest.mark.integration

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Path:
    """The image's packages, trusting the test's authority in place of AWS's; Python compiles them once."""
    return stage_image(tmp_path_factory.mktemp("processor") / "image", authority.ca_path.read_bytes())


def environment(stage: Stage, image: Path, settings: Settings, access: dict[str, Any]) -> dict[str, str]:
    """What the task definition, the workflow and the platform give a task."""
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    shown = {
        name.upper(): value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in values.items()
    }
    return shown | {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(image),
        "AWS_REGION": stage.emulator.region,
        "AWS_DEFAULT_REGION": stage.emulator.region,
        "AWS_ENDPOINT_URL": access["endpoint_url"],
        "AWS_ACCESS_KEY_ID": access["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": access["aws_secret_access_key"],
    }


class Task:
    """One task: the process and what it was given."""

    def __init__(
        self, stage: Stage, image: Path, access: dict[str, Any], background: Start, job_id: UUID
    ) -> None:
        self.callback: Callback = stage.wait_for_task()
        self.environment = environment(stage, image, stage.settings(job_id, self.callback), access)
        self._start = background

    def start(self, **changes: str) -> None:
        """Start the command of the container."""
        self.process = self._start(
            [sys.executable, "-m", "processor.start"],
            env=self.environment | changes,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            cwd="/",
        )

    def end(self) -> tuple[int, list[dict[str, Any]], str]:
        """Wait for the end; give the exit code and the log, parsed and as it is."""
        output, _ = self.process.communicate(timeout=90)
        return self.process.returncode, [json.loads(line) for line in output.splitlines()], output


@pytest.fixture
def make_task(stage: Stage, image: Path, access: dict[str, Any], background: Start) -> Callable[[UUID], Task]:
    return lambda job_id: Task(stage, image, access, background, job_id)


def children(pid: int) -> list[int]:
    """Process ids of all descendants."""
    return descendants(pid)[1:]


def encoders(pid: int) -> list[int]:
    """Descendants that encode video."""
    return [child for child in children(pid) if b"libx264" in command_line(child)]


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def wait_until(condition: Callable[[], Any], timeout_seconds: float) -> Any:
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    return condition()


def test_the_command_processes_a_job_and_exits_with_zero(
    stage: Stage, clip: Path, make_task: Callable[[UUID], Task]
) -> None:
    job_id = stage.order(clip)
    task = make_task(job_id)
    task.start()
    code, log, text = task.end()
    assert code == 0, text
    status, output = task.callback.result()
    assert (status, output["status"]) == ("SUCCEEDED", "COMPLETED")
    assert stage.job(job_id).job.status == "COMPLETED"
    assert log[-1]["event"] == "job completed"
    assert {line["job_id"] for line in log} == {str(job_id)}
    assert {line["execution_arn"] for line in log} == {task.callback.execution_arn}
    for name in ("TASK_TOKEN", "DATABASE_PASSWORD", "REDIS_AUTH_TOKEN"):
        assert task.environment[name] not in text
    assert stage.leftovers() == []


def test_a_bad_source_is_a_typed_failure_and_exits_with_zero(
    stage: Stage, make_task: Callable[[UUID], Task]
) -> None:
    task = make_task(stage.order(b"these are only words" * 100))
    task.start()
    code, _, text = task.end()
    assert code == 0, text
    _, (error, cause) = task.callback.result()
    assert (error, cause["code"]) == ("InvalidInput", "INPUT_NOT_MEDIA")


def test_sigterm_during_the_encode_ends_ffmpeg_releases_the_attempt_and_says_interrupted(
    stage: Stage, long_clip: Path, make_task: Callable[[UUID], Task]
) -> None:
    job_id = stage.order(long_clip)
    task = make_task(job_id)
    task.start()
    working = wait_until(lambda: encoders(task.process.pid), 60)
    assert working
    task.process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: not any(command_line(pid) for pid in working), 3), "ffmpeg outlived 3 seconds"
    code, log, text = task.end()
    assert code == 0, text
    _, (error, cause) = task.callback.result()
    assert (error, cause["code"]) == ("Interrupted", "INTERRUPTED")
    assert stage.events(job_id)[-1] == "job.released"
    assert stage.job(job_id).job.status == "PROCESSING"
    assert stage.published() == []
    assert stage.leftovers() == []
    assert "attempt must stop" in {line["event"] for line in log}


def test_a_processor_that_was_killed_is_replaced_and_the_job_completes_once(
    stage: Stage, long_clip: Path, make_task: Callable[[UUID], Task]
) -> None:
    job_id = stage.order(long_clip)
    killed, second = make_task(job_id), make_task(job_id)
    killed.start()
    working = wait_until(lambda: encoders(killed.process.pid), 60)
    killed.process.kill()
    killed.process.wait()
    assert wait_until(lambda: not any(command_line(pid) for pid in working), 3), "ffmpeg outlived its parent"
    second.start()
    code, _, text = second.end()
    assert code == 0, text
    assert second.callback.result()[0] == "SUCCEEDED"
    assert stage.events(job_id).count("job.completed") == 1
    manifests = [key for key in stage.published() if key.endswith("manifest.json")]
    assert [key.split("/")[3] for key in manifests] == ["2"]


def test_refused_settings_are_told_to_the_workflow_and_name_what_is_wrong(
    stage: Stage, clip: Path, make_task: Callable[[UUID], Task]
) -> None:
    job_id = stage.order(clip)
    task = make_task(job_id)
    task.start(MAX_SOURCE_BYTES="plenty", DATABASE_PORT="0")
    code, log, text = task.end()
    assert code == 2
    assert task.environment["TASK_TOKEN"] not in text
    _, (error, cause) = task.callback.result()
    assert (error, cause["code"]) == ("ProcessingFailed", "INTERNAL")
    assert "MAX_SOURCE_BYTES='plenty'" in cause["message"]
    assert "DATABASE_PORT='0'" in log[0]["reason"]
    assert stage.job(job_id).job.status == "QUEUED"


def test_a_token_that_is_gone_ends_the_process_with_a_code_of_its_own(
    stage: Stage, clip: Path, make_task: Callable[[UUID], Task]
) -> None:
    job_id = stage.order(clip)
    task = make_task(job_id)
    task.start(TASK_TOKEN="no-such-token")
    code, _, text = task.end()
    assert code == 3, text
    assert stage.published() == []
    assert stage.job(job_id).job.status == "QUEUED"


@pytest.mark.long
def test_a_frozen_processor_that_wakes_after_its_successor_has_finished_changes_nothing(
    stage: Stage, long_clip: Path, make_task: Callable[[UUID], Task]
) -> None:
    job_id = stage.order(long_clip)
    frozen, second = make_task(job_id), make_task(job_id)
    frozen.start()
    assert wait_until(lambda: encoders(frozen.process.pid), 60)
    os.killpg(frozen.process.pid, signal.SIGSTOP)
    second.start()
    code, _, text = second.end()
    assert code == 0, text
    before = (stage.published(), stage.events(job_id), stage.job(job_id).outputs)

    os.killpg(frozen.process.pid, signal.SIGCONT)

    _, _, text = frozen.end()
    after = (stage.published(), stage.events(job_id), stage.job(job_id).outputs)
    assert after == before, text
    assert stage.events(job_id).count("job.completed") == 1
