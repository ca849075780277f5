"""How often a call goes to the database and back, as its driver's own protocol trace tells it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ledger.database.connection
from ledger.database.connection import LedgerConnection
from metadata_api.api import Application
from metadata_api.environment.resources import Resources
from tests.api_client import ApiClient

pytestmark = pytest.mark.integration

RECORD = {"title": "Harbour", "tags": ["boats"]}
JOB = {"filename": "harbour.mp4", "size_bytes": 1000, "content_type": "video/mp4"}
# The first calls make connection and statements; a call is as cheap as it gets from then on.
WARM_UP_CALLS = 3


@pytest.fixture(autouse=True)
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, a connection is not asked first whether it lives."""
    monkeypatch.setattr(ledger.database.connection, "_TRUST_IDLE_SECONDS", 3600.0)


@contextmanager
def traced(application: Application, path: Path) -> Iterator[None]:
    """Has libpq write every message between this process and the server into a file."""
    with path.open("w") as file:
        with application._resources.connection() as conn:
            conn.pgconn.trace(file.fileno())
        # Given back, it is the warm one that the next call gets.
        yield
        conn.pgconn.untrace()


def messages(path: Path) -> list[str]:
    """The kinds of messages, in their order."""
    lines = (line.split("\t") for line in path.read_text().splitlines())
    return [parts[3] for parts in lines if len(parts) > 3]


def round_trips(application: Application, path: Path, call: Any) -> tuple[int, int]:
    """How often a warm call waits for the server, and how many statements are parsed for it."""
    for _ in range(WARM_UP_CALLS):
        call()
    with traced(application, path):
        call()
    found = messages(path)
    return found.count("ReadyForQuery"), found.count("Parse") + found.count("Query")


@pytest.mark.parametrize("proxied", [False, True])
@pytest.mark.parametrize(
    ("operation", "body", "trips"),
    [
        ("GET /metadata/{video_id}", None, 1),
        ("GET /metadata", None, 1),
        ("POST /metadata", RECORD, 1),
        ("POST /jobs", JOB, 2),
        ("GET /jobs/{job_id}", None, 1),
    ],
)
def test_a_warm_call_takes_the_fewest_round_trips_and_parses_nothing_unless_a_proxy_is_between(
    api: ApiClient, tmp_path: Path, operation: str, body: Any, *, trips: int, proxied: bool
) -> None:
    settings = replace(api.settings, database_proxied=proxied)
    client = replace(api, application=Application(Resources(settings)), settings=settings)
    job = client.call("POST", "/jobs", JOB).json["job"]
    method, path = operation.format(**job).split()

    def call() -> None:
        assert client.call(method, path, body).status < 300

    parsed = trips if proxied else 0
    assert round_trips(client.application, tmp_path / "trace", call) == (trips, parsed)


def test_a_search_is_planned_for_its_words_each_time(api: ApiClient, tmp_path: Path) -> None:
    api.call("POST", "/metadata", RECORD)

    def call() -> None:
        assert len(api.call("GET", "/metadata", query={"q": "harbour"}).json["items"]) == 1

    assert round_trips(api.application, tmp_path / "trace", call) == (1, 1)


def test_what_an_order_answers_is_what_reading_its_job_answers(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    made = api.call("POST", "/jobs", JOB | {"priority": 7, "metadata": {"title": "Harbour"}}).json["job"]

    assert api.call("GET", f"/jobs/{made['job_id']}").json == made
    title = ledger_conn.execute("SELECT title FROM videos WHERE id = %s", (made["video_id"],)).fetchone()
    assert title == ("Harbour",)
