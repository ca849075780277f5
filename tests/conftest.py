"""Servers that integration tests of every area share: one of each per session, thrown away at the end."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.servers.emulator import EmulatorServer
from local.servers.postgres import PostgresServer
from local.servers.redis import RedisServer
from local.servers.tls import Authority, create_authority

TEST_REGION = "ap-northeast-1"
END_TO_END = Path(__file__).parent / "e2e"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark end-to-end tests."""
    for item in items:
        if item.path.is_relative_to(END_TO_END):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The certificate authority all test servers are verified against."""
    return create_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def postgres_server(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[PostgresServer]:
    """A real PostgreSQL (TLS, passwords; fsync off because it is thrown away)."""
    server = PostgresServer(
        tmp_path_factory.mktemp("postgres"), authority, master_password=secrets.token_hex(16), durable=False
    )
    with server:
        yield server
    server.remove_data()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[RedisServer]:
    """A real Redis (TLS only, AUTH)."""
    directory: Path = tmp_path_factory.mktemp("redis")
    with RedisServer(directory, authority, auth_token=secrets.token_hex(16), durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorServer]:
    """The AWS emulator with enforced IAM; root credentials are ``local.servers.emulator.ROOT_*``."""
    with EmulatorServer(tmp_path_factory.mktemp("emulator"), region=TEST_REGION) as server:
        yield server
