"""Drives one running platform as its users do: the command line, the REST API and the AWS APIs."""

import json
import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx

from local.aws import AwsAccess

CHECKOUT = Path(__file__).resolve().parents[1]
SETTLED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})

Answer = TypeVar("Answer")


def run_local(
    arguments: list[str], *, data_dir: Path, checkout: Path = CHECKOUT
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m local`` in a checkout with a data directory of its own."""
    environment = os.environ | {
        "VIDEO_PLATFORM_DATA_DIR": str(data_dir),
        "PYTHONPATH": os.pathsep.join([str(checkout), str(checkout / "services")]),
    }
    return subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def copy_checkout(directory: Path) -> Path:
    """Fill a directory with what the platform starts from, so that a test may change it; returns it."""
    for pattern in ("__main__.py", "Pulumi*.yaml", "pyproject.toml", "constraints.txt", "requirements*.txt"):
        for file in CHECKOUT.glob(pattern):
            shutil.copy2(file, directory / file.name)
    for name in ("artifacts", "components", "local", "services", "workflow"):
        shutil.copytree(CHECKOUT / name, directory / name)
    (CHECKOUT / "build").mkdir(exist_ok=True)
    for made in (".venv", ".venv-emulator", "build"):
        (directory / made).symlink_to(CHECKOUT / made)
    return directory


def wait_for(what: str, probe: Callable[[], Answer | None], *, timeout_seconds: float = 60) -> Answer:
    """Ask again and again until there is an answer; name what never came otherwise."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        answer = probe()
        if answer is not None:
            return answer
        time.sleep(0.1)
    message = f"{what} did not come within {timeout_seconds} s"
    raise AssertionError(message)


@dataclass(frozen=True)
class Platform:
    """A running platform, as ``up --json`` describes it."""

    description: dict[str, Any]
    data_dir: Path
    checkout: Path = CHECKOUT

    @classmethod
    def start(
        cls, data_dir: Path, *options: str, checkout: Path = CHECKOUT, stack: str = "dev"
    ) -> "Platform":
        """Bring a platform up; show what it said when it does not come up."""
        started = run_local(
            ["up", "--stack", stack, "--json", *options], data_dir=data_dir, checkout=checkout
        )
        assert started.returncode == 0, f"up failed:\n{started.stdout}\n{started.stderr}"
        return cls(json.loads(started.stdout), data_dir, checkout)

    def stop(self) -> None:
        """Stop the platform; its data stay."""
        stopped = self.local("down", "--json")
        assert stopped.returncode == 0, f"down failed:\n{stopped.stdout}\n{stopped.stderr}"

    def local(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the command line on this platform."""
        command = [arguments[0], "--stack", self.description["stack"], *arguments[1:]]
        return run_local(command, data_dir=self.data_dir, checkout=self.checkout)

    @property
    def exports(self) -> dict[str, Any]:
        """The stack's outputs."""
        return cast("dict[str, Any]", self.description["exports"])

    @property
    def trust(self) -> ssl.SSLContext | bool:
        """What HTTP clients verify the platform with."""
        ca_path = self.description["ca_path"]
        return ssl.create_default_context(cafile=ca_path) if ca_path else True

    @cached_property
    def http(self) -> httpx.Client:
        """One client for all calls, because what it trusts is slow to load; each call connects anew."""
        return httpx.Client(timeout=30, verify=self.trust, limits=httpx.Limits(max_keepalive_connections=0))

    def aws(self, service: str) -> Any:
        """A client with the account's own credentials."""
        return self._access.client(service)

    @cached_property
    def _access(self) -> AwsAccess:
        told = self.description
        return AwsAccess(told["emulator_url"], told["region"], ca_path=told["ca_path"] or "")

    def api(
        self, method: str, path: str, body: object = None, *, key: str | None = "", **headers: str
    ) -> httpx.Response:
        """Call the REST API; ``key=None`` sends no key, an empty one the platform's own."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["x-api-key"] = key or self.description["api_key"]
        url = self.description["api_url"].rstrip("/") + path
        return self.http.request(method, url, json=body, headers=sent)

    def upload(self, file: Path, *, content_type: str = "video/mp4", **order: Any) -> str:
        """Create a job through the API, upload the file to the link it gives, and name the job."""
        size_bytes = file.stat().st_size
        created = self.api(
            "POST",
            "/jobs",
            {"filename": file.name, "size_bytes": size_bytes, "content_type": content_type, **order},
        )
        assert created.status_code == 201, created.text
        self.send(created.json()["upload"], file)
        return str(created.json()["job"]["job_id"])

    def send(self, ticket: dict[str, Any], file: Path) -> None:
        """Upload a file as its job's ticket says."""
        sent = self.http.put(ticket["url"], content=file.read_bytes(), headers=ticket["headers"])
        assert sent.status_code == 200, sent.text

    def job(self, job_id: str) -> dict[str, Any]:
        """The job as the API shows it."""
        answer = self.api("GET", f"/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return cast("dict[str, Any]", answer.json())

    def settled(self, job_id: str, *, timeout_seconds: float = 90) -> dict[str, Any]:
        """Wait until the job has ended, one way or the other."""

        def ended() -> dict[str, Any] | None:
            job = self.job(job_id)
            return job if job["status"] in SETTLED else None

        return wait_for(f"the end of job {job_id}", ended, timeout_seconds=timeout_seconds)

    def events(self, job_id: str) -> list[dict[str, Any]]:
        """The job's audit trail, oldest first."""
        return cast(
            "list[dict[str, Any]]", self.api("GET", f"/jobs/{job_id}/events?limit=100").json()["items"]
        )

    def mails(self, job_id: str) -> list[EmailMessage]:
        """The mails that speak of one job."""
        parser = BytesParser(policy=policy.default)
        found = []
        for file in sorted(Path(self.description["mail_dir"]).glob("*.eml")):
            content = file.read_bytes()
            if job_id.encode() in content:
                found.append(parser.parsebytes(content))
        return found

    def mail(self, job_id: str) -> EmailMessage:
        """Wait for the first mail about a job."""
        return wait_for(f"a mail about job {job_id}", lambda: next(iter(self.mails(job_id)), None))

    def download(self, job_id: str, name: str, directory: Path) -> Path:
        """Fetch one output through the link that the API signs."""
        link = self.link(job_id, name)
        file = directory / str(link["filename"])
        answer = self.http.get(link["download_url"])
        file.write_bytes(answer.raise_for_status().content)
        return file

    def link(self, job_id: str, name: str) -> dict[str, Any]:
        """The signed link to one output, as the API gives it."""
        answer = self.api("GET", f"/jobs/{job_id}/download/{name}")
        assert answer.status_code == 200, answer.text
        return cast("dict[str, Any]", answer.json())

    def media_objects(self, job_id: str) -> dict[str, int]:
        """Keys and sizes of everything published for a job."""
        pages = self.aws("s3").get_paginator("list_objects_v2").paginate(Bucket=self.exports["media_bucket"])
        objects = (item for page in pages for item in page.get("Contents", []))
        return {item["Key"]: item["Size"] for item in objects if f"/{job_id}/" in item["Key"]}

    def executions(self, job_id: str) -> list[dict[str, Any]]:
        """The executions that were started for a job."""
        machine = self.exports["state_machine_arn"]
        pages = self.aws("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=machine)
        return [item for page in pages for item in page["executions"] if item["name"].startswith(job_id)]

    def history(self, execution_arn: str) -> list[dict[str, Any]]:
        """An execution's events, oldest first."""
        answer = self.aws("stepfunctions").get_execution_history(executionArn=execution_arn, maxResults=1000)
        return cast("list[dict[str, Any]]", answer["events"])

    def states_entered(self, execution_arn: str) -> list[str]:
        """The names of the states that an execution went through."""
        entered = (event.get("stateEnteredEventDetails") for event in self.history(execution_arn))
        return [details["name"] for details in entered if details]

    def ended_execution(self, job_id: str) -> dict[str, Any]:
        """Wait until the only execution of a job has ended."""

        def ended() -> dict[str, Any] | None:
            executions = self.executions(job_id)
            assert len(executions) <= 1, f"one job, one execution, but there are {executions}"
            return next((item for item in executions if item["status"] != "RUNNING"), None)

        return wait_for(f"the end of the execution of job {job_id}", ended)
