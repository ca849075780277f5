"""What must be in place before a stack is deployed, each as one check that says how to put it right."""

import json
import shutil
import subprocess
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from artifacts.freshness import PACKAGE_PATH, package_fault
from artifacts.platforms import Architecture
from components.stack_config import StackConfig
from tools.check import Check

_COMMAND_TIMEOUT_SECONDS = 60
_STS = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


def check_pulumi() -> Check:
    """Look for the Pulumi command."""
    install = "install the Pulumi CLI, version 3 (https://www.pulumi.com/docs/install/), and put it on PATH"
    if shutil.which("pulumi") is None:
        return Check(name="pulumi", found="the command is not on PATH", remedy=install)
    answer = _ask("pulumi", "version")
    if answer.returncode != 0:
        return Check(name="pulumi", found=f"`pulumi version` failed: {_reason(answer)}", remedy=install)
    version = answer.stdout.strip()
    if not version.removeprefix("v").startswith("3."):
        return Check(name="pulumi", found=f"version {version}, but the program needs 3", remedy=install)
    return Check(name="pulumi", found=version)


def check_stack(stack: str) -> Check:
    """Look for the stack in the state backend that Pulumi is logged in to."""
    answer = _ask("pulumi", "stack", "ls", "--json", "--non-interactive")
    if answer.returncode != 0:
        return Check(
            name="stack",
            found=f"Pulumi cannot list stacks: {_reason(answer)}",
            remedy="log in to the state backend, for example: pulumi login s3://<bucket>; "
            "see docs/deployment.md, State",
        )
    # A service backend may put the organisation before the name.
    names = [str(entry["name"]).rpartition("/")[2] for entry in json.loads(answer.stdout or "[]")]
    if stack not in names:
        return Check(
            name="stack",
            found=f"{stack!r} is not in the state backend, which has {', '.join(names) or 'none'}",
            remedy=f"pulumi stack init {stack}; see docs/deployment.md, State, for encryption with KMS",
        )
    return Check(name="stack", found=stack)


def check_credentials(region: str) -> Check:
    """Ask AWS whose credentials these are."""
    try:
        identity = boto3.Session(region_name=region).client("sts", config=_STS).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        return Check(
            name="credentials",
            found=f"AWS does not accept them: {error}",
            remedy="aws sso login, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
            "test with: aws sts get-caller-identity",
        )
    return Check(
        name="credentials", found=f"{identity['Arn']} in account {identity['Account']}, region {region}"
    )


def check_docker(config: StackConfig) -> Check:
    """Look for a running Docker unless a ready image is configured."""
    if config.image_uri:
        return Check(name="docker", found=f"not needed, image_uri is {config.image_uri}")
    remedy = "install and start Docker with buildx, or set image_uri to a ready image of the processor"
    if shutil.which("docker") is None:
        return Check(name="docker", found="the command is not on PATH", remedy=remedy)
    answer = _ask("docker", "version", "--format", "{{.Server.Version}}")
    if answer.returncode != 0:
        return Check(name="docker", found=f"no server answers: {_reason(answer)}", remedy=remedy)
    return Check(name="docker", found=f"server {answer.stdout.strip()}")


def check_package(config: StackConfig, stack: str) -> Check:
    """Look for a package of the functions that is built from the present sources of this directory."""
    fault = package_fault(Path(PACKAGE_PATH), Architecture(config.cpu_architecture), root=Path.cwd())
    if fault is not None:
        return Check(name="package", found=fault, remedy=f"make package STACK={stack}")
    return Check(name="package", found=f"{PACKAGE_PATH} is up to date")


def _ask(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=_COMMAND_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        reason = f"no answer within {_COMMAND_TIMEOUT_SECONDS} s"
        return subprocess.CompletedProcess(command, returncode=1, stdout="", stderr=reason)


def _reason(answer: subprocess.CompletedProcess[str]) -> str:
    lines = (answer.stderr or answer.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit code {answer.returncode}"
