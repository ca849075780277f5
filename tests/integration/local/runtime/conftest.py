"""A small world for the agent: roles, a secret, a cluster, a task definition and a state machine."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local.agent.agent import AgentSettings, EcsAgent
from local.agent.broker import TokenBroker
from local.agent.deadlines import DeadlineKeeper
from local.agent.definition import RUN_TASK_CALLBACK
from local.agent.endpoint import LocalEndpoint
from local.agent.launch import CREDENTIALS_PREFIX, METADATA_PREFIX, TaskServices
from local.agent.tokens import TokenRegistry
from local.aws import AwsAccess
from local.servers.emulator import EmulatorServer

# As the agent itself does: each round asks the emulator many things.
POLL_SECONDS = 0.2

PROBE_TASK = '''
"""A task that does what its MODE says; it prints what it sees as JSON lines."""
import json, os, signal, subprocess, sys, time, urllib.request
import boto3

def say(**fields):
    print(json.dumps(fields), flush=True)

def states():
    return boto3.client("stepfunctions")

mode = os.environ["MODE"]
token = os.environ.get("TASK_TOKEN", "")
if mode == "report":
    metadata = json.load(urllib.request.urlopen(os.environ["ECS_CONTAINER_METADATA_URI_V4"] + "/task"))
    caller = boto3.client("sts").get_caller_identity()["Arn"]
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="out", Body=b"x")
    try:
        boto3.client("s3").delete_object(Bucket=os.environ["BUCKET"], Key="out")
        denied = False
    except Exception as error:
        denied = "AccessDenied" in str(error)
    say(caller=caller, secret=os.environ["DB_PASSWORD"], task_arn=metadata["TaskARN"], denied=denied,
        scratch=os.environ["SCRATCH_DIR"], home_is_set="HOME" in os.environ,
        cores=sorted(os.sched_getaffinity(0)), limits=metadata["Limits"])
    states().send_task_success(taskToken=token, output=json.dumps({"caller": caller}))
elif mode == "exit":
    sys.exit(7)
elif mode == "sleep":
    child = subprocess.Popen(["sleep", "300"], start_new_session=True)
    say(child=child.pid, me=os.getpid())
    time.sleep(300)
elif mode == "stubborn":
    signal.signal(signal.SIGTERM, lambda *_: say(got="TERM"))
    say(ready=True)
    while True:
        time.sleep(1)
elif mode == "polite":
    def leave(*_):
        say(got="TERM")
        sys.exit(0)
    signal.signal(signal.SIGTERM, leave)
    say(ready=True)
    while True:
        time.sleep(1)
elif mode == "silent-then-late":
    time.sleep(4)
    try:
        states().send_task_success(taskToken=token, output="{}")
        say(late="accepted")
    except Exception as error:
        say(late=type(error).__name__)
    time.sleep(300)
elif mode == "fail-once":
    marker = os.path.join(os.environ["SHARED"], token and os.environ["EXECUTION_ARN"].rsplit(":", 1)[-1])
    if os.path.exists(marker):
        old = open(marker).read()
        try:
            states().send_task_heartbeat(taskToken=old)
            stale = "accepted"
        except Exception as error:
            stale = type(error).__name__
        states().send_task_heartbeat(taskToken=token)
        states().send_task_success(taskToken=token, output=json.dumps({"stale": stale, "same": old == token}))
    else:
        open(marker, "w").write(token)
        states().send_task_failure(taskToken=token, error="Transient", cause="{}")
elif mode == "hog":
    block = bytearray(200 * 1024 * 1024)
    for index in range(0, len(block), 4096):
        block[index] = 1
    time.sleep(float(os.environ.get("HOLD_SECONDS", "300")))
    say(kept=len(block))
'''


@dataclass
class World:
    """What the tests of agent and broker share."""

    access: AwsAccess
    name: str
    cluster: str
    bucket: str
    definition_arn: str
    root: Path
    agent: EcsAgent
    deadlines: DeadlineKeeper
    registry: TokenRegistry
    arns: dict[str, str] = field(default_factory=dict)

    def run_task(self, mode: str, *, memory_mib: int | None = None, **environment: str) -> str:
        size = {"memory": str(memory_mib)} if memory_mib else {}
        entries = [{"name": name, "value": value} for name, value in ({"MODE": mode} | environment).items()]
        answer = self.access.client("ecs").run_task(
            cluster=self.cluster, taskDefinition=self.definition_arn, launchType="FARGATE",
            overrides={**size, "containerOverrides": [{"name": "probe", "environment": entries}]},
        )  # fmt: skip
        return str(answer["tasks"][0]["taskArn"])

    def start(self, mode: str) -> str:
        answer = self.access.client("stepfunctions").start_execution(
            stateMachineArn=self.arns["machine"],
            name=f"{mode}-{uuid.uuid4()}",
            input=json.dumps({"mode": mode}),
        )
        return str(answer["executionArn"])

    def describe(self, task_arn: str) -> dict[str, Any]:
        answer = self.access.client("ecs").describe_tasks(cluster=self.cluster, tasks=[task_arn])
        task: dict[str, Any] = answer["tasks"][0]
        return task

    def execution(self, arn: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.access.client("stepfunctions").describe_execution(executionArn=arn)
        return answer

    def drive(self, condition: Callable[[], object], timeout_seconds: float = 30.0) -> None:
        """Run agent and deadline keeper until ``condition`` holds."""
        deadline = time.monotonic() + timeout_seconds
        while not condition():
            assert time.monotonic() < deadline, f"not reached in {timeout_seconds} s; {self.output()}"
            self.agent.poll()
            self.deadlines.check()
            time.sleep(POLL_SECONDS)

    def drive_until_events(self) -> list[dict[str, Any]]:
        """Run both until they send events, and give these."""
        sent: list[dict[str, Any]] = []

        def some() -> bool:
            sent.extend(self.events())
            return bool(sent)

        self.drive(some)
        return sent

    def output(self) -> list[dict[str, Any]]:
        lines = [
            line for path in (self.root / "logs").rglob("*.log") for line in path.read_text().splitlines()
        ]
        return [json.loads(line) if line.startswith("{") else {"text": line} for line in lines]

    def said(self, key: str) -> Any:
        return next((line[key] for line in self.output() if key in line), None)

    def events(self) -> list[dict[str, Any]]:
        answer = self.access.client("sqs").receive_message(
            QueueUrl=self.arns["queue"], MaxNumberOfMessages=10
        )
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.fixture(scope="session")
def owner_access(emulator: EmulatorServer) -> AwsAccess:
    """The emulator as its account owner; clients are costly to make, so they are made once."""
    return AwsAccess(emulator.url, emulator.region)


@pytest.fixture
def world(owner_access: AwsAccess, tmp_path: Path) -> Iterator[World]:
    access = owner_access
    name = f"w{uuid.uuid4().hex[:10]}"
    image = tmp_path / "image"
    image.mkdir()
    (image / "probe_task.py").write_text(PROBE_TASK)
    (tmp_path / "efs").mkdir()
    registry, services = TokenRegistry(), TaskServices(access)
    broker = TokenBroker(access, registry)
    endpoint = LocalEndpoint()
    endpoint.start(
        {"/": broker.handle, METADATA_PREFIX: services.metadata, CREDENTIALS_PREFIX: services.credentials}
    )
    deadlines = DeadlineKeeper(access, broker)
    settings = AgentSettings(
        image, tmp_path / "tasks", tmp_path / "logs", {"fs-local": tmp_path / "efs"}, tmp_path / "shortage"
    )
    agent = EcsAgent(
        access, settings, services=services, services_url=endpoint.url, registry=registry, deadlines=deadlines
    )
    made = World(access, name, name, f"bucket-{name}", "", tmp_path, agent, deadlines, registry)
    _create(made)
    yield made
    agent.stop()
    agent.run()
    endpoint.stop()
    for execution in access.client("stepfunctions").list_executions(
        stateMachineArn=made.arns["machine"], statusFilter="RUNNING"
    )["executions"]:
        access.client("stepfunctions").stop_execution(executionArn=execution["executionArn"])
    access.client("stepfunctions").delete_state_machine(stateMachineArn=made.arns["machine"])
    access.client("events").remove_targets(Rule=name, Ids=["queue"])
    access.client("events").delete_rule(Name=name)
    access.client("ecs").delete_cluster(cluster=name)


def _role(world: World, suffix: str, statements: list[dict[str, Any]]) -> str:
    client = world.access.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole",
         "Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}}}
    ]}  # fmt: skip
    role_name = f"{world.name}-{suffix}"
    arn = client.create_role(RoleName=role_name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | one for one in statements]}
    client.put_role_policy(RoleName=role_name, PolicyName="p", PolicyDocument=json.dumps(document))
    return str(arn)


def _create(world: World) -> None:
    access, name = world.access, world.name
    access.client("s3").create_bucket(
        Bucket=world.bucket, CreateBucketConfiguration={"LocationConstraint": access.region}
    )
    access.client("ecs").create_cluster(clusterName=name)
    access.client("logs").create_log_group(logGroupName=f"/{name}")
    secret = access.client("secretsmanager").create_secret(
        Name=f"{name}-db", SecretString=json.dumps({"password": "s3cret"})
    )["ARN"]
    world.arns["task_role"] = _role(world, "task", [
        {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{world.bucket}/*"},
        {"Action": [f"states:SendTask{end}" for end in ("Success", "Failure", "Heartbeat")], "Resource": "*"},
    ])  # fmt: skip
    group = f"arn:aws:logs:{access.region}:000000000000:log-group:/{name}"
    world.arns["execution_role"] = _role(world, "execution", [
        {"Action": "secretsmanager:GetSecretValue", "Resource": secret},
        {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": [group, f"{group}:*"]},
    ])  # fmt: skip
    world.definition_arn = register_probe(world, secret)
    _create_rule(world)
    world.arns["machine"] = create_machine(world, name)


def register_probe(world: World, secret: str, *, json_key: str = "password") -> str:
    container = {
        "name": "probe", "image": "probe:1", "essential": True, "stopTimeout": 2,
        "command": ["python", "-m", "probe_task"],
        "environment": [
            {"name": "SCRATCH_DIR", "value": "/scratch"}, {"name": "SHARED", "value": "/shared"},
            {"name": "BUCKET", "value": world.bucket},
        ],
        "secrets": [{"name": "DB_PASSWORD", "valueFrom": f"{secret}:{json_key}::"}],
        "mountPoints": [
            {"sourceVolume": "scratch", "containerPath": "/scratch"},
            {"sourceVolume": "shared", "containerPath": "/shared"},
        ],
        "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": f"/{world.name}", "awslogs-region": world.access.region,
            "awslogs-stream-prefix": "probe",
        }},
    }  # fmt: skip
    answer = world.access.client("ecs").register_task_definition(
        family=world.name, cpu="1024", memory="150", networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        taskRoleArn=world.arns["task_role"], executionRoleArn=world.arns["execution_role"],
        containerDefinitions=[container],
        volumes=[{"name": "scratch"},
                 {"name": "shared", "efsVolumeConfiguration": {"fileSystemId": "fs-local"}}],
    )  # fmt: skip
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def create_machine(
    world: World, name: str, *, timeout_seconds: int = 120, heartbeat_seconds: int = 60
) -> str:
    environment = [
        {"Name": "MODE", "Value": "{% $states.input.mode %}"},
        {"Name": "TASK_TOKEN", "Value": "{% $states.context.Task.Token %}"},
        {"Name": "EXECUTION_ARN", "Value": "{% $states.context.Execution.Id %}"},
    ]
    definition = {
        "StartAt": "Work", "TimeoutSeconds": timeout_seconds,
        "States": {
            "Work": {
                "Type": "Task", "QueryLanguage": "JSONata", "Resource": RUN_TASK_CALLBACK,
                "HeartbeatSeconds": heartbeat_seconds, "TimeoutSeconds": 60,
                "Arguments": {
                    "Cluster": world.cluster, "TaskDefinition": world.definition_arn, "LaunchType": "FARGATE",
                    "Overrides": {"ContainerOverrides": [{"Name": "probe", "Environment": environment}]},
                },
                "Retry": [{"ErrorEquals": ["Transient"], "IntervalSeconds": 1, "MaxAttempts": 1}],
                "End": True,
            }
        },
    }  # fmt: skip
    client = world.access.client("stepfunctions")
    arn = client.create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=world.arns["task_role"]
    )["stateMachineArn"]
    return str(arn)


def _create_rule(world: World) -> None:
    queue = world.access.client("sqs").create_queue(QueueName=world.name)["QueueUrl"]
    world.arns["queue"] = queue
    pattern = {
        "source": ["aws.ecs"], "detail-type": ["ECS Task State Change"],
        "detail": {"lastStatus": ["STOPPED"], "clusterArn": [{"suffix": f"/{world.name}"}]},
    }  # fmt: skip
    events = world.access.client("events")
    events.put_rule(Name=world.name, EventPattern=json.dumps(pattern))
    arn = f"arn:aws:sqs:{world.access.region}:000000000000:{world.name}"
    events.put_targets(Rule=world.name, Targets=[{"Id": "queue", "Arn": arn}])
