"""A task definition becomes a local process exactly as it says."""

from pathlib import Path
from typing import Any

import pytest

from local.agent.child import CorePool
from local.agent.definition import RUN_TASK_CALLBACK, read_rules
from local.agent.plan import TaskStartError, override_environment, plan_container, rewrite_path
from local.agent.roles import trusts_task

TASK_ARN = "arn:aws:ecs:eu-west-1:111122223333:task/c/0123"


def task(**overrides: Any) -> dict[str, Any]:
    return {"taskArn": TASK_ARN, "overrides": {"containerOverrides": [{"name": "main", **overrides}]}}


def definition(**container: Any) -> dict[str, Any]:
    return {
        "family": "f",
        "cpu": "2048",
        "memory": "4096",
        "taskRoleArn": "task-role",
        "executionRoleArn": "execution-role",
        "volumes": [{"name": "scratch"}, {"name": "fs", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
        "containerDefinitions": [{"name": "main", "command": ["run"], **container}],
    }


def plan(given: dict[str, Any], described: dict[str, Any], root: Path) -> Any:
    file_systems = {"fs-1": root / "efs", "fsap-1": root / "efs/tasks"}
    return plan_container(given, described, task_dir=root / "task", file_systems=file_systems)


def test_overrides_win_over_the_definition(tmp_path: Path) -> None:
    described = definition(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    made = plan(task(command=["other"], environment=[{"name": "B", "value": "3"}]), described, tmp_path)
    assert made.command == ("other",)
    assert made.environment == {"A": "1", "B": "3"}


def test_values_below_a_mount_point_name_the_host_directory(tmp_path: Path) -> None:
    described = definition(
        environment=[
            {"name": "SCRATCH_DIR", "value": "/scratch"},
            {"name": "SHARED", "value": "/shared/a"},
            {"name": "OTHER", "value": "/scratchy"},
        ],
        mountPoints=[
            {"sourceVolume": "scratch", "containerPath": "/scratch"},
            {"sourceVolume": "fs", "containerPath": "/shared"},
        ],
    )
    made = plan(task(), described, tmp_path)
    assert made.environment["SCRATCH_DIR"] == str(tmp_path / "task" / "scratch")
    assert made.environment["SHARED"] == str(tmp_path / "efs" / "a")
    assert made.environment["OTHER"] == "/scratchy"
    assert tmp_path / "efs" not in made.scratch_directories


def test_a_volume_with_an_access_point_starts_from_its_directory(tmp_path: Path) -> None:
    described = definition(
        environment=[{"name": "SHARED", "value": "/shared"}],
        mountPoints=[{"sourceVolume": "fs", "containerPath": "/shared"}],
    )
    volume = described["volumes"][1]["efsVolumeConfiguration"]
    volume["authorizationConfig"] = {"accessPointId": "fsap-1", "iam": "ENABLED"}
    assert plan(task(), described, tmp_path).environment["SHARED"] == str(tmp_path / "efs/tasks")


def test_the_longest_mount_point_wins(tmp_path: Path) -> None:
    mounts = {"/data": tmp_path / "a", "/data/in": tmp_path / "b"}
    assert rewrite_path("/data/in/x", mounts) == f"{tmp_path / 'b'}/x"


def test_limits_and_defaults_follow_ecs(tmp_path: Path) -> None:
    made = plan(task(), definition(), tmp_path)
    assert (made.cores, made.memory_mib, made.stop_timeout_seconds, made.log) == (2, 4096, 30.0, None)


def test_a_size_given_at_the_start_counts_more_than_that_of_the_definition(tmp_path: Path) -> None:
    started = task()
    started["overrides"] = {**started["overrides"], "cpu": "3072", "memory": "8192"}
    made = plan(started, definition(), tmp_path)
    assert (made.cores, made.memory_mib) == (3, 8192)


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ({**definition(), "containerDefinitions": [{"name": "a"}, {"name": "b"}]}, "2 containers"),
        (definition(command=[]), "neither entryPoint nor command"),
        (definition(mountPoints=[{"sourceVolume": "x", "containerPath": "/x"}]), "not defined"),
    ],
)
def test_a_definition_that_cannot_run_says_why(described: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(TaskStartError, match=words):
        plan(task(), described, tmp_path)


def test_an_unknown_file_system_is_named(tmp_path: Path) -> None:
    described = definition(mountPoints=[{"sourceVolume": "fs", "containerPath": "/shared"}])
    with pytest.raises(TaskStartError, match="fs-1"):
        plan_container(task(), described, task_dir=tmp_path, file_systems={})


def test_new_tasks_get_the_cores_with_the_least_to_do() -> None:
    pool = CorePool([0, 1, 2])
    first = pool.take(2)
    assert first == (0, 1)
    assert pool.take(1) == (2,)
    pool.give_back(first)
    assert pool.take(2) == (0, 1)
    assert pool.take(9) == (0, 1, 2)


def waiting_state(**more: Any) -> dict[str, Any]:
    environment = [
        {"Name": "MY_TOKEN", "Value": "{% $states.context.Task.Token %}"},
        {"Name": "RUN", "Value": "{% $states.context.Execution.Id %}"},
    ]
    overrides = {"ContainerOverrides": [{"Name": "main", "Environment": environment}]}
    return {"Type": "Task", "Resource": RUN_TASK_CALLBACK, "Arguments": {"Overrides": overrides}, **more}


def test_token_names_and_limits_are_read_from_the_deployed_definition() -> None:
    import json

    document = {
        "TimeoutSeconds": 90,
        "States": {
            "Map": {"Type": "Map", "ItemProcessor": {"States": {"Inner": waiting_state(HeartbeatSeconds=7)}}},
            "Other": {"Type": "Pass"},
        },
    }
    rules = read_rules("machine", json.dumps(document))
    state = rules.state_of({"MY_TOKEN": "t", "RUN": "r"})
    assert rules.timeout_seconds == 90
    assert state is not None
    assert (state.name, state.heartbeat_seconds, state.token_variable, state.execution_variable) == (
        "Inner", 7, "MY_TOKEN", "RUN",
    )  # fmt: skip
    assert rules.state_of({"UNRELATED": "x"}) is None


def test_override_environment_joins_all_containers() -> None:
    assert override_environment(task(environment=[{"name": "A", "value": "1"}])) == {"A": "1"}
    assert override_environment({}) == {}


def trust(**statement: Any) -> dict[str, Any]:
    base = {
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return {"Statement": [base | statement]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (trust(), True),
        (trust(Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}}), True),
        (trust(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:111122223333:*"}}), True),
        (trust(Condition={"StringEquals": {"aws:SourceAccount": "999988887777"}}), False),
        (trust(Condition={"Bool": {"aws:Unheard": "true"}}), False),
        (trust(Principal={"Service": "lambda.amazonaws.com"}), False),
        (trust(Effect="Deny"), False),
        ({"Statement": []}, False),
    ],
)
def test_only_a_trust_policy_that_names_ecs_for_this_account_lets_a_task_in(
    document: dict[str, Any], expected: bool
) -> None:
    assert trusts_task(document, TASK_ARN) is expected
