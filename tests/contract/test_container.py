"""The image, the task definition and the processor's own limits agree."""

import json
import re

from components.stack_config import StackConfig
from local.paths import REPOSITORY_ROOT
from local.program import ProgramRun
from tests.synthesised import container


def dockerfile() -> str:
    return (REPOSITORY_ROOT / "services" / "processor" / "Dockerfile").read_text(encoding="utf-8")


def config_of(run: ProgramRun) -> StackConfig:
    return run.settings.parsed()


def test_the_task_runs_as_the_user_that_the_image_makes_and_gives_scratch_to(run: ProgramRun) -> None:
    user = re.search(r"^USER (\S+)$", dockerfile(), re.MULTILINE)
    assert user is not None
    assert container(run)["user"] == user[1]


def test_scratch_is_a_volume_of_the_image_so_that_it_keeps_its_owner(run: ProgramRun) -> None:
    mounts = {mount["sourceVolume"]: mount["containerPath"] for mount in container(run)["mountPoints"]}
    assert re.search(rf"^VOLUME {re.escape(mounts['scratch'])}$", dockerfile(), re.MULTILINE)


def test_the_task_and_the_image_start_the_same_command(run: ProgramRun) -> None:
    command = re.search(r"^CMD (\[.*\])$", dockerfile(), re.MULTILINE)
    assert command is not None
    assert json.loads(command[1]) == container(run)["command"]


def test_media_work_ends_before_the_workflow_gives_the_task_up(run: ProgramRun) -> None:
    given = {item["name"]: item["value"] for item in container(run)["environment"]}
    assert int(given["TASK_TIMEOUT_SECONDS"]) == config_of(run).jobs.task_stops_at_seconds
    assert int(given["WORKFLOW_TIMEOUT_SECONDS"]) == config_of(run).jobs.workflow_timeout_seconds
