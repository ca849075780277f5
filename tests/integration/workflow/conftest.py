"""The workflow definition on a running Step Functions; tests play the task and both functions."""

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

import pytest

from local.aws import AwsAccess
from local.servers.emulator import EmulatorServer
from workflow.loader import load_definition

DEADLINE_SECONDS = 40
# Answers as the ledger would; the error or the job's name decides which way the workflow goes on.
OUTCOME_CODE = """
import time

def announcement(event):
    names = ("event_id", "event_type", "job_id", "video_id", "stack", "profile", "error_code")
    return {"subject": "failed", "message": "failed: " + event.get("cause", ""),
            "attributes": {name: name + "-value" for name in names}}

NO_ROOM = ("TaskNotStarted", "AmazonECS.Unknown", "ECS.AmazonECSException")

def handler(event, context):
    if event["source"] == "order":
        given = event["order"]
        if "job" not in given:
            return {"status": "REFUSED", "cause": "source: is required", "announcement": announcement(event)}
        if given["job"].startswith("unreachable"):
            raise RuntimeError("the ledger is away")
        return {"job_id": given["job"], "attempt": 1, "status": "TAKEN"}
    if event["source"] == "task":
        return {"status": "ADMITTED"}
    if event["source"] == "turn":
        answer = {"job_id": event["job_id"], "attempt": event["attempt"]}
        kind, until = event["job_id"].split("-")[:2]
        if kind == "patient" and time.time() < int(until):
            return answer | {"status": "WAITING", "wait_seconds": 1}
        return answer | {"status": "IGNORED" if kind == "stale" else "ADMITTED"}
    if event.get("error") in NO_ROOM and not event["job_id"].startswith("late"):
        return {"job_id": event["job_id"], "status": "WAITING", "wait_seconds": 0}
    if event["job_id"].startswith("unreachable") or (
        event["source"] == "announce" and event["job_id"].startswith("unheard")
    ):
        raise RuntimeError("the ledger is away")
    if event.get("error") == "OutOfMemory" and event["size"]["larger"]:
        size, *larger = event["size"]["larger"]
        return {"job_id": event["job_id"], "status": "ENLARGED", "step": event.get("step"),
                "size": size | {"larger": larger}}
    if event["source"] == "chunk":
        return {"status": "FAILED"}
    if event["source"] == "announce":
        return {"job_id": event["job_id"], "status": event["topic"].upper(), "announcement": None}
    if event["job_id"].startswith("stale"):
        return {"job_id": event["job_id"], "status": "IGNORED", "announcement": None}
    status = "COMPLETED" if event["job_id"].startswith("done") else "FAILED"
    return {"job_id": event["job_id"], "status": status, "announcement": announcement(event)}
"""


Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Workflow:
    """A created state machine and the clients to drive it."""

    clients: Callable[[str], Any]
    machine_arn: str
    cluster: str
    queues: dict[str, str]

    def start(self, job_id: str) -> str:
        """Start an execution for a job."""
        return self.start_with({"job_id": job_id, "attempt": 1}, name=f"{job_id}-1")

    def start_with(self, given: object, *, name: str = "") -> str:
        """Start an execution with an input, as a person does in the console."""
        return str(
            self.clients("stepfunctions").start_execution(
                stateMachineArn=self.machine_arn,
                name=name or f"by-hand-{uuid.uuid4()}",
                input=json.dumps(given),
            )["executionArn"]
        )

    def next_task(self, execution_arn: str, seen: set[str]) -> dict[str, str]:
        """Wait for a task of the execution that was not seen before and give its environment."""
        ecs = self.clients("ecs")

        def find() -> dict[str, str] | None:
            arns = [arn for arn in ecs.list_tasks(cluster=self.cluster)["taskArns"] if arn not in seen]
            for task in ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"] if arns else []:
                override = task["overrides"]["containerOverrides"][0]
                environment = {item["name"]: item["value"] for item in override["environment"]}
                if environment["EXECUTION_ARN"] == execution_arn:
                    seen.add(task["taskArn"])
                    size = {"_cpu": task["overrides"]["cpu"], "_memory": task["overrides"]["memory"]}
                    capacity = {"_capacity": task["capacityProviderName"]}
                    return environment | size | capacity | {"_name": override["name"]}
            return None

        return wait_for(find, "a task")

    def end(self, execution_arn: str) -> dict[str, Any]:
        """Wait for the end of the execution."""

        def find() -> dict[str, Any] | None:
            found = self.clients("stepfunctions").describe_execution(executionArn=execution_arn)
            return None if found["status"] == "RUNNING" else dict(found)

        return wait_for(find, "the end of the execution")

    def visited(self, execution_arn: str) -> list[str]:
        """Give the names of the states that the execution entered, in order."""
        history = self.clients("stepfunctions").get_execution_history(
            executionArn=execution_arn, maxResults=1000
        )
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in history["events"]
            if "stateEnteredEventDetails" in event
        ]

    def message(self, topic: str) -> dict[str, Any]:
        """Wait for one message of a topic."""
        sqs = self.clients("sqs")

        def find() -> dict[str, Any] | None:
            found = sqs.receive_message(QueueUrl=self.queues[topic], WaitTimeSeconds=1).get("Messages", [])
            if not found:
                return None
            sqs.delete_message(QueueUrl=self.queues[topic], ReceiptHandle=found[0]["ReceiptHandle"])
            return dict(json.loads(found[0]["Body"]))

        return wait_for(find, f"a message of the {topic} topic")


def wait_for(find: Callable[[], Answer | None], what: str) -> Answer:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = find()
        if found is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {DEADLINE_SECONDS} s")


@pytest.fixture(scope="session")
def clients(emulator: EmulatorServer) -> Callable[[str], Any]:
    return AwsAccess(emulator.url, emulator.region).client


@pytest.fixture
def build_workflow(clients: Callable[[str], Any]) -> Callable[..., Workflow]:
    """Create the machine of the repository, with topics of its own or with topics that do not exist."""

    def build(
        *,
        missing_topics: bool = False,
        change: Callable[[dict[str, Any]], None] | None = None,
        larger: Sequence[Mapping[str, int]] = (),
    ) -> Workflow:
        suffix = uuid.uuid4().hex[:8]
        cluster = clients("ecs").create_cluster(clusterName=f"cluster-{suffix}")["cluster"]["clusterArn"]
        topics, queues = _build_topics(clients, suffix)
        role_arn = _build_role(clients, suffix)
        function_arn = _build_outcome(clients, suffix, role_arn)
        values = {
            "stack": "test",
            "execution_timeout_seconds": 600,
            "task_timeout_seconds": 300,
            "first_capacity_provider": "FARGATE_SPOT",
            "chunk_max_concurrency": 3,
            "container_name": "processor",
            "task_cpu_units": 1024,
            "task_memory_mib": 2048,
            "larger_task_sizes": larger,
            "cluster_arn": cluster,
            "task_definition_arn": _build_task(clients, suffix),
            "subnet_ids": ["subnet-1"],
            "security_group_id": "sg-1",
            "outcome_function_arn": function_arn,
            "order_function_arn": function_arn,
            "completion_topic_arn": topics["completion"] + ("-missing" if missing_topics else ""),
            "error_topic_arn": topics["error"] + ("-missing" if missing_topics else ""),
        }
        definition = json.loads(load_definition(values))
        if change is not None:
            change(definition)
        machine = clients("stepfunctions").create_state_machine(
            name=f"workflow-{suffix}", definition=json.dumps(_impatient(definition)), roleArn=role_arn
        )
        return Workflow(clients, machine["stateMachineArn"], cluster, queues)

    return build


def _impatient(definition: dict[str, Any]) -> dict[str, Any]:
    """Shorten the pauses between tries to what only the emulator takes; everything else stays as deployed."""
    inner = (state["ItemProcessor"] for state in definition["States"].values() if state["Type"] == "Map")
    for state in chain(definition["States"].values(), *(scope["States"].values() for scope in inner)):
        for retrier in state.get("Retry", []):
            if "IntervalSeconds" in retrier:
                retrier |= {"IntervalSeconds": 0.1, "BackoffRate": 1.0}
                retrier.pop("MaxDelaySeconds")
    return definition


def _build_role(clients: Callable[[str], Any], suffix: str) -> str:
    principals = ["states.amazonaws.com", "lambda.amazonaws.com"]
    trust = {"Effect": "Allow", "Principal": {"Service": principals}, "Action": "sts:AssumeRole"}
    created = clients("iam").create_role(
        RoleName=f"workflow-{suffix}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    return str(created["Role"]["Arn"])


def _build_topics(clients: Callable[[str], Any], suffix: str) -> tuple[dict[str, str], dict[str, str]]:
    topics: dict[str, str] = {}
    queues: dict[str, str] = {}
    for name in ("completion", "error"):
        queues[name] = clients("sqs").create_queue(QueueName=f"{name}-{suffix}")["QueueUrl"]
        arn = clients("sqs").get_queue_attributes(QueueUrl=queues[name], AttributeNames=["QueueArn"])
        topics[name] = clients("sns").create_topic(Name=f"{name}-{suffix}")["TopicArn"]
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn["Attributes"]["QueueArn"],
        }
        clients("sqs").set_queue_attributes(
            QueueUrl=queues[name],
            Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})},
        )
        clients("sns").subscribe(
            TopicArn=topics[name], Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
        )
    return topics, queues


def _build_task(clients: Callable[[str], Any], suffix: str) -> str:
    registered = clients("ecs").register_task_definition(
        family=f"task-{suffix}",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="1024",
        memory="2048",
        containerDefinitions=[{"name": "processor", "image": "none", "essential": True}],
    )
    return str(registered["taskDefinition"]["taskDefinitionArn"])


def _build_outcome(clients: Callable[[str], Any], suffix: str, role_arn: str) -> str:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("outcome.py", OUTCOME_CODE)
    created = clients("lambda").create_function(
        FunctionName=f"outcome-{suffix}",
        Runtime="python3.12",
        Handler="outcome.handler",
        Role=role_arn,
        Code={"ZipFile": package.getvalue()},
        Timeout=20,
    )
    return str(created["FunctionArn"])
