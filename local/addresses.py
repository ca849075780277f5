"""Which platform a command talks to: the one on this machine, or a deployed stack."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.errors import LocalModeError, MissingToolError
from local.paths import REPOSITORY_ROOT
from local.supervisor import Supervisor

KEY_VARIABLE = "VIDEO_API_KEY"
_TIMEOUT_SECONDS = 120  # the backend that keeps the stack's state may be far away


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an API answers, and what opens it.

    Attributes:
        url: Base address, with the stage.
        key: The API key.
        ca_path: PEM file of the authority that the server's certificate comes from; empty for those that
            everybody trusts, and over plain HTTP.
        deployed: Name of the deployed stack; empty for the platform on this machine.
        exports: The stack's outputs; of a deployed one without the secret ones.
    """

    url: str
    key: str = field(repr=False)
    ca_path: str = ""
    deployed: str = ""
    exports: Mapping[str, Any]


def address_of(stack: str, deployed: str | None) -> Address:
    """Give the address of a platform.

    Args:
        stack: Stack of the platform on this machine.
        deployed: Deployed stack, as Pulumi knows it; None for the platform on this machine.

    Raises:
        NotRunningError: The platform on this machine does not run.
        LocalModeError: Pulumi does not give the deployed stack's outputs, or its key cannot be read.
    """
    if deployed is None:
        state = Supervisor(stack).running_state()
        return Address(
            url=state.api_url, key=state.api_key, ca_path=state.ca_path, exports=dict(state.exports)
        )
    exports = _outputs(deployed)
    url = str(exports.get("api_domain_url") or exports.get("api_url") or "")
    if not url:
        message = f"The stack {deployed} has no output api_url."
        raise LocalModeError(message, remedy=f"Deploy it first: make deploy STACK={deployed}")
    key = os.environ.get(KEY_VARIABLE) or _key_of_deployment(deployed)
    return Address(url=url, key=key, deployed=deployed, exports=exports)


def _outputs(stack: str, *options: str) -> dict[str, Any]:
    command = ["pulumi", "stack", "output", "--json", "--non-interactive", *options, "--stack", stack]
    try:
        done = subprocess.run(
            command,
            cwd=REPOSITORY_ROOT,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        message = "The command pulumi is not on PATH."
        raise MissingToolError(
            message, remedy="Install the Pulumi CLI, version 3: https://www.pulumi.com/docs/install/"
        ) from error
    except subprocess.TimeoutExpired as error:
        message = f"Pulumi did not give the outputs of {stack} within {_TIMEOUT_SECONDS} s."
        raise LocalModeError(message, remedy="See whether its backend answers: pulumi stack ls") from error
    if done.returncode != 0:
        message = f"Pulumi does not give the outputs of the stack {stack}: {done.stderr.strip()[-500:]}"
        raise LocalModeError(
            message, remedy="Log in to the backend that keeps it (pulumi login), and see: pulumi stack ls"
        )
    try:
        outputs: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        message = f"Pulumi answered without JSON: {done.stdout.strip()[:200]}"
        raise LocalModeError(message, remedy=f"Try: pulumi stack output --json --stack {stack}") from error
    return outputs


def _key_of_deployment(stack: str) -> str:
    """Read the value of the key that the deployment made; a secret output tells which one it is."""
    # Only who has no key at hand needs them.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    exports = _outputs(stack, "--show-secrets")
    try:
        region = str(exports["state_machine_arn"]).split(":")[3]
        gateway = boto3.client("apigateway", region_name=region)
        return str(gateway.get_api_key(apiKey=exports["api_key_id"], includeValue=True)["value"])
    except (BotoCoreError, ClientError, KeyError, IndexError) as error:
        message = f"The API key of the stack {stack} cannot be read: {error}"
        remedy = f"Put a key into {KEY_VARIABLE}, or use credentials that may read it (apigateway:GET)."
        raise LocalModeError(message, remedy=remedy) from error
