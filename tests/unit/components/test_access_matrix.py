"""Which policy opens which key, queue, topic, function, machine and secret, on both stacks."""

import pytest

from local.program import ProgramRun
from tests.synthesised import one, resources, statements

FUNCTIONS = {
    "api-health-policy",
    "api-metadata-policy",
    "ingest-ingest-policy",
    "ingest-maintain-policy",
    "sweep-sweep-policy",
    "migrations-migrate-policy",
    "webhooks-dispatch-policy",
    "workflow-order-policy",
    "workflow-outcome-policy",
}
TASK_START = "task-execution-policy"
TASK = "task-task-policy"
MACHINE = "workflow-policy"

MATRIX: dict[str, set[str]] = {
    "encryption-media": {
        "api-metadata-policy",
        "ingest-ingest-policy",
        "ingest-maintain-policy",
        "workflow-order-policy",
        TASK,
    },
    "encryption-database": FUNCTIONS | {TASK_START},
    "encryption-messages": {
        "api-metadata-policy",
        "ingest-ingest-policy",
        "ingest-maintain-policy",
        "sweep-sweep-policy",
        "webhooks-dispatch-policy",
        "webhooks-sender-policy",
        "workflow-outcome-policy",
        MACHINE,
    },
    "encryption-webhooks": {"api-metadata-policy", "webhooks-dispatch-policy"},
    "encryption-logs": set(),
    "encryption-tasks": set(),
    "ingest-queue": {
        "api-metadata-policy",
        "ingest-ingest-policy",
        "ingest-queue-policy",
        "sweep-sweep-policy",
    },
    "ingest-dead-letters": {"api-metadata-policy"},
    "webhooks-calls-queue": {"api-metadata-policy", "webhooks-dispatch-policy", "webhooks-sender-policy"},
    "webhooks-calls-dead-letters": {"api-metadata-policy"},
    "webhooks-reports-queue": {"api-metadata-policy", "webhooks-dispatch-policy", "webhooks-sender-policy"},
    "webhooks-reports-dead-letters": {"api-metadata-policy"},
    "notifications-dead-letters": {"notifications-dead-letters-policy"},
    "workflow-dead-letters": {"workflow-outcome-policy", "workflow-dead-letters-policy"},
    "notifications-completion": {"ingest-maintain-policy", "notifications-completion-policy", MACHINE},
    "notifications-error": {"ingest-maintain-policy", "notifications-error-policy", MACHINE},
    "workflow-order-function": {MACHINE},
    "workflow-outcome-function": {MACHINE},
    "migrations-migrate-function": set(),
    "ingest-ingest-function": set(),
    "ingest-maintain-function": set(),
    "sweep-sweep-function": set(),
    "api-health-function": set(),
    "api-metadata-function": set(),
    "webhooks-dispatch-function": set(),
    "webhooks-sender-function": set(),
    "keys-maker-function": {"api-metadata-policy", "ingest-maintain-policy"},
    "workflow-machine": {
        "api-metadata-policy",
        "ingest-ingest-policy",
        "ingest-maintain-policy",
        "workflow-outcome-policy",
        "workflow-policy",
    },
    "database-application-secret": FUNCTIONS | {TASK_START},
    "cache-secret": {"api-health-policy", "api-metadata-policy", TASK_START},
    "signing-secret": {"api-metadata-policy"},
    "task-task-role": {MACHINE},
    "task-execution-role": {MACHINE},
}
BEHIND_A_PROXY = {
    "encryption-database": {"database-proxy-policy"},
    "database-application-secret": {"database-proxy-policy"},
}
SUFFIXES = ("key:Key", "queue:Queue", "topic:Topic", "function:Function", ":StateMachine", "secret:Secret")


def has_proxy(run: ProgramRun) -> bool:
    return bool(resources(run, "rds/proxy:Proxy"))


@pytest.mark.parametrize("name", MATRIX)
def test_a_resource_is_opened_by_exactly_these_policies(run: ProgramRun, name: str) -> None:
    arn = run.created[one(run, name).urn].outputs["arn"]
    opened_by = {entry.owner for entry in statements(run) if entry.allows and arn in entry.targets}
    assert opened_by == MATRIX[name] | (BEHIND_A_PROXY.get(name, set()) if has_proxy(run) else set())


def test_the_matrix_covers_every_key_queue_topic_function_machine_and_secret(run: ProgramRun) -> None:
    names = {entry.name for entry in run.registrations.values() if entry.type.endswith(SUFFIXES)}
    assert names == {name for name in MATRIX if not name.endswith("-role")}


def test_buckets_are_opened_only_to_those_who_read_or_write_them(run: ProgramRun) -> None:
    opened: dict[str, set[str]] = {}
    for role in ("ingest", "media"):
        arn = run.created[one(run, f"storage-{role}-bucket").urn].outputs["arn"]
        opened[role] = {
            entry.owner
            for entry in statements(run)
            if entry.allows and any(target.startswith(arn) for target in entry.targets)
        }
    assert opened == {
        "ingest": {
            "api-metadata-policy",
            "ingest-ingest-policy",
            "ingest-maintain-policy",
            "sweep-sweep-policy",
            "workflow-order-policy",
            TASK,
        },
        "media": {"api-metadata-policy", "sweep-sweep-policy", TASK},
    }


def test_only_the_api_and_the_machine_itself_stop_executions_and_only_those_of_the_machine(
    run: ProgramRun,
) -> None:
    machine = run.created[one(run, "workflow-machine").urn].outputs["arn"]
    stoppers = [
        entry
        for entry in statements(run)
        if "states:StopExecution" in entry.actions and entry.owner.endswith("-policy")
    ]
    executions = machine.replace(":stateMachine:", ":execution:")
    assert {entry.owner: entry.targets for entry in stoppers} == {
        "api-metadata-policy": [f"{executions}:*"],
        # A distributed Map stops the executions of its items, whose names have a label in between.
        "workflow-policy": [f"{executions}:*", f"{executions}/*:*"],
    }


def test_only_the_sweep_deletes_objects(run: ProgramRun) -> None:
    deleting = {"s3:DeleteObject", "s3:DeleteObjectVersion"}
    owners = {entry.owner for entry in statements(run) if entry.allows and deleting & set(entry.actions)}
    assert owners == {"sweep-sweep-policy"}
