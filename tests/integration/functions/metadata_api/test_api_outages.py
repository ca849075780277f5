"""The API while its database or cache is stopped or frozen, with servers of this module's own."""

import itertools
import secrets
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from redis.connection import SSLConnection

import ledger.database.connection
import ledger.database.settings
from ledger.access import keys
from ledger.database.connection import FixedCredentials, PatientConnection, connect
from ledger.database.settings import Credentials, DatabaseSettings
from local.servers.base import LocalServer
from local.servers.postgres import PostgresServer
from local.servers.redis import RedisServer
from local.servers.tls import Authority
from metadata_api.api import Application
from metadata_api.environment.live_progress import PAUSE_SECONDS, LiveProgress
from metadata_api.environment.resources import Resources
from metadata_api.settings import ApiSettings
from tests.api_client import ApiClient
from tests.freezing import frozen
from tests.integration.functions.conftest import store_secret
from tests.ledger_support import KNOWN_KEYS
from upkeep.migrate import Waiting, migrate

pytestmark = pytest.mark.integration

APPLICATION = Credentials(username="video_app", password=secrets.token_hex(16))
EVERY_ROUTE = [
    ("GET", "/metadata", None),
    ("POST", "/metadata", {"title": "x"}),
    ("GET", "/metadata/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11", None),
    ("PUT", "/metadata/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11", {"title": "x"}),
    ("PATCH", "/metadata/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11", {"title": "x"}),
    ("DELETE", "/metadata/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11", None),
    ("GET", "/jobs", None),
    ("POST", "/jobs", {"filename": "a.mp4", "size_bytes": 1, "content_type": "video/mp4"}),
    ("GET", "/jobs/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11", None),
    ("GET", "/jobs/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11/events", None),
    ("GET", "/jobs/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11/download/original", None),
    ("GET", "/jobs/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11/download/720p", None),
    ("GET", "/webhooks", None),
    ("POST", "/webhooks", {"url": "https://hooks.example.com/", "events": ["job.failed"]}),
    ("GET", "/webhooks/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11", None),
    ("PATCH", "/webhooks/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11", {"enabled": True}),
    ("DELETE", "/webhooks/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11", None),
    ("POST", "/webhooks/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11/secret", {}),
    ("POST", "/webhooks/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11/test", None),
    ("POST", "/webhooks/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11/replay", {"since": "2026-01-01T00:00:00Z"}),
    ("GET", "/webhooks/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11/deliveries", None),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[PostgresServer]:
    directory: Path = tmp_path_factory.mktemp("postgres-outage")
    server = PostgresServer(directory, authority, master_password=secrets.token_hex(16), durable=False)
    with server:
        settings = DatabaseSettings(
            host=server.host, port=server.port, name=server.database, ca_bundle_path=server.ca_path
        )
        owner = FixedCredentials(
            Credentials(username=server.master_username, password=server.master_password)
        )
        migrate(
            settings,
            owner=owner,
            application=FixedCredentials(APPLICATION),
            waiting=Waiting(remaining_seconds=lambda: 30.0),
        )
        with connect(settings, owner) as conn:
            keys.take_up(conn, KNOWN_KEYS)
        yield server
    server.remove_data()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[RedisServer]:
    directory: Path = tmp_path_factory.mktemp("redis-outage")
    with RedisServer(directory, authority, auth_token=secrets.token_hex(16), durable=False) as server:
        yield server


@pytest.fixture
def api(
    aws: Any,
    api_settings: ApiSettings,
    database: PostgresServer,
    cache: RedisServer,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> ApiClient:
    monkeypatch.setattr(ledger.database.settings, "CA_BUNDLE_PATH", authority.ca_path)
    login = {"username": APPLICATION.username, "password": APPLICATION.password}
    settings = replace(
        api_settings,
        database_host=database.host,
        database_port=database.port,
        database_name=database.database,
        database_secret_arn=store_secret(aws.client("secretsmanager"), login),
        redis_host=cache.host,
        redis_port=cache.port,
        redis_secret_arn=store_secret(aws.client("secretsmanager"), {"auth_token": cache.auth_token}),
    )
    return ApiClient(Application(Resources(settings)), settings)


@contextmanager
def stopped(server: LocalServer) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


def hanging(server: LocalServer) -> AbstractContextManager[None]:
    assert server.pid is not None
    return frozen(server.pid)


def test_health_names_nothing_when_all_is_well(api: ApiClient) -> None:
    answer = api.call("GET", "/health")

    assert answer.status == 200
    assert (answer.json["status"], answer.json["degraded"]) == ("ok", [])
    assert {check["status"] for check in answer.json["checks"].values()} == {"ok"}


def test_without_the_cache_the_api_is_degraded_and_serves(api: ApiClient, cache: RedisServer) -> None:
    job = run_job(api)

    with stopped(cache):
        health = api.call("GET", "/health")
        watched = api.call("GET", f"/jobs/{job}")
        listed = api.call("GET", "/jobs")

    assert (health.status, health.json["status"], health.json["degraded"]) == (200, "degraded", ["cache"])
    assert (watched.status, watched.json["status"], watched.json["progress_percent"]) == (
        200,
        "PROCESSING",
        None,
    )
    assert listed.status == 200


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the cache: each connection and each command waits once, for a quarter of a second."""
    steps: list[str] = []
    attempt: Any = LiveProgress._attempt
    connect_cache: Any = SSLConnection._connect

    def counted_attempt(board: LiveProgress, command: Any) -> Any:
        steps.append("command")
        return attempt(board, command)

    def counted_connect(connection: Any) -> Any:
        steps.append("connection")
        return connect_cache(connection)

    monkeypatch.setattr(LiveProgress, "_attempt", counted_attempt)
    monkeypatch.setattr(SSLConnection, "_connect", counted_connect)
    return steps


@pytest.mark.timeout(60)
@pytest.mark.parametrize("warm", [True, False], ids=["open connection", "no connection"])
def test_a_hanging_cache_is_asked_once_and_then_left_alone(
    api: ApiClient, cache: RedisServer, asked: list[str], monkeypatch: pytest.MonkeyPatch, warm: bool
) -> None:
    job = run_job(api)
    if warm:
        api.call("GET", f"/jobs/{job}")  # the connection to the cache is open and will hang
    monkeypatch.setattr("metadata_api.environment.live_progress.PAUSE_SECONDS", 3600.0)
    asked.clear()

    with hanging(cache):
        answers = [api.call("GET", f"/jobs/{job}") for _ in range(5)]

    assert {answer.status for answer in answers} == {200}
    # Without a connection the wait is that for its handshake, so no command is ever sent.
    assert asked == (["command"] if warm else ["command", "connection"])


def test_in_five_minutes_without_the_cache_every_read_is_answered_and_few_look_for_it(
    api: ApiClient, cache: RedisServer, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = run_job(api)
    now = itertools.count(time.monotonic())
    monkeypatch.setattr(
        "metadata_api.environment.live_progress.time", SimpleNamespace(monotonic=lambda: next(now))
    )

    with stopped(cache):
        answers = [api.call("GET", f"/jobs/{job}") for _ in range(300)]

    assert {answer.status for answer in answers} == {200}
    assert asked.count("command") <= 300 / PAUSE_SECONDS + 1


def test_reads_without_the_cache_take_at_most_twice_as_long(api: ApiClient, cache: RedisServer) -> None:
    job = run_job(api)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else's
        settings = replace(api.settings, redis_port=reserved.getsockname()[1])
        without = ApiClient(Application(Resources(settings)), settings)
        # In turn, so that what else the machine does meets both; the best of three, as noise can only add.
        ratios = [ratio_of_p95(f"/jobs/{job}", without, api) for _ in range(3)]

    assert min(ratios) <= 2, ratios


def ratio_of_p95(path: str, first: ApiClient, second: ApiClient, *, calls: int = 100) -> float:
    seconds: dict[int, list[float]] = {0: [], 1: []}
    for number in range(2 * calls):
        started = time.perf_counter()
        assert (first, second)[number % 2].call("GET", path).status == 200
        seconds[number % 2].append(time.perf_counter() - started)
    slow, fast = (statistics.quantiles(each, n=20)[-1] for each in seconds.values())
    return slow / fast


def test_the_cache_is_used_again_after_it_returns(
    api: ApiClient, cache: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metadata_api.environment.live_progress.PAUSE_SECONDS", 0.0)
    with stopped(cache):
        assert api.call("GET", "/health").json["status"] == "degraded"

    assert api.call("GET", "/health").json["status"] == "ok"


@pytest.mark.parametrize("warm", [True, False], ids=["open connection", "no connection"])
def test_without_the_database_every_route_answers_503(
    api: ApiClient, database: PostgresServer, warm: bool
) -> None:
    if warm:
        assert api.call("GET", "/jobs").status == 200

    with stopped(database):
        for method, path, body in EVERY_ROUTE:
            answer = api.call(method, path, body)
            assert (answer.status, answer.json["code"]) == (503, "DATABASE_UNAVAILABLE"), path
            assert answer.headers["Retry-After"] == "5"
            assert answer.headers["Content-Type"] == "application/problem+json"
        health = api.call("GET", "/health")

    assert (health.status, health.json["status"], health.json["degraded"]) == (
        503,
        "unavailable",
        ["database"],
    )
    assert health.headers["Retry-After"] == "5"
    assert api.call("GET", "/jobs").status == 200


def test_a_restart_of_the_database_between_calls_is_not_noticed(
    api: ApiClient, database: PostgresServer
) -> None:
    assert api.call("GET", "/jobs").status == 200
    with stopped(database):
        pass

    assert api.call("POST", "/metadata", {"title": "after"}).status == 201


@pytest.mark.timeout(60)
def test_a_frozen_database_answers_503_and_recovers(
    api: ApiClient, database: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api.call("GET", "/jobs").status == 200
    opened: list[DatabaseSettings] = []
    real = ledger.database.connection._open

    def counted(settings: DatabaseSettings, credentials: Credentials) -> PatientConnection:
        opened.append(settings)
        return real(settings, credentials)

    monkeypatch.setattr(ledger.database.connection, "_open", counted)

    with hanging(database):
        over_open_connection = api.call("GET", "/jobs")
        waits_for_connections = [len(opened)]
        over_new_connection = api.call("GET", "/jobs")
        waits_for_connections.append(len(opened))

    assert (over_open_connection.status, over_new_connection.status) == (503, 503)
    # One wait each, for an answer or for a connection; test_time_limits.py adds up how long they may be.
    assert waits_for_connections == [0, 1]
    assert api.call("GET", "/jobs").status == 200


def run_job(api: ApiClient) -> str:
    """A job in state PROCESSING."""
    form = {"filename": "a.mp4", "size_bytes": 1, "content_type": "video/mp4"}
    job_id: str = api.call("POST", "/jobs", form).json["job"]["job_id"]
    settings = DatabaseSettings(
        host=api.settings.database_host, port=api.settings.database_port, name=api.settings.database_name
    )
    with connect(settings, FixedCredentials(APPLICATION)) as conn:
        conn.execute(
            "UPDATE jobs SET status = 'PROCESSING', uploaded_at = now(), queued_at = now() WHERE id = %s",
            [job_id],
        )
    return job_id
