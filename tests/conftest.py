"""Servers that integration tests of every area share: one of each per session, thrown away at the end."""

import gc
import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from local.servers.emulator import EmulatorServer
from local.servers.postgres import PostgresServer
from local.servers.redis import RedisServer
from local.servers.tls import Authority, create_authority
from tests import machine_words
from tests.fault_map import fault_tests

# No test asserts a wall-clock time, and on a busy machine any example may take longer than expected.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

machine_words.watch()

TEST_REGION = "ap-northeast-1"
TESTS = Path(__file__).parent
COLLECTED = pytest.StashKey[frozenset[str]]()
"""All tests that were found, without their parameters, before any were left out."""
LONGEST_FIRST = ("e2e", "integration", "policy", "contract")


class SharedPlatforms(LoadScopeScheduling):
    """Shares the tests among workers by file, end-to-end tests by directory: those share platforms."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return file.rpartition("/")[0] if file.startswith("tests/e2e/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharedPlatforms:
    """Use the scheduler above when several workers run."""
    return SharedPlatforms(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark end-to-end, fault and long tests; among several workers the longest go first."""
    seen: Counter[str] = Counter()
    config.stash[COLLECTED] = frozenset(item.nodeid.partition("[")[0] for item in items)
    for item in items:
        few = item.get_closest_marker("long_but")
        test = item.nodeid.partition("[")[0]
        seen[test] += 1
        if few is not None and seen[test] > few.args[0]:
            item.add_marker(pytest.mark.long)
        if _area(item) == "e2e":
            item.add_marker(pytest.mark.e2e)
        file = item.path.relative_to(TESTS.parent).as_posix()
        if (file, getattr(item, "originalname", "")) in fault_tests():
            item.add_marker(pytest.mark.fault)
    if hasattr(config, "workerinput"):
        rank = {area: place for place, area in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: rank.get(_area(item), len(rank)))


def pytest_collection_finish() -> None:
    """Take what collection has made out of the garbage collector's sight, for it stays until the end."""
    gc.collect()
    gc.freeze()


def _area(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).parts[0]


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
