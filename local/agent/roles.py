"""Assumes task and execution roles as the ECS service does, after checking their trust policies.

The emulator neither knows service principals nor sends ``aws:SourceAccount``. So the agent decides
itself whether the deployed trust policy lets ``ecs-tasks.amazonaws.com`` in for this task, and only
then lets the account owner, whom the emulator does know, assume the role in the service's place.
"""

import fnmatch
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from local.agent.plan import TaskStartError
from local.aws import AwsAccess, Credentials

_SERVICE = "ecs-tasks.amazonaws.com"
_STAND_IN_SID = "LocalEcsAgent"


def assume_for_task(
    access: AwsAccess, role_arn: str, task_arn: str, *, duration_seconds: int = 3600
) -> Credentials:
    """Assume a role for one task.

    Args:
        access: The emulator as the account owner.
        role_arn: The task role or the execution role.
        task_arn: The task; its last part names the session.
        duration_seconds: How long the credentials hold, 900 to 43200.

    Raises:
        TaskStartError: The role does not exist or its trust policy does not let ECS assume it.
    """
    try:
        role = access.client("iam").get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
    except ClientError as error:
        message = f"ECS was unable to assume the role {role_arn}: {error}"
        raise TaskStartError(message, remedy="Name an existing role in the task definition.") from error
    trust = role["AssumeRolePolicyDocument"]
    if not trusts_task(trust, task_arn):
        message = f"ECS was unable to assume the role {role_arn}: its trust policy does not allow it."
        raise TaskStartError(message, remedy=f"Trust {_SERVICE} for tasks of this account.")
    session = task_arn.rsplit("/", 1)[-1]
    if not any(statement.get("Sid") == _STAND_IN_SID for statement in _statements(trust)):
        _admit_stand_in(access, role["RoleName"], trust, account=task_arn.split(":")[4])
    return access.assume(role_arn, session, duration_seconds=duration_seconds)


def trusts_task(trust: Mapping[str, Any], task_arn: str) -> bool:
    """Say whether a trust policy lets ECS assume its role for a task.

    Args:
        trust: The trust policy.
        task_arn: Gives ``aws:SourceArn`` and, by its account, ``aws:SourceAccount``.
    """
    context = {"aws:sourceaccount": task_arn.split(":")[4], "aws:sourcearn": task_arn}
    matching = [
        statement["Effect"]
        for statement in _statements(trust)
        if _SERVICE in _listed(_services(statement))
        and any(fnmatch.fnmatchcase("sts:AssumeRole", action) for action in _listed(statement.get("Action")))
        and _conditions_hold(statement.get("Condition", {}), context)
    ]
    return "Allow" in matching and "Deny" not in matching


def _conditions_hold(conditions: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    for operator, wanted in conditions.items():
        for key, values in wanted.items():
            actual = context.get(key.lower())
            if actual is None or not any(_matches(operator, actual, value) for value in _listed(values)):
                return False
    return True


def _matches(operator: str, actual: str, value: str) -> bool:
    if operator == "StringEquals":
        return actual == value
    if operator in {"StringLike", "ArnLike", "ArnEquals"}:
        return fnmatch.fnmatchcase(actual, value)
    return False


def _admit_stand_in(access: AwsAccess, role_name: str, trust: Mapping[str, Any], *, account: str) -> None:
    statement = {
        "Sid": _STAND_IN_SID,
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    document = {**trust, "Statement": [*_statements(trust), statement]}
    access.client("iam").update_assume_role_policy(RoleName=role_name, PolicyDocument=json.dumps(document))


def _statements(trust: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    statements = trust.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _services(statement: Mapping[str, Any]) -> Any:
    principal = statement.get("Principal", {})
    return principal.get("Service", []) if isinstance(principal, Mapping) else []


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])
