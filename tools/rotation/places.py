"""Where the stack is whose secrets are replaced: in AWS, or on this machine."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from local.aws import AwsAccess
from local.servers.tls import create_authority
from local.stack_config import load_stack_settings
from local.supervisor import Supervisor
from tools.rotation.caches import Cache, ElastiCache, LocalRedis
from tools.rotation.errors import RotationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A running stack.

    Attributes:
        exports: The stack's outputs, the secret ones too.
        client: Gives a client of an AWS service.
        cache: Its Redis.
    """

    exports: Mapping[str, Any]
    client: Callable[[str], Any]
    cache: Cache


def deployed(stack: str) -> Place:
    """The stack in AWS, by the credentials of the environment.

    Raises:
        RotationError: Pulumi does not know the stack.
    """
    command = ["pulumi", "stack", "output", "--json", "--show-secrets", "--stack", stack]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"pulumi has no outputs of stack {stack}: {done.stderr.strip()}"
        raise RotationError(message, remedy=f"Run: make outputs STACK={stack}")
    exports = json.loads(done.stdout)
    region = load_stack_settings(Path.cwd(), stack, lambda key: key).get("aws:region", "")
    session = boto3.session.Session(region_name=region)

    def client(service: str) -> Any:
        return session.client(service)  # type: ignore[call-overload]

    return Place(
        exports=exports,
        client=client,
        cache=ElastiCache(client("elasticache"), exports["redis_replication_group_id"]),
    )


def on_this_machine(stack: str) -> Place:
    """The stack of local mode.

    Raises:
        NotRunningError: It does not run.
    """
    supervisor = Supervisor(stack)
    state = supervisor.running_state()
    access = AwsAccess(state.emulator_url, state.region, ca_path=state.ca_path)
    return Place(
        exports=state.exports,
        client=access.client,
        cache=LocalRedis(
            host=state.redis["host"],
            port=state.redis["port"],
            own_token=state.secrets["redis_auth_token"],
            ca_path=str(create_authority(supervisor.paths.tls).ca_path),
        ),
    )
