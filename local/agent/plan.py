"""Turns a task and its task definition into what to run here; no process and no network."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.errors import LocalModeError

_CPU_UNITS_PER_CORE = 1024
_DEFAULT_MEMORY_MIB = 2048
_DEFAULT_STOP_TIMEOUT_SECONDS = 30


class TaskStartError(LocalModeError):
    """The task cannot be started; ECS would stop it with the same kind of reason."""


@dataclass(frozen=True, slots=True)
class LogTarget:
    """Where a container's output goes, from its awslogs options."""

    group: str
    stream: str


@dataclass(frozen=True, slots=True)
class ContainerPlan:
    """One container as a local process.

    Attributes:
        name: The container's name.
        command: Entry point and command.
        environment: Variables from the definition and the overrides, with mounted paths rewritten.
        secrets: Variable name to the ``valueFrom`` of the definition.
        cores: How many CPU cores the task may use.
        memory_mib: Resident memory of the whole task before it is killed.
        stop_timeout_seconds: Time between TERM and KILL.
        log: CloudWatch Logs target, or None.
        task_role_arn: Whose credentials the process gets, or None.
        execution_role_arn: Who reads secrets and writes logs, or None.
        scratch_directories: Directories to create before and delete after the run.
        mounts: Path in the container to the directory that stands for it here.
        environment_inside: Variables with the paths that the container itself has.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    cores: int
    memory_mib: int
    stop_timeout_seconds: float
    log: LogTarget | None
    task_role_arn: str | None
    execution_role_arn: str | None
    scratch_directories: tuple[Path, ...]
    mounts: Mapping[str, Path]
    environment_inside: Mapping[str, str]


def override_environment(task: Mapping[str, Any]) -> dict[str, str]:
    """Give the variables that RunTask's caller set for the task's containers."""
    return {
        str(entry["name"]): str(entry["value"])
        for container in task.get("overrides", {}).get("containerOverrides", [])
        for entry in container.get("environment", [])
    }


def with_environment(task: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Give a task whose overrides carry other values, so that its events name what it really holds."""
    overrides = task.get("overrides", {})
    containers = [
        {
            **container,
            "environment": [
                {**entry, "value": values.get(entry["name"], entry["value"])}
                for entry in container.get("environment", [])
            ],
        }
        for container in overrides.get("containerOverrides", [])
    ]
    return {**task, "overrides": {**overrides, "containerOverrides": containers}}


def plan_container(
    task: Mapping[str, Any],
    definition: Mapping[str, Any],
    *,
    task_dir: Path,
    file_systems: Mapping[str, Path],
) -> ContainerPlan:
    """Resolve the one container of a task.

    Args:
        task: The task as DescribeTasks returns it.
        definition: Its task definition.
        task_dir: Private directory of this task for volumes without a host.
        file_systems: Id of each EFS file system and access point to the directory that stands in for it.

    Raises:
        TaskStartError: The definition has no or several containers, no command, or an unknown volume.
    """
    container = _only_container(definition)
    overrides = task["overrides"].get("containerOverrides", [])
    override: Mapping[str, Any] = next((one for one in overrides if one["name"] == container["name"]), {})
    # In this order: what is said for the container, for the task when it was started, and by its definition.
    sizes = (override, task["overrides"], task, definition)
    mounts, scratch = _mounts(container, definition, task_dir, file_systems)
    environment = {str(entry["name"]): str(entry["value"]) for entry in container.get("environment", [])}
    environment |= {str(entry["name"]): str(entry["value"]) for entry in override.get("environment", [])}
    return ContainerPlan(
        name=container["name"],
        command=_command(container, override),
        environment={name: rewrite_path(value, mounts) for name, value in environment.items()},
        secrets={entry["name"]: entry["valueFrom"] for entry in container.get("secrets", [])},
        cores=cores_of(_first(sizes, "cpu") or _CPU_UNITS_PER_CORE),
        memory_mib=int(_first(sizes, "memory") or _DEFAULT_MEMORY_MIB),
        stop_timeout_seconds=float(container.get("stopTimeout") or _DEFAULT_STOP_TIMEOUT_SECONDS),
        log=_log_target(container, task),
        task_role_arn=task["overrides"].get("taskRoleArn") or definition.get("taskRoleArn"),
        execution_role_arn=definition.get("executionRoleArn"),
        scratch_directories=scratch,
        mounts=mounts,
        environment_inside=environment,
    )


def _first(sizes: Sequence[Mapping[str, Any]], key: str) -> int | str | None:
    return next((size[key] for size in sizes if size.get(key)), None)


def cores_of(cpu_units: int | str) -> int:
    """Give how many whole cores a number of ECS CPU units needs; 1024 units are one."""
    return max(1, math.ceil(int(cpu_units) / _CPU_UNITS_PER_CORE))


def rewrite_path(value: str, mounts: Mapping[str, Path]) -> str:
    """Replace a leading mount path by its host directory; ``/scratchy`` is not below ``/scratch``."""
    for container_path, host in sorted(mounts.items(), key=lambda item: -len(item[0])):
        if value == container_path or value.startswith(f"{container_path}/"):
            return f"{host}{value[len(container_path) :]}"
    return value


def _only_container(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    containers = definition["containerDefinitions"]
    if len(containers) != 1:
        message = (
            f"Task definition {definition.get('family')} has {len(containers)} containers; 1 is allowed."
        )
        raise TaskStartError(message, remedy="Local mode runs tasks of one container.")
    only: Mapping[str, Any] = containers[0]
    return only


def _command(container: Mapping[str, Any], override: Mapping[str, Any]) -> tuple[str, ...]:
    command = (*container.get("entryPoint", ()), *(override.get("command") or container.get("command") or ()))
    if not command:
        message = f"Container {container['name']} names neither entryPoint nor command."
        remedy = "Say the command in the task definition: images are not run here."
        raise TaskStartError(message, remedy=remedy)
    return command


def _mounts(
    container: Mapping[str, Any],
    definition: Mapping[str, Any],
    task_dir: Path,
    file_systems: Mapping[str, Path],
) -> tuple[dict[str, Path], tuple[Path, ...]]:
    volumes = {volume["name"]: volume for volume in definition.get("volumes", [])}
    mounts: dict[str, Path] = {}
    scratch: list[Path] = [task_dir]
    for point in container.get("mountPoints", []):
        name = point["sourceVolume"]
        if name not in volumes:
            message = f"Mount point {point['containerPath']} names the volume {name}, which is not defined."
            raise TaskStartError(message, remedy=f"Known volumes: {', '.join(sorted(volumes)) or 'none'}.")
        shared = volumes[name].get("efsVolumeConfiguration")
        if shared:
            mounts[point["containerPath"]] = _shared_directory(shared, file_systems)
        else:
            mounts[point["containerPath"]] = task_dir / name
            scratch.append(task_dir / name)
    return mounts, tuple(scratch)


def _shared_directory(volume: Mapping[str, Any], file_systems: Mapping[str, Path]) -> Path:
    access_point = (volume.get("authorizationConfig") or {}).get("accessPointId")
    identifier = access_point or volume["fileSystemId"]
    if identifier not in file_systems:
        message = f"The file system or access point {identifier} has no local directory."
        raise TaskStartError(
            message, remedy=f"Known file systems: {', '.join(sorted(file_systems)) or 'none'}."
        )
    return file_systems[identifier] / str(volume.get("rootDirectory") or "/").lstrip("/")


def _log_target(container: Mapping[str, Any], task: Mapping[str, Any]) -> LogTarget | None:
    configuration = container.get("logConfiguration") or {}
    if configuration.get("logDriver") != "awslogs":
        return None
    options = configuration.get("options", {})
    task_id = task["taskArn"].rsplit("/", 1)[-1]
    prefix = options.get("awslogs-stream-prefix", "ecs")
    return LogTarget(group=options["awslogs-group"], stream=f"{prefix}/{container['name']}/{task_id}")
