"""Gives a planned container what ECS gives it: secrets, role credentials, metadata, environment."""

import json
import secrets
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.agent.endpoint import Request, Response
from local.agent.plan import ContainerPlan, TaskStartError
from local.agent.roles import assume_for_task
from local.aws import AwsAccess

METADATA_PREFIX = "/v4/"
CREDENTIALS_PREFIX = "/credentials/"
_SECRET_ARN_FIELDS = 7
_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class TaskIdentity:
    """What one task may ask the agent's endpoint for, under an unguessable key."""

    task: Mapping[str, Any]
    container_name: str
    limits: Mapping[str, int]
    role_arn: str | None
    authorization: str = field(repr=False)


class TaskServices:
    """Serves task metadata and role credentials to tasks, as the ECS agent does at its link-local address."""

    def __init__(self, access: AwsAccess) -> None:
        self._access = access
        self._tasks: dict[str, TaskIdentity] = {}
        self._lock = threading.Lock()

    def admit(self, task: Mapping[str, Any], plan: ContainerPlan) -> tuple[str, str]:
        """Register a task and give its key and its authorization token."""
        key, authorization = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        with self._lock:
            limits = {"CPU": plan.cores, "Memory": plan.memory_mib}
            self._tasks[key] = TaskIdentity(task, plan.name, limits, plan.task_role_arn, authorization)
        return key, authorization

    def dismiss(self, key: str) -> None:
        """Forget a task that has ended: its credentials are given out no more."""
        with self._lock:
            self._tasks.pop(key, None)

    def metadata(self, request: Request) -> Response:
        """Answer ``{uri}`` and ``{uri}/task`` of the task metadata endpoint version 4."""
        key, _, rest = request.path.removeprefix(METADATA_PREFIX).partition("/")
        identity = self._tasks.get(key)
        if identity is None or rest not in {"", "task"}:
            return Response(404, b'{"message":"unknown task"}')
        task = identity.task
        family, _, revision = str(task["taskDefinitionArn"]).rsplit("/", 1)[-1].rpartition(":")
        container = {
            "Name": identity.container_name,
            "DockerName": identity.container_name,
            "Labels": {"com.amazonaws.ecs.task-arn": task["taskArn"]},
            "DesiredStatus": "RUNNING",
            "KnownStatus": "RUNNING",
        }
        described = {
            "Cluster": task["clusterArn"],
            "TaskARN": task["taskArn"],
            "Family": family,
            "Revision": revision,
            "DesiredStatus": "RUNNING",
            "KnownStatus": "RUNNING",
            "LaunchType": task.get("launchType", "FARGATE"),
            "Limits": dict(identity.limits),
            "Containers": [container],
        }
        return Response(200, json.dumps(described if rest == "task" else container).encode())

    def credentials(self, request: Request) -> Response:
        """Answer the SDK's question for the task role's credentials."""
        identity = self._tasks.get(request.path.removeprefix(CREDENTIALS_PREFIX))
        headers = {name.lower(): value for name, value in request.headers.items()}
        if identity is None or identity.role_arn is None:
            return Response(404, b'{"message":"no role for this task"}')
        if not secrets.compare_digest(headers.get("authorization", ""), identity.authorization):
            return Response(401, b'{"message":"wrong authorization token"}')
        given = assume_for_task(self._access, identity.role_arn, str(identity.task["taskArn"]))
        answer = {
            "AccessKeyId": given.access_key_id,
            "SecretAccessKey": given.secret_access_key,
            "Token": given.session_token,
            "Expiration": given.expiration,
            "RoleArn": identity.role_arn,
        }
        return Response(200, json.dumps(answer).encode())


def read_secrets(access: AwsAccess, values_from: Mapping[str, str]) -> dict[str, str]:
    """Read the ``secrets`` of a container.

    Args:
        access: The emulator with the execution role's credentials.
        values_from: Variable name to ``arn[:json-key[:version-stage[:version-id]]]``.

    Raises:
        TaskStartError: A secret cannot be read or lacks the key; ECS fails the start as well.
    """
    values: dict[str, str] = {}
    documents: dict[str, str] = {}
    for variable, value_from in values_from.items():
        fields = value_from.split(":")
        arn, key = ":".join(fields[:_SECRET_ARN_FIELDS]), (fields[_SECRET_ARN_FIELDS:] or [""])[0]
        if arn not in documents:
            documents[arn] = _read_secret(access, arn)
        values[variable] = _select(documents[arn], key, variable) if key else documents[arn]
    return values


def _read_secret(access: AwsAccess, arn: str) -> str:
    try:
        return str(access.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    except (ClientError, BotoCoreError, KeyError) as error:
        message = f"ResourceInitializationError: unable to pull secrets: {arn}: {error}"
        raise TaskStartError(
            message, remedy="Give the execution role secretsmanager:GetSecretValue."
        ) from error


def _select(document: str, key: str, variable: str) -> str:
    try:
        return str(json.loads(document)[key])
    except (ValueError, KeyError, TypeError) as error:
        message = f"ResourceInitializationError: the secret for {variable} has no JSON key {key}."
        raise TaskStartError(message, remedy="Correct valueFrom in the task definition.") from error


def task_environment(
    plan: ContainerPlan,
    *,
    image_dir: Path,
    access: AwsAccess,
    services_url: str,
    key: str,
    authorization: str,
) -> dict[str, str]:
    """Give the whole environment of a task: what ECS would give, plus where AWS is on this machine.

    Args:
        plan: The container, with its own variables.
        image_dir: The staged image, which stands on PYTHONPATH.
        access: The emulator.
        services_url: Address of broker, metadata and credentials.
        key: The task's key at that address.
        authorization: The task's token for credentials.
    """
    surroundings = {
        "PATH": f"{Path(sys.executable).parent}:{_PATH}",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(image_dir),
        "PYTHONUNBUFFERED": "1",
        "AWS_REGION": access.region,
        "AWS_DEFAULT_REGION": access.region,
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "ECS_CONTAINER_METADATA_URI_V4": f"{services_url}{METADATA_PREFIX}{key}",
        "AWS_ENDPOINT_URL": access.endpoint_url,
        "AWS_ENDPOINT_URL_SFN": services_url,
    }
    if access.ca_path:
        surroundings["AWS_CA_BUNDLE"] = access.ca_path
    if plan.task_role_arn is not None:
        surroundings["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{services_url}{CREDENTIALS_PREFIX}{key}"
        surroundings["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = authorization
    return surroundings | dict(plan.environment)
