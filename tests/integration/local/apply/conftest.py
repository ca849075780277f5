"""A freshly started emulator per test, and the whole platform applied once."""

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from local.apply import Applied, Endpoints, PostgresEndpoint, RedisEndpoint, apply_program
from local.aws import AwsAccess
from local.servers.emulator import EmulatorServer
from local.servers.postgres import PostgresServer
from local.servers.redis import RedisServer
from local.servers.tls import Authority

REGION = "ap-northeast-1"


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The applied program and a way to ask the emulator about it."""

    applied: Applied
    endpoints: Endpoints

    @cached_property
    def access(self) -> AwsAccess:
        """The emulator's owner."""
        return AwsAccess(self.endpoints.emulator_url, REGION)

    def client(self, service: str) -> Any:
        """Returns a client of the emulator with its owner's credentials."""
        return self.access.client(service)

    def as_role(self, role_arn: str, service: str) -> Any:
        """Returns a client with the permissions of a role."""
        return client_of_role(self.access, role_arn, service)


@pytest.fixture(scope="session")
def platform(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, redis_server: RedisServer
) -> Iterator[Platform]:
    """The repository's own program, applied for stack dev to servers of its own."""
    directory = tmp_path_factory.mktemp("platform")
    with ExitStack() as stack:
        emulator = stack.enter_context(EmulatorServer(directory / "emulator", region=REGION))
        # A server of its own: the migration creates the application's role for the whole server.
        postgres = PostgresServer(
            directory / "postgres", authority, master_password=secrets.token_hex(16), durable=False
        )
        stack.callback(postgres.remove_data)
        stack.enter_context(postgres)
        endpoints = Endpoints.of(
            postgres,
            redis_server,
            emulator,
            efs_dir=directory / "efs",
            packages_dir=directory / "packages",
            edge_url="http://127.0.0.1:1",
        )
        applied = apply_program("dev", endpoints, state_dir=directory / "state")
        yield Platform(applied=applied, endpoints=endpoints)


class TinyPlatform:
    """Applies small programs; every application gets a restarted emulator, as `up` does."""

    def __init__(self, directory: Path, authority: Authority, stack: ExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._emulator: EmulatorServer | None = None
        self._authority = authority
        self.project = directory / "project"
        self.project.mkdir()
        (self.project / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
        (self.project / "Pulumi.dev.yaml").write_text("config: {}\n")

    def apply(self, program: str, *, restart: bool = True) -> Applied:
        """Applies a program; with `restart` to an emulator whose control plane is empty."""
        if restart and self._emulator is not None:
            self._emulator.stop()
        if restart or self._emulator is None:
            self._emulator = EmulatorServer(self._directory / "emulator", region=REGION)
            self._stack.enter_context(self._emulator)
        header = "import json\nimport pulumi\nimport pulumi_aws as aws\nimport pulumi_random as random\n"
        (self.project / "__main__.py").write_text(header + program)
        ca_path = self._authority.ca_path
        endpoints = Endpoints(
            emulator_url=self._emulator.url,
            region=REGION,
            postgres=PostgresEndpoint(
                host="127.0.0.1",
                port=1,
                database="unused",
                master_username="unused",
                master_password=secrets.token_hex(8),
                ca_path=ca_path,
            ),
            edge_url="http://127.0.0.1:1",
            redis=RedisEndpoint(host="127.0.0.1", port=1, auth_token=secrets.token_hex(8), ca_path=ca_path),
            efs_dir=self._directory / "efs",
            packages_dir=self._directory / "packages",
            ca_path=ca_path,
        )
        state_dir = self._directory / "state"
        return apply_program("dev", endpoints, state_dir=state_dir, project_dir=self.project)

    @property
    def access(self) -> AwsAccess:
        """The owner of the current emulator."""
        assert self._emulator is not None
        return AwsAccess(self._emulator.url, REGION)

    def client(self, service: str) -> Any:
        """Returns a client of the current emulator."""
        return self.access.client(service)

    def as_role(self, role_arn: str, service: str) -> Any:
        """Returns a client with the permissions of a role."""
        return client_of_role(self.access, role_arn, service)


def client_of_role(access: AwsAccess, role_arn: str, service: str) -> Any:
    """Returns a client with the permissions of a role.

    The account's owner is let in first: the emulator knows no service principals such as ECS.
    """
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{role_arn.split(':')[4]}:root"}}
    document = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
    access.client("iam").update_assume_role_policy(
        RoleName=role_arn.rsplit("/", 1)[-1], PolicyDocument=json.dumps(document)
    )
    return access.acting_as(access.assume(role_arn, "test")).client(service)


@pytest.fixture
def tiny(tmp_path: Path, authority: Authority) -> Iterator[TinyPlatform]:
    """Applies small programs to emulators of the test's own."""
    with ExitStack() as stack:
        yield TinyPlatform(tmp_path, authority, stack)
