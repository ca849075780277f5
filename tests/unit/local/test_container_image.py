"""What a container of the built image is given, and what it is not."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from artifacts.sources import CA_BUNDLE
from local.agent.in_image import placed
from local.agent.plan import ContainerPlan
from local.container_image import IMAGE_VARIABLE, ContainerImage, Surroundings, container_command

SETTINGS = {
    "Env": ["PATH=/opt/venv/bin:/usr/bin", "PYTHONPATH=/app", "HOME=/scratch"],
    "WorkingDir": "/app",
    "Cmd": ["python", "-m", "processor"],
    "User": f"{os.getuid()}:{os.getuid()}",
}


@pytest.fixture
def image(tmp_path: Path) -> ContainerImage:
    return ContainerImage.of(str(tmp_path / "root"), SETTINGS)


def described(command: list[str]) -> dict[str, Any]:
    bundle = Path(command[command.index("--bundle") + 1])
    return dict(json.loads((bundle / "config.json").read_bytes()))


def test_a_container_has_a_read_only_disk_its_own_user_and_no_capability(
    image: ContainerImage, tmp_path: Path
) -> None:
    given = described(container_command(image, ["true"], Surroundings(), directory=tmp_path / "task"))
    assert given["root"] == {"path": str(tmp_path / "root"), "readonly": True}
    assert given["process"]["user"]["uid"] == os.getuid()
    assert given["process"]["capabilities"] == {}
    assert "network" not in {one["type"] for one in given["linux"]["namespaces"]}


def test_the_environment_is_in_a_file_for_its_owner_and_not_in_the_command(
    image: ContainerImage, tmp_path: Path
) -> None:
    surroundings = Surroundings(environment={"DATABASE_PASSWORD": "opensesame"})
    command = container_command(image, ["true"], surroundings, directory=tmp_path / "task")
    assert "opensesame" not in " ".join(command)
    assert "DATABASE_PASSWORD=opensesame" in described(command)["process"]["env"]
    bundle = Path(command[command.index("--bundle") + 1])
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o700


@pytest.mark.parametrize("landlock", [True, False])
def test_landlock_is_refused_only_when_the_kernel_shall_have_none(
    image: ContainerImage, tmp_path: Path, landlock: bool
) -> None:
    command = container_command(image, ["true"], Surroundings(landlock=landlock), directory=tmp_path / "task")
    refused = {name for rule in described(command)["linux"]["seccomp"]["syscalls"] for name in rule["names"]}
    assert {"unshare", "setns", "clone3"} <= refused
    assert ("landlock_create_ruleset" in refused) is not landlock


def test_a_description_that_was_saved_is_the_same_when_it_is_loaded(
    image: ContainerImage, tmp_path: Path
) -> None:
    image.save(tmp_path / "image.json")
    assert ContainerImage.load(tmp_path / "image.json") == image


@pytest.fixture
def plan(tmp_path: Path) -> ContainerPlan:
    mounts = {"/scratch": tmp_path / "task" / "scratch", "/shared": tmp_path / "efs"}
    for directory in mounts.values():
        directory.mkdir(parents=True)
    return ContainerPlan(
        name="processor",
        command=("python", "-m", "processor"),
        environment={"TMPDIR": str(mounts["/scratch"]), "STACK": "dev"},
        secrets={},
        cores=1,
        memory_mib=2048,
        stop_timeout_seconds=30,
        log=None,
        task_role_arn=None,
        execution_role_arn=None,
        scratch_directories=(),
        mounts=mounts,
        environment_inside={"TMPDIR": "/scratch", "STACK": "dev"},
    )


def test_a_task_without_an_image_runs_on_the_machine_as_planned(
    plan: ContainerPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(IMAGE_VARIABLE, raising=False)
    environment = {**plan.environment, "PYTHONPATH": "/staged"}
    assert placed(plan, environment, tmp_path / "task", tmp_path / "image") == (plan.command, environment)


def test_a_task_in_an_image_sees_the_images_paths_and_trusts_the_staged_roots(
    plan: ContainerPlan, image: ContainerImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image.save(tmp_path / "image.json")
    monkeypatch.setenv(IMAGE_VARIABLE, str(tmp_path / "image.json"))
    environment = {**plan.environment, "PATH": "/here/bin", "PYTHONPATH": "/staged", "TASK_TOKEN": "secret"}
    command, outside = placed(plan, environment, tmp_path / "task", tmp_path / "image")
    given = described(list(command))
    inside = dict(entry.split("=", 1) for entry in given["process"]["env"])
    assert (inside["TMPDIR"], inside["STACK"], inside["TASK_TOKEN"]) == ("/scratch", "dev", "secret")
    assert (inside["PATH"], inside["PYTHONPATH"]) == ("/opt/venv/bin:/usr/bin", "/app")
    assert outside.keys() == {"PATH"}
    assert given["process"]["args"] == ["python", "-m", "processor"]
    mounted = {one["destination"]: one for one in given["mounts"]}
    assert mounted[f"/app/{CA_BUNDLE}"]["source"] == str(tmp_path / "image" / CA_BUNDLE)
    assert "ro" in mounted[f"/app/{CA_BUNDLE}"]["options"]
    assert {path for path, one in mounted.items() if "rw" in one.get("options", ())} == {
        "/scratch",
        "/shared",
    }
