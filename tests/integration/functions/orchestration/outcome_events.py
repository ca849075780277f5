"""The events that the function `outcome` is asked with."""

import json
from typing import Any

from ledger.database.connection import LedgerConnection
from ledger.models import Job
from orchestration.outcome import settle
from orchestration.settings import OutcomeSettings
from runtime.dispatch import Workflow
from tests.function_settings import settings_of
from tests.ledger_support import (
    EXECUTION_PREFIX,
    MACHINE_ARN,
    FakeStepFunctions,
)

SETTINGS = settings_of(
    OutcomeSettings,
    "outcome",
    state_machine_arn=MACHINE_ARN,
    max_running_jobs=1,
    max_running_tasks=3,
    waiting_timeout_seconds=3600,
)


def machine(fake: FakeStepFunctions) -> Workflow:
    """One slot, and executions of a Step Functions that only remembers them."""
    return Workflow(
        client=lambda: fake,  # type: ignore[arg-type,return-value]
        state_machine_arn=MACHINE_ARN,
        max_running_jobs=1,
    )


def ask(
    conn: LedgerConnection, event: dict[str, Any], fake: FakeStepFunctions | None = None
) -> dict[str, Any]:
    return settle(conn, event, settings=SETTINGS, workflow=machine(fake or FakeStepFunctions()))


def workflow(job: Job, error: str, cause: Any = "", attempt: int = 1) -> dict[str, Any]:
    return {
        "source": "workflow",
        "job_id": str(job.id),
        "attempt": attempt,
        "execution_arn": f"{EXECUTION_PREFIX}:{job.id}-{attempt}",
        "error": error,
        "cause": cause if isinstance(cause, str) else json.dumps(cause),
        "step": "prepare",
    }


def execution(job: Job, status: str, error: str | None = None) -> dict[str, Any]:
    name = f"{job.id}-1"
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": f"{EXECUTION_PREFIX}:{name}",
            "name": name,
            "status": status,
            "error": error,
            "cause": None,
        },
    }


def stopped(task: str = "task-1", last_status: str = "STOPPED", **changes: Any) -> dict[str, Any]:
    detail = {
        "taskArn": f"arn:task/{task}",
        "lastStatus": last_status,
        "stoppedReason": "Spot interruption",
    }
    return {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": detail | changes}


def started_with(job: Job, token: str) -> dict[str, Any]:
    environment = [{"name": "JOB_ID", "value": str(job.id)}, {"name": "TASK_TOKEN", "value": token}]
    return {"containerOverrides": [{"name": "processor", "environment": environment}]}


def out_of_memory(job: Job, *larger_mib: int, cause: Any = "", **changes: Any) -> dict[str, Any]:
    """The state machine's question after a task of 2048 MiB ran out of memory; `larger_mib` come next."""
    larger = [{"cpu_units": 1024, "memory_mib": memory_mib} for memory_mib in larger_mib]
    size = {"cpu_units": 1024, "memory_mib": 2048, "larger": larger}
    return workflow(job, "OutOfMemory", cause) | {"step": "prepare", "size": size} | changes
