"""The permissions that tests/policy/access.yaml calls exercised: the enforced platform uses each of them."""

import fnmatch
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local.paths import REPOSITORY_ROOT
from tests import media
from tests.e2e.own_platforms.secured_platform import functions
from tests.e2e.processes import held, kill, processes_of
from tests.platform_client import Platform, wait_for
from tests.policy.permissions import EXERCISED, load_rows
from tests.policy.recording import Use, recorded, uses
from tests.receiver import receiver

# One job is killed and done again, one refused, one cancelled; each takes as long as the machine lets it.
pytestmark = [pytest.mark.timeout(400), pytest.mark.long]
REPORT = REPOSITORY_ROOT / "build" / "permissions-in-use.txt"
TASK_POLICIES = {"task-task-role": "task-task-policy", "task-execution-role": "task-execution-policy"}


@pytest.fixture(scope="module")
def platform(secured: Platform) -> Platform:
    """The one that records every call."""
    return secured


@pytest.fixture(scope="module")
def history(platform: Platform, tmp_path_factory: pytest.TempPathFactory, short_clip: Path) -> set[Use]:
    use_everything(platform, tmp_path_factory.mktemp("clips"), short_clip)
    events = recorded(platform.http, platform.description["emulator_url"], platform.description["region"])
    roles = {item["FunctionArn"]: item["Role"] for item in functions(platform)}
    found = uses(events, roles, {role: allowed(role) for role in TASK_POLICIES})
    write_report(found)
    return found


def write_report(found: set[Use]) -> None:
    REPORT.parent.mkdir(exist_ok=True)
    lines = sorted({f"{short(use.role):26} {use.action:32} {use.target}" for use in found})
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def use_everything(platform: Platform, directory: Path, clip: Path) -> None:
    """Do what users and monitors do, and be told of it by a webhook."""
    assert platform.api("GET", "/health", key=None).json()["status"] == "ok"
    with receiver() as endpoint:
        wanted = {"url": endpoint.url, "events": ["job.completed"]}
        assert platform.api("POST", "/webhooks", wanted).status_code == 201
        use_jobs(platform, directory, clip)
        endpoint.wait(timeout_seconds=90)
    give_back_dead_letters(platform)
    make_and_revoke_a_key(platform)


def make_and_revoke_a_key(platform: Platform) -> None:
    made = platform.api("POST", "/keys", {"client": "studio", "name": "Short-lived", "scope": "viewer"})
    assert made.status_code == 201, made.text
    assert platform.api("GET", "/profiles", key=made.json()["value"]).status_code == 200
    path = f"/keys/{made.json()['key']['key_id']}"
    assert [platform.api("DELETE", path).status_code for _ in range(2)] == [204, 204]
    assert platform.api("GET", "/profiles", key=made.json()["value"]).status_code == 403


def give_back_dead_letters(platform: Platform) -> None:
    """Have one message of each kind handled again that changes nothing any more."""
    gone = {"bucket": {"name": platform.exports["ingest_bucket"]}, "object": {"key": "gone.mp4"}}
    unknown = {"delivery_id": str(uuid4()), "hand_over": 1}
    call = {"url": "https://hooks.example.com/", "headers": {}, "body": "{}", "send_before": 0.0}
    report = {"sent": False, "status_code": None, "error": None, "retry_after_seconds": None}
    for queue, body in {
        "ingest": {"detail-type": "Object Created", "detail": gone},
        "webhook": unknown | call,
        "webhook_report": unknown | report,
    }.items():
        url = platform.exports[f"{queue}_dead_letter_queue_url"]
        platform.aws("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body))
    done = platform.local("redrive", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    moved = {item["queue"]: (item["moved"], item["waiting"]) for item in json.loads(done.stdout)["queues"]}
    assert moved == {"ingest": (1, 0), "webhooks": (1, 0), "webhook-reports": (1, 0)}


def use_jobs(platform: Platform, directory: Path, clip: Path) -> None:
    """Do what goes right and wrong with jobs: wait, finish, refuse, kill, cancel, process an object again."""
    killed = platform.upload(clip)
    wait_for("the attempt", lambda: platform.job(killed)["status"] == "PROCESSING" or None)
    with held(killed, "-m processor"):
        refused = platform.upload(media.make_text(directory))
        wait_for("the upload's event", lambda: platform.job(refused)["status"] == "QUEUED" or None)
        kill(processes_of(killed, "-m processor"))
    assert platform.settled(killed)["status"] == "COMPLETED"
    platform.download(killed, "poster", directory)
    platform.download(killed, "original", directory)
    assert platform.settled(refused)["status"] == "FAILED"
    # Else its slot may be given to the next job by whoever told of its end, and not by the API.
    wait_for("the last word on the refused job", lambda: has_settled(platform, refused) or None)

    # Whoever hears late of the first job's end may start the next one, but not the one after it.
    for _ in range(2):
        order_again_and_cancel(platform, killed)
    order_by_hand(platform, refused)


def order_by_hand(platform: Platform, job_id: str) -> None:
    """Start an execution for the source of a job that was refused, which costs least."""
    again = {"source": {"bucket": platform.exports["ingest_bucket"], "key": f"uploads/{job_id}/source"}}
    client = platform.aws("stepfunctions")
    execution = client.start_execution(
        stateMachineArn=platform.exports["state_machine_arn"], input=json.dumps(again)
    )["executionArn"]
    end = wait_for("the end of the execution", lambda: ended(client, execution))
    assert (end["status"], end["error"]) == ("FAILED", "JobFailed")


def ended(client: Any, execution_arn: str) -> dict[str, Any] | None:
    """Describe an execution once it has ended."""
    found = client.describe_execution(executionArn=execution_arn)
    return None if found["status"] == "RUNNING" else dict(found)


def order_again_and_cancel(platform: Platform, job_id: str) -> None:
    """Order another job for the source of a job, and cancel it in its work."""
    again = {"source": {"bucket": platform.exports["ingest_bucket"], "key": f"uploads/{job_id}/source"}}
    created = platform.api("POST", "/jobs", again)
    assert created.status_code == 201, created.text
    cancelled = created.json()["job"]["job_id"]
    wait_for("the attempt", lambda: platform.job(cancelled)["status"] == "PROCESSING" or None)
    assert platform.api("POST", f"/jobs/{cancelled}/cancel").status_code == 200
    assert platform.ended_execution(cancelled)["status"] == "ABORTED"
    wait_for("the last word on it", lambda: has_settled(platform, cancelled) or None)


def has_settled(platform: Platform, job_id: str) -> bool:
    """Tell whether the function that hears of executions has logged the end of the job's."""
    (group,) = [
        f"/aws/lambda/{function['FunctionName']}"
        for function in functions(platform)
        if short(function["Role"]) == "workflow-outcome-role"
    ]
    found = platform.aws("logs").filter_log_events(
        logGroupName=group, filterPattern=f'"execution_settled" "{job_id}"'
    )
    return bool(found["events"])


def allowed(role: str) -> frozenset[str]:
    return frozenset(action for row in load_rows()[TASK_POLICIES[role]].values() for action in row["may"])


def exercised() -> Iterable[tuple[str, str, str]]:
    for carrier, statements in load_rows().items():
        for sid, row in statements.items():
            if row["proof"] == EXERCISED:
                for action in row["may"]:
                    if action not in row.get("not_shown", {}):
                        yield carrier, sid, action


def statement_of(platform: Platform, carrier: str, sid: str) -> tuple[str, dict[str, Any]]:
    """Give the role and the statement as they are in the running platform."""
    role_name = roles_by_carrier()[carrier]
    names = [item["RoleName"] for item in platform.aws("iam").list_roles()["Roles"]]
    (name,) = [found for found in names if found.rpartition("-")[0] == role_name]
    iam = platform.aws("iam")
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    document = json.loads(document) if isinstance(document, str) else document
    (statement,) = [item for item in document["Statement"] if item["Sid"] == sid]
    return role_name, statement


@pytest.mark.parametrize(("carrier", "sid", "action"), list(exercised()))
def test_an_exercised_permission_is_used(
    platform: Platform, history: set[Use], carrier: str, sid: str, action: str
) -> None:
    role, statement = statement_of(platform, carrier, sid)
    used = [use.target for use in history if short(use.role) == role and use.action == action]
    covered = [target for target in used if not target or is_covered(target, statement["Resource"])]
    assert covered, f"{role} made no call of {action} on {statement['Resource']}; it called it on {used}"


def short(role: str) -> str:
    """Give the logical name of a role from its ARN, or from its logical name."""
    return role.rpartition("/")[2].rpartition("-")[0] if ":" in role else role


def is_covered(target: str, resources: list[str]) -> bool:
    arns = (target, f"log-group:{target}")
    return any(
        fnmatch.fnmatchcase(arn, resource) or resource.endswith(arn) for arn in arns for resource in resources
    )


def test_no_role_uses_what_the_table_calls_static(history: set[Use]) -> None:
    shown = set(exercised())
    carriers = {role: carrier for carrier, role in roles_by_carrier().items()}
    used = {(carriers[short(use.role)], use.action) for use in history}
    known = {(carrier, action) for carrier, _, action in shown} | set(only_at_times())
    known |= set(other_listings()) | set(tags_as_objects())
    assert used - known == set()


def only_at_times() -> Iterable[tuple[str, str]]:
    """Give what the sweep does when it happens to run while a job is in trouble."""
    for carrier, statements in load_rows().items():
        for row in statements.values():
            if row.get("because") == "outage":
                yield from ((carrier, action) for action in row["may"])


def other_listings() -> Iterable[tuple[str, str]]:
    """Give the name under which the emulator records listings of versions and of unfinished uploads."""
    for carrier, statements in load_rows().items():
        if any(row.get("because") == "listing" for row in statements.values()):
            yield carrier, "s3:ListBucket"


def tags_as_objects() -> Iterable[tuple[str, str]]:
    """Give the names under which the emulator records reading and writing tags."""
    for carrier, statements in load_rows().items():
        for row in statements.values():
            if row.get("because") == "tags":
                yield from ((carrier, f"s3:{action[3:6]}Object") for action in row["may"])


def roles_by_carrier() -> dict[str, str]:
    return {
        carrier: row["who"][0]
        for carrier, statements in load_rows().items()
        for row in statements.values()
        if carrier.endswith("-policy") and row["who"][0].endswith("-role")
    }


def test_the_report_names_every_role_that_runs_code(history: set[Use]) -> None:
    roles = {short(use.role) for use in history}
    assert roles == {
        "api-health-role",
        "api-metadata-role",
        "ingest-ingest-role",
        "ingest-maintain-role",
        "sweep-sweep-role",
        "migrations-migrate-role",
        "webhooks-dispatch-role",
        "webhooks-sender-role",
        "keys-maker-role",
        "workflow-order-role",
        "workflow-outcome-role",
        *TASK_POLICIES,
    }
