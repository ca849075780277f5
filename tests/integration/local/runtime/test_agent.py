"""The ECS agent runs deployed task definitions as they say, and reports every end."""

import json
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local.agent.shortage import Shortage, declare
from local.servers.process import ProcessIdentity, wait_until
from tests.integration.local.runtime.conftest import World, create_machine, register_probe

pytestmark = pytest.mark.integration


def stopped(world: World, task_arn: str) -> bool:
    return bool(world.describe(task_arn)["lastStatus"] == "STOPPED")


def test_a_task_has_its_roles_secret_volumes_and_nothing_else(world: World) -> None:
    execution = world.start("report")
    world.drive(lambda: world.execution(execution)["status"] != "RUNNING")
    assert world.execution(execution)["status"] == "SUCCEEDED", world.output()
    world.drive(lambda: world.said("caller"))
    seen = next(line for line in world.output() if "caller" in line)
    assert f"assumed-role/{world.name}-task/" in seen["caller"]
    assert seen["secret"] == "s3cret"
    assert seen["task_arn"].startswith("arn:aws:ecs:")
    assert seen["denied"] is True
    assert seen["scratch"].startswith(str(world.root / "tasks"))
    assert seen["home_is_set"] is False
    assert len(seen["cores"]) == 1
    assert seen["limits"] == {"CPU": 1, "Memory": 150}


def test_output_reaches_the_configured_log_stream_and_scratch_is_removed(world: World) -> None:
    execution = world.start("report")
    world.drive(lambda: world.execution(execution)["status"] != "RUNNING" and world.said("task_arn"))
    task_id = world.said("task_arn").rsplit("/", 1)[-1]
    world.drive(lambda: not (world.root / "tasks" / task_id).exists())
    events = world.access.client("logs").get_log_events(
        logGroupName=f"/{world.name}", logStreamName=f"probe/probe/{task_id}"
    )["events"]
    assert json.loads(events[0]["message"])["secret"] == "s3cret"


def test_the_exit_code_is_reported_as_a_stopped_event_through_the_deployed_rule(world: World) -> None:
    task_arn = world.run_task("exit")
    world.drive(lambda: stopped(world, task_arn))
    events = world.events()
    assert [event["detail"]["taskArn"] for event in events] == [task_arn]
    assert events[0]["detail"]["containers"][0]["exitCode"] == 7
    assert events[0]["detail"]["stopCode"] == "EssentialContainerExited"
    assert "(7)" in world.describe(task_arn)["stoppedReason"]


def test_stop_task_lets_a_polite_task_leave_by_itself(world: World) -> None:
    task_arn = world.run_task("polite")
    world.drive(lambda: world.said("ready"))
    world.access.client("ecs").stop_task(cluster=world.cluster, task=task_arn, reason="enough")
    events = world.drive_until_events()
    assert world.said("got") == "TERM"
    assert events[0]["detail"]["stopCode"] == "UserInitiated"
    assert events[0]["detail"]["containers"][0]["exitCode"] == 0


def test_stop_task_kills_a_stubborn_task_after_its_stop_timeout(world: World) -> None:
    task_arn = world.run_task("stubborn")
    world.drive(lambda: world.said("ready"))
    world.access.client("ecs").stop_task(cluster=world.cluster, task=task_arn, reason="enough")
    events = world.drive_until_events()
    assert events[0]["detail"]["containers"][0]["exitCode"] == 137


def test_a_killed_task_leaves_no_process_and_is_reported(world: World) -> None:
    task_arn = world.run_task("sleep")
    world.drive(lambda: world.said("child"))
    child = ProcessIdentity.of(world.said("child"))
    assert child is not None
    os.kill(world.said("me"), signal.SIGKILL)
    world.drive(lambda: stopped(world, task_arn))
    assert not child.is_alive()
    assert world.events()[0]["detail"]["containers"][0]["exitCode"] == 137


def test_the_end_of_the_agent_takes_every_process_of_its_tasks_along(world: World) -> None:
    world.run_task("sleep")
    world.drive(lambda: world.said("child"))
    identities = [ProcessIdentity.of(world.said(name)) for name in ("child", "me")]
    world.agent.stop()
    world.agent.run()
    assert None not in identities
    assert wait_until(lambda: not any(identity and identity.is_alive() for identity in identities), 5)


def test_a_task_over_its_memory_is_killed_with_the_reason_ecs_gives(world: World) -> None:
    task_arn = world.run_task("hog")
    world.drive(lambda: stopped(world, task_arn))
    (container,) = world.events()[0]["detail"]["containers"]
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert container["exitCode"] == 137


def test_a_task_started_with_more_memory_than_its_definition_says_may_use_it(world: World) -> None:
    task_arn = world.run_task("hog", memory_mib=400, HOLD_SECONDS="2.5")
    world.drive(lambda: stopped(world, task_arn))
    assert world.said("kept")
    (container,) = world.events()[0]["detail"]["containers"]
    assert (container["exitCode"], container.get("reason")) == (0, None)


def test_a_task_whose_secret_lacks_the_key_fails_to_start(world: World) -> None:
    secret = world.access.client("secretsmanager").describe_secret(SecretId=f"{world.name}-db")["ARN"]
    world.definition_arn = register_probe(world, secret, json_key="missing")
    task_arn = world.run_task("report")
    world.drive(lambda: stopped(world, task_arn))
    assert world.events()[0]["detail"]["stopCode"] == "TaskFailedToStart"
    assert "missing" in world.describe(task_arn)["stoppedReason"]


@pytest.mark.parametrize(
    ("shortage", "error"),
    [(Shortage.REFUSE, "ECS.AmazonECSException"), (Shortage.FAILURES, "AmazonECS.Unknown")],
)
def test_a_call_that_finds_no_room_fails_its_state_and_makes_no_task(
    world: World, shortage: Shortage, error: str
) -> None:
    declare(world.root / "shortage", shortage)
    execution = world.start("report")
    world.drive(lambda: world.execution(execution)["status"] != "RUNNING")
    assert world.execution(execution)["error"] == error
    assert "Capacity is unavailable" in world.execution(execution)["cause"]
    assert (world.events(), world.output()) == ([], [])


def test_a_task_that_stops_before_it_starts_is_told_by_ecs_alone_until_the_shortage_is_over(
    world: World,
) -> None:
    declare(world.root / "shortage", Shortage.STOP)
    execution = world.start("report")
    (event,) = world.drive_until_events()
    assert event["detail"]["stopCode"] == "TaskFailedToStart"
    assert "Capacity is unavailable" in event["detail"]["stoppedReason"]
    assert world.execution(execution)["status"] == "RUNNING"
    assert world.output() == []

    declare(world.root / "shortage", None)
    execution = world.start("report")
    world.drive(lambda: world.execution(execution)["status"] == "SUCCEEDED")


def test_a_retry_gets_a_new_token_and_the_old_one_is_refused_as_timed_out(world: World) -> None:
    execution = world.start("fail-once")
    world.drive(lambda: world.execution(execution)["status"] != "RUNNING")
    assert json.loads(world.execution(execution)["output"]) == {"stale": "TaskTimedOut", "same": False}


@contextmanager
def another_machine(world: World, **limits: int) -> Iterator[None]:
    """Starts what is started meanwhile by a machine with limits of its own."""
    original = world.arns["machine"]
    world.arns["machine"] = create_machine(world, f"{world.name}-{secrets.token_hex(4)}", **limits)
    yield
    world.access.client("stepfunctions").delete_state_machine(stateMachineArn=world.arns["machine"])
    world.arns["machine"] = original


def test_a_silent_task_fails_its_state_and_its_late_answer_is_refused(world: World) -> None:
    with another_machine(world, heartbeat_seconds=2):
        execution = world.start("silent-then-late")
        world.drive(lambda: world.execution(execution)["status"] != "RUNNING")
        assert world.execution(execution)["error"] == "States.HeartbeatTimeout"
        world.drive(lambda: world.said("late"))
    assert world.said("late") == "TaskTimedOut"


def test_a_machine_over_its_own_timeout_is_ended(world: World) -> None:
    with another_machine(world, timeout_seconds=1):
        execution = world.start("sleep")
        world.drive(lambda: world.execution(execution)["status"] != "RUNNING")
        assert world.execution(execution)["error"] == "States.Timeout"


def test_a_role_without_the_permission_cannot_answer_for_its_state(world: World) -> None:
    world.access.client("iam").delete_role_policy(RoleName=f"{world.name}-task", PolicyName="p")
    with another_machine(world, heartbeat_seconds=10):
        execution = world.start("fail-once")
        world.drive(lambda: any("AccessDenied" in str(line) for line in world.output()))
        world.drive(lambda: world.execution(execution)["status"] != "RUNNING")
        assert world.execution(execution)["error"] == "States.HeartbeatTimeout"
