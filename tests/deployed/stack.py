"""One deployed stack as its outputs describe it."""

import functools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx

Answer = TypeVar("Answer")
_MASKED = "[secret]"
_SETTLED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


@dataclass(frozen=True)
class DeployedStack:
    """Outputs of a stack, and ways to its API and to AWS."""

    outputs: dict[str, Any]

    @classmethod
    def read(cls, file: Path) -> "DeployedStack":
        """Read what `pulumi stack output --json --show-secrets` printed."""
        outputs = json.loads(file.read_text(encoding="utf-8"))
        masked = sorted(key for key, value in outputs.items() if value == _MASKED)
        assert not masked, f"{masked} are masked in {file}; make the file with: make outputs SECRETS=1"
        return cls(outputs)

    def __hash__(self) -> int:
        return id(self)

    @property
    def region(self) -> str:
        return str(self.outputs["state_machine_arn"].split(":")[3])

    @property
    def name(self) -> str:
        return str(self.outputs["ecs_cluster_name"].removeprefix("video-processing-cluster-"))

    def aws(self, service: str) -> Any:
        """Give the one client of a service, with the credentials of the surroundings."""
        return _client(service, self.region)

    @functools.cached_property
    def http(self) -> httpx.Client:
        """One client for all calls, because what it trusts is slow to load."""
        return httpx.Client(timeout=300)

    @functools.cached_property
    def api_key(self) -> str:
        """The value behind the exported key id."""
        answer = self.aws("apigateway").get_api_key(apiKey=self.outputs["api_key_id"], includeValue=True)
        return str(answer["value"])

    def call(self, method: str, path: str, body: object = None, *, key: str | None = "") -> httpx.Response:
        """Call the API; an empty key stands for the stack's own, None for no key."""
        headers = {} if key is None else {"x-api-key": key or self.api_key}
        url = self.outputs["api_url"].rstrip("/") + path
        return self.http.request(method, url, json=body, headers=headers, timeout=30)

    def upload(self, file: Path) -> str:
        """Create a job, send the file to the link that the API signs, and give the job's id."""
        wanted = {"filename": file.name, "size_bytes": file.stat().st_size, "content_type": "video/mp4"}
        created = self.call("POST", "/jobs", wanted)
        assert created.status_code == 201, created.text
        ticket = created.json()["upload"]
        sent = self.http.request(
            ticket.get("method", "PUT"), ticket["url"], content=file.read_bytes(), headers=ticket["headers"]
        )
        assert sent.status_code == 200, sent.text
        return str(created.json()["job"]["job_id"])

    def settled(self, job_id: str, *, timeout_seconds: float) -> dict[str, Any]:
        """Wait until a job has ended, one way or the other."""

        def ended() -> dict[str, Any] | None:
            job = dict(self.call("GET", f"/jobs/{job_id}").raise_for_status().json())
            return job if job["status"] in _SETTLED else None

        return wait_for(f"the end of job {job_id}", ended, timeout_seconds=timeout_seconds)

    def executions(self, job_id: str) -> list[dict[str, Any]]:
        """Find the executions that were started for a job."""
        pages = self.aws("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=self.outputs["state_machine_arn"])
        return [item for page in found for item in page["executions"] if item["name"].startswith(job_id)]


@functools.cache
def _client(service: str, region: str) -> Any:
    return boto3.Session(region_name=region).client(service)  # type: ignore[call-overload]


def wait_for(what: str, probe: Callable[[], Answer | None], *, timeout_seconds: float) -> Answer:
    """Ask every second until there is an answer; name what never came otherwise."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        answer = probe()
        if answer is not None:
            return answer
        time.sleep(1)
    message = f"{what} did not come within {timeout_seconds} s"
    raise AssertionError(message)
