"""The AWS calls that the emulator allowed, attributed to the roles of the stack.

The emulator can keep a CloudTrail history. It records what passed its authorization; a denied call never gets
there. It names the access key, not the role, so the keys are attributed here.
"""

import json
from collections.abc import Iterator, Mapping
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


def start_recording(emulator_url: str) -> None:
    """Make the emulator keep a history from now on."""
    answer = httpx.post(f"{emulator_url}/_ministack/config", json={"cloudtrail._recording_enabled": "true"})
    assert answer.json()["applied"], answer.text


def recorded(emulator_url: str, region: str) -> list[Event]:
    """Give the whole history, newest first."""
    return [_event(entry) for entry in _pages(emulator_url, region)]


def _pages(emulator_url: str, region: str) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    before: float | None = None
    while True:
        page = _lookup(emulator_url, region, before)
        fresh = [entry for entry in page if entry["EventId"] not in seen]
        yield from fresh
        if len(page) < _PAGE or not fresh:
            return
        seen |= {entry["EventId"] for entry in fresh}
        before = page[-1]["EventTime"]


def _lookup(emulator_url: str, region: str, before: float | None) -> list[dict[str, Any]]:
    # boto3 sends whole seconds, within which there may be more events than fit one answer.
    body = json.dumps({"MaxResults": _PAGE} | ({"EndTime": before} if before else {}))
    headers = {"X-Amz-Target": _TARGET, "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest(method="POST", url=f"{emulator_url}/", data=body, headers=headers)
    SigV4Auth(Credentials(ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY), "cloudtrail", region).add_auth(request)
    answer = httpx.post(f"{emulator_url}/", content=body, headers=dict(request.headers), timeout=30)
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
