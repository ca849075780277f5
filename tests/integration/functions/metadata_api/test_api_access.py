"""Clients beside one another: what each sees, what answers give away, who did what, and the end of a key."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import ledger.database.connection
from ledger.access import keys
from ledger.access.keys import DeployedKey, Scope
from ledger.database.connection import LedgerConnection
from ledger.jobs import worker
from metadata_api.access.callers import KNOWN_SECONDS, Callers
from metadata_api.api import Application
from metadata_api.environment.resources import Resources
from metadata_api.route_table import OPERATIONS
from tests.api_client import Answer, ApiClient
from tests.integration.functions.metadata_api.new_jobs import CONTENT, FORM, arrive, create, start
from tests.integration.functions.metadata_api.test_api_round_trips import round_trips
from tests.ledger_support import claimed, output_of, queued_job

pytestmark = pytest.mark.integration

OPERATOR = "key-1"
CLIENTS = ("ours", "theirs")


@pytest.fixture(autouse=True)
def known(ledger_conn: LedgerConnection) -> None:
    told = [
        DeployedKey(gateway_id=f"{client}-{scope}", client=client, name=f"the {scope}", scope=scope)
        for client in CLIENTS
        for scope in Scope
    ]
    first = DeployedKey(gateway_id=OPERATOR, client="default", name="first", scope=Scope.OPERATOR)
    keys.take_up(ledger_conn, [first, *told])


@pytest.fixture
def per_client(api: ApiClient) -> Callable[[str], ApiClient]:
    """The API of a deployment whose clients do not see each other, called by a key."""
    settings = replace(api.settings, record_access="per-client")
    closed = replace(api, application=Application(Resources(settings)), settings=settings)
    return lambda key_id: replace(closed, api_key_id=key_id)


@pytest.fixture
def shared(api: ApiClient) -> Callable[[str], ApiClient]:
    return lambda key_id: replace(api, api_key_id=key_id)


def titles(answer: Answer) -> set[str]:
    return {item["title"] for item in answer.json["items"]}


def record(api: ApiClient, title: str = "Harbour") -> str:
    return str(api.call("POST", "/metadata", {"title": title}).json["video_id"])


def test_lists_show_a_client_its_own_and_an_operator_everything(
    per_client: Callable[[str], ApiClient],
) -> None:
    for client in CLIENTS:
        record(per_client(f"{client}-producer"), f"film of {client}")
        create(per_client(f"{client}-producer"), metadata={"title": f"upload of {client}"})

    seen = {key: titles(per_client(key).call("GET", "/metadata")) for key in ("ours-viewer", OPERATOR)}
    jobs = {key: per_client(key).call("GET", "/jobs").json["items"] for key in ("theirs-viewer", OPERATOR)}

    assert seen["ours-viewer"] == {"film of ours", "upload of ours"}
    assert len(seen[OPERATOR]) == 4
    assert (len(jobs["theirs-viewer"]), len(jobs[OPERATOR])) == (1, 2)


def test_a_cursor_is_void_for_another_client(per_client: Callable[[str], ApiClient]) -> None:
    for client in CLIENTS:
        for number in range(2):
            record(per_client(f"{client}-producer"), f"{client} {number}")
    cursor = per_client("ours-viewer").call("GET", "/metadata", query={"limit": "1"}).json["next_cursor"]

    taken = per_client("theirs-viewer").call("GET", "/metadata", query={"limit": "1", "cursor": cursor})

    assert (taken.status, taken.json["code"]) == (400, "CURSOR_INVALID")


@pytest.mark.parametrize(
    "operation",
    [item for item in OPERATIONS if "{video_id}" in item.path and item.scope is not Scope.OPERATOR],
    ids=lambda item: item.name,
)
def test_anothers_record_is_answered_like_one_that_never_was(
    per_client: Callable[[str], ApiClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: Any
) -> None:
    monkeypatch.setattr(ledger.database.connection, "_TRUST_IDLE_SECONDS", 3600.0)
    theirs, never = record(per_client("theirs-producer")), str(uuid4())
    asker = per_client("ours-producer")

    def ask(video_id: str) -> Answer:
        path = operation.path.format(video_id=video_id, track_name="en")
        return asker.call(operation.method, path, headers={"X-Request-Id": "same"})

    answers = [ask(video_id) for video_id in (theirs, never)]
    spent = [
        round_trips(asker.application, tmp_path / video_id, lambda video_id=video_id: ask(video_id))
        for video_id in (theirs, never)
    ]

    assert answers[0].status == 404
    assert answers[0].text.replace(theirs, never) == answers[1].text
    assert (answers[0].status, answers[0].headers) == (answers[1].status, answers[1].headers)
    assert spent[0] == spent[1]


def test_where_records_are_shared_others_read_them_and_only_owner_and_operator_change_them(
    shared: Callable[[str], ApiClient],
) -> None:
    video_id = record(shared("theirs-producer"))

    assert shared("ours-viewer").call("GET", f"/metadata/{video_id}").json["client"] == "theirs"
    refused = shared("ours-producer").call("PATCH", f"/metadata/{video_id}", {"title": "Mine"})
    ordered = shared("ours-producer").call("POST", "/jobs", FORM | {"video_id": video_id})
    changed = shared(OPERATOR).call("PATCH", f"/metadata/{video_id}", {"title": "Ours"})

    assert [(answer.status, answer.json["code"]) for answer in (refused, ordered)] == [(403, "NOT_YOURS")] * 2
    assert changed.status == 200


def test_a_purge_at_once_is_an_operators(shared: Callable[[str], ApiClient]) -> None:
    video_id = record(shared("ours-producer"))
    purge = {"purge": "true"}

    refused = shared("ours-producer").call("DELETE", f"/metadata/{video_id}", query=purge)

    assert (refused.status, refused.json["code"]) == (403, "SCOPE_TOO_SMALL")
    assert shared(OPERATOR).call("DELETE", f"/metadata/{video_id}", query=purge).status == 204


def test_a_source_of_another_client_is_answered_like_one_that_never_was(
    per_client: Callable[[str], ApiClient], ledger_conn: LedgerConnection, aws: Any
) -> None:
    maker = per_client("theirs-producer")
    job_id = create(maker)["job"]["job_id"]
    key = f"uploads/{job_id}/source"
    aws.client("s3").put_object(Bucket=maker.settings.ingest_bucket, Key=key, Body=CONTENT)
    arrive(maker, ledger_conn, job_id)
    source = {"bucket": maker.settings.ingest_bucket, "key": key}

    answers = [
        per_client("ours-producer").call(
            "POST", "/jobs", {"source": wanted}, headers={"X-Request-Id": "same"}
        )
        for wanted in (source, source | {"key": "never/was.mov"})
    ]

    assert answers[0].json["code"] == "SOURCE_NOT_FOUND"
    assert (answers[0].status, answers[0].text) == (answers[1].status, answers[1].text)
    assert per_client("theirs-producer").call("POST", "/jobs", {"source": source}).status == 201
    assert per_client(OPERATOR).call("POST", "/jobs", {"source": source}).status == 201


def test_outputs_answer_for_the_same_bytes_of_the_same_client_only(
    per_client: Callable[[str], ApiClient],
    shared: Callable[[str], ApiClient],
    ledger_conn: LedgerConnection,
    aws: Any,
) -> None:
    order = FORM | {"sha256": "a" * 64, "deduplicate": True}
    bucket = f"media-{uuid4().hex}"
    aws.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.DEFAULT_SESSION.region_name}
    )
    job = per_client("theirs-producer").call("POST", "/jobs", order).json["job"]
    arrive(per_client(OPERATOR), ledger_conn, job["job_id"])
    claim = start(ledger_conn, job["job_id"])
    outputs = [output_of(claim), output_of(claim, "manifest", key=f"{claim.output_prefix}manifest.json")]
    for output in outputs:
        aws.client("s3").put_object(Bucket=bucket, Key=output.key, Body=b"x")
    worker.complete(ledger_conn, claim, outputs, {}, stack="test", media_bucket=bucket)

    made = [
        by.call("POST", "/jobs", order).json["job"]["status"]
        for by in (per_client("ours-producer"), per_client("theirs-producer"), shared("ours-producer"))
    ]

    assert made == ["PENDING", "COMPLETED", "COMPLETED"]


def test_a_record_that_is_handed_over_takes_its_jobs_along(per_client: Callable[[str], ApiClient]) -> None:
    job = create(per_client("theirs-producer"))["job"]
    path = f"/metadata/{job['video_id']}"

    handed = per_client(OPERATOR).call("PUT", f"{path}/client", {"client": "ours"})
    nobody = per_client(OPERATOR).call("PUT", f"{path}/client", {"client": "nobody"})

    assert (handed.status, handed.json["client"]) == (200, "ours")
    assert (nobody.status, nobody.json["errors"][0]["field"]) == (400, "client")
    assert per_client("ours-producer").call("POST", f"/jobs/{job['job_id']}/cancel").status == 200
    assert per_client("theirs-viewer").call("GET", f"/jobs/{job['job_id']}").status == 404


def test_histories_name_client_key_and_request_of_every_change(
    per_client: Callable[[str], ApiClient], ledger_conn: LedgerConnection
) -> None:
    ours = per_client("ours-producer")
    job = create(ours)["job"]
    path, sent = f"/metadata/{job['video_id']}", {"X-Request-Id": "request-7"}
    ours.call("PATCH", path, {"title": "Other"}, headers=sent)
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nHi\n"
    ours.call("PUT", f"{path}/subtitles/en", {"language": "en", "text": text})
    ours.call("POST", f"/jobs/{job['job_id']}/cancel", headers=sent)
    ours.call("DELETE", path)
    ours.call("POST", f"{path}/undelete")
    per_client(OPERATOR).call("PUT", f"{path}/client", {"client": "theirs"})

    events = per_client(OPERATOR).call("GET", f"{path}/events").json["items"]
    of_job = per_client(OPERATOR).call("GET", f"/jobs/{job['job_id']}/events").json["items"]

    assert [(event["type"], event["actor"]["client"]) for event in events] == [
        ("record.changed", "ours"),
        ("subtitles.put", "ours"),
        ("record.deleted", "ours"),
        ("record.undeleted", "ours"),
        ("record.handed_over", "default"),
    ]
    key = keys.by_gateway_id(ledger_conn, "ours-producer")
    assert key is not None
    wanted = {"client": "ours", "key_id": str(key.id), "key_name": "the producer", "request_id": "request-7"}
    assert events[0]["actor"] == wanted
    assert {event["type"]: event["actor"] for event in of_job}["job.cancelled"] == wanted
    assert all(event["actor"]["client"] == "ours" for event in of_job)


def test_what_the_platform_does_by_itself_has_no_actor(api: ApiClient, ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)

    events = api.call("GET", f"/jobs/{job.id}/events").json["items"]

    assert {event["actor"] for event in events} == {None}


def test_two_keys_of_a_client_share_its_records_and_idempotency_keys(
    per_client: Callable[[str], ApiClient], ledger_conn: LedgerConnection
) -> None:
    second = keys.begin(ledger_conn, "ours", "next", Scope.PRODUCER)
    assert keys.made(ledger_conn, second.id, "ours-next")
    once = {"Idempotency-Key": "order-1"}

    first, again = (
        per_client(key).call("POST", "/jobs", FORM, headers=once).json["job"]["job_id"]
        for key in ("ours-producer", "ours-next")
    )

    assert first == again


@pytest.mark.parametrize("redis_port", [None, 1])
def test_a_revoked_key_opens_nothing_after_the_time_it_is_trusted_with_the_cache_up_and_down(
    per_client: Callable[[str], ApiClient], ledger_conn: LedgerConnection, redis_port: int | None
) -> None:
    closed = per_client("ours-next")
    settings = replace(closed.settings, redis_port=redis_port or closed.settings.redis_port)
    resources, now = Resources(settings), [0.0]
    callers = Callers(resources.connection, clock=lambda: now[0])
    api = replace(closed, application=Application(resources, callers), settings=settings)
    key = keys.begin(ledger_conn, "ours", "next", Scope.PRODUCER)
    assert keys.made(ledger_conn, key.id, "ours-next")
    assert api.call("GET", "/jobs").status == 200

    keys.begin_revoking(ledger_conn, key.id)
    now[0] = KNOWN_SECONDS

    answer = api.call("GET", "/jobs")
    assert (answer.status, answer.json["code"]) == (401, "API_KEY_UNKNOWN")
    assert answer.headers["WWW-Authenticate"].startswith("ApiKey")
    assert KNOWN_SECONDS <= 60


def test_an_endpoint_of_a_client_must_name_one_that_exists(shared: Callable[[str], ApiClient]) -> None:
    body = {"url": "https://hooks.example.com/video", "events": ["job.completed"], "client": "nobody"}

    answer = shared(OPERATOR).call("POST", "/webhooks", body)

    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "client")
