"""The AWS calls that the emulator allowed, attributed to the roles of the stack.

The emulator can keep a CloudTrail history. It records what passed its authorization; a denied call never gets
there. It names the access key, not the role, so the keys are attributed here.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.servers.emulator import ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY

_PAGE = 50
_TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"


@dataclass(frozen=True, slots=True)
class Event:
    """One recorded call: service, API operation, who signed it, and what it named."""

    service: str
    operation: str
    access_key_id: str
    resources: tuple[str, ...]
    parameters: Mapping[str, Any]


def start_recording(http: httpx.Client, emulator_url: str) -> None:
    """Make the emulator keep a history from now on."""
    answer = http.post(f"{emulator_url}/_ministack/config", json={"cloudtrail._recording_enabled": "true"})
    assert answer.json()["applied"], answer.text


def recorded(http: httpx.Client, emulator_url: str, region: str) -> list[Event]:
    """Give the whole history, newest first."""
    return [_event(entry) for entry in _pages(http, emulator_url, region)]


def _pages(http: httpx.Client, emulator_url: str, region: str) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    before: float | None = None
    while True:
        page = _lookup(http, emulator_url, region, before)
        fresh = [entry for entry in page if entry["EventId"] not in seen]
        yield from fresh
        if len(page) < _PAGE or not fresh:
            return
        seen |= {entry["EventId"] for entry in fresh}
        before = page[-1]["EventTime"]


def _lookup(http: httpx.Client, emulator_url: str, region: str, before: float | None) -> list[dict[str, Any]]:
    # boto3 sends whole seconds, within which there may be more events than fit one answer.
    body = json.dumps({"MaxResults": _PAGE} | ({"EndTime": before} if before else {}))
    headers = {"X-Amz-Target": _TARGET, "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest(method="POST", url=f"{emulator_url}/", data=body, headers=headers)
    SigV4Auth(Credentials(ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY), "cloudtrail", region).add_auth(request)
    answer = http.post(f"{emulator_url}/", content=body, headers=dict(request.headers))
    answer.raise_for_status()
    return list(answer.json()["Events"])


def _event(entry: Mapping[str, Any]) -> Event:
    details = json.loads(entry["CloudTrailEvent"])
    return Event(
        service=entry["EventSource"].removesuffix(".amazonaws.com"),
        operation=entry["EventName"],
        access_key_id=entry["AccessKeyId"],
        resources=tuple(item["ResourceName"] for item in entry["Resources"]),
        parameters=details["requestParameters"] or {},
    )


# API operations that IAM knows by another name; everything else is called as it is named.
_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "HeadObject": ("s3:GetObject",),
    "ListObjects": ("s3:ListBucket",),
    "CreateMultipartUpload": ("s3:PutObject",),
    "Invoke": ("lambda:InvokeFunction",),
    "POST.apigateway": ("apigateway:POST",),
    "DELETE.apigateway": ("apigateway:DELETE",),
}
_NAMING_PARAMETERS = ("SecretId", "logGroupName", "stateMachineArn", "TopicArn", "FunctionName")


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A role made a call: action and the resource it named, empty when the call names none."""

    role: str
    action: str
    target: str


def lambda_keys(functions: Mapping[str, str]) -> dict[str, str]:
    """Give the role of each access key that the emulator makes for a function.

    The emulator derives the key from both ARNs; a key of nobody is refused later, so a change is noticed.

    Args:
        functions: role ARN by function ARN.
    """
    keys = {}
    for function_arn, role_arn in functions.items():
        digest = hashlib.sha256(f"{function_arn}:{role_arn}".encode()).hexdigest()
        keys[f"ASIA{digest[:16].upper()}"] = role_arn
    return keys


def uses(
    events: Iterable[Event], functions: Mapping[str, str], task_roles: Mapping[str, frozenset[str]]
) -> set[Use]:
    """Attribute recorded calls to roles.

    Args:
        events: the history.
        functions: role ARN by function ARN.
        task_roles: the roles that the ECS agent assumes, with the actions each is allowed. The history does
            not say which session has which key; as the two share no action, the action tells.

    Raises:
        AssertionError: a call was made with a key that belongs to no role, or that fits both task roles.
    """
    keys = lambda_keys(functions)
    found = set()
    for event in events:
        if event.access_key_id == ROOT_ACCESS_KEY_ID:
            continue
        for action in _ACTIONS.get(event.operation, (f"{event.service}:{event.operation}",)):
            role = keys.get(event.access_key_id) or _task_role(action, task_roles)
            found.add(Use(role, action, _target(event)))
    return found


def _task_role(action: str, task_roles: Mapping[str, frozenset[str]]) -> str:
    fitting = [role for role, actions in task_roles.items() if action in actions]
    assert len(fitting) == 1, f"a call of {action} belongs to {fitting or 'no role'}"
    return fitting[0]


def _target(event: Event) -> str:
    if event.service == "s3":
        return "arn:aws:s3:::" + "/".join(event.resources)
    return next((str(event.parameters[key]) for key in _NAMING_PARAMETERS if key in event.parameters), "")
