import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from ledger.database.connection import ConnectionKeeper, FixedCredentials, LedgerConnection
from ledger.database.settings import Credentials, DatabaseSettings
from orchestration.ingest import Services, take_batch
from orchestration.settings import IngestSettings
from runtime.dispatch import Workflow
from tests.function_settings import settings_of
from tests.ledger_support import (
    INGEST_BUCKET,
    MACHINE_ARN,
    FakeStepFunctions,
    LedgerDatabase,
    client_error,
    column,
    count,
    pending_job,
)

pytestmark = pytest.mark.integration

MAX_UPLOAD_BYTES = 10_000


@dataclass
class FakeS3:
    """Heads of objects by key; a key that is not listed is gone."""

    heads: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: Exception | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    tags: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    tagging_error: Exception | None = None

    def get_object_tagging(self, **arguments: str) -> dict[str, Any]:
        if self.tagging_error:
            raise self.tagging_error
        return {"TagSet": list(self.tags.get(arguments["Key"], []))}

    def put_object_tagging(self, **arguments: Any) -> None:
        assert arguments["VersionId"]
        self.tags[arguments["Key"]] = arguments["Tagging"]["TagSet"]

    def head_object(self, **arguments: str) -> dict[str, Any]:
        self.asked.append(arguments)
        if self.error:
            raise self.error
        if arguments["Key"] not in self.heads:
            raise client_error("404", "HeadObject")
        return self.heads[arguments["Key"]]


@dataclass
class World:
    services: Services
    s3: FakeS3
    stepfunctions: FakeStepFunctions
    conn: LedgerConnection

    def put(self, key: str, size_bytes: int = 1000, **more: Any) -> None:
        self.s3.heads[key] = {"ContentLength": size_bytes, "ETag": '"e1"'} | more

    def take(self, *bodies: str) -> list[str]:
        records = [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]
        response = take_batch(records, self.services)
        return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


@pytest.fixture
def world(ledger_database: LedgerDatabase, ledger_conn: LedgerConnection) -> Iterator[World]:
    made = make_world(ledger_database, ledger_conn)
    yield made
    made.services.keeper.close()


def make_world(
    database: LedgerDatabase,
    conn: LedgerConnection,
    s3: FakeS3 | None = None,
    stepfunctions: FakeStepFunctions | None = None,
) -> World:
    s3 = s3 or FakeS3()
    stepfunctions = stepfunctions or FakeStepFunctions()
    settings = settings_of(
        IngestSettings,
        "ingest",
        stack="dev",
        ingest_bucket=INGEST_BUCKET,
        state_machine_arn=MACHINE_ARN,
        max_running_jobs=100,
        max_upload_bytes=MAX_UPLOAD_BYTES,
        client_prefixes=("news/=newsroom",),
    )
    services = Services(
        settings=settings,
        keeper=database.keeper(),
        s3=s3,  # type: ignore[arg-type]
        workflow=Workflow(
            client=lambda: stepfunctions,  # type: ignore[arg-type,return-value]
            state_machine_arn=MACHINE_ARN,
            max_running_jobs=100,
        ),
    )
    return World(services, s3, stepfunctions, conn)


def event(key: str, **changes: Any) -> str:
    details = {"key": key, "size": 1, "etag": "e1", "version-id": "v1", "sequencer": "0060"} | changes
    return json.dumps(
        {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": INGEST_BUCKET}, "object": details},
        }
    )


def test_an_upload_starts_its_job(world: World) -> None:
    job = pending_job(world.conn)
    world.put(job.source_key, size_bytes=4321)

    assert world.take(event(job.source_key)) == []

    assert world.stepfunctions.started == [
        {"name": f"{job.id}-1", "input": json.dumps({"job_id": str(job.id), "attempt": 1})}
    ]
    assert column(world.conn, job.id, "status") == "QUEUED"
    assert column(world.conn, job.id, "source_size_bytes") == 4321
    assert column(world.conn, job.id, "execution_arn").endswith(f":{job.id}-1")
    assert world.s3.asked[0]["VersionId"] == "v1"


def test_ten_parallel_copies_of_one_event_make_one_job_and_one_start(
    ledger_database: LedgerDatabase, ledger_conn: LedgerConnection
) -> None:
    s3, stepfunctions = FakeS3(), FakeStepFunctions()
    worlds = [make_world(ledger_database, ledger_conn, s3, stepfunctions) for _ in range(10)]
    worlds[0].put("film.mov")

    with ThreadPoolExecutor(10) as pool:
        failures = list(pool.map(lambda each: each.take(event("film.mov")), worlds))

    for each in worlds:
        each.services.keeper.close()
    assert failures == [[]] * 10
    assert count(ledger_conn, "jobs") == 1
    assert len(stepfunctions.started) == 1


def test_only_the_poison_message_of_a_batch_is_returned(world: World) -> None:
    jobs = [pending_job(world.conn) for _ in range(9)]
    for job in jobs:
        world.put(job.source_key)
    bodies = [event(job.source_key) for job in jobs]
    bodies.insert(4, '{"detail-type": "Object Created", "detail": {}}')

    assert world.take(*bodies) == ["m4"]

    assert len(world.stepfunctions.started) == 9


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "[]",
        "null",
        '{"detail-type": "Object Deleted", "detail": {}}',
        '{"Records": [{"eventName": "ObjectRemoved:Delete", "s3": {}}]}',
        '{"Records": [{}]}',
        event("a\0b"),
        event("film.mov").replace(INGEST_BUCKET, "another-bucket"),
    ],
)
def test_messages_that_are_no_arrivals_go_back_to_the_queue(world: World, body: str) -> None:
    assert world.take(body) == ["m0"]
    assert count(world.conn, "jobs") == 0


def test_keys_are_decoded_in_direct_notifications_only(world: World) -> None:
    world.put("a+b%20c.mov")
    world.put("a b/ü.mov")
    direct = json.dumps(
        {
            "Records": [
                {
                    "eventName": "ObjectCreated:Put",
                    "s3": {
                        "bucket": {"name": INGEST_BUCKET},
                        "object": {
                            "key": "a+b/%C3%BC.mov",
                            "eTag": "e1",
                            "versionId": "v1",
                            "sequencer": "01",
                        },
                    },
                }
            ]
        }
    )

    assert world.take(event("a+b%20c.mov"), direct) == []

    rows = world.conn.execute("SELECT source_key FROM jobs ORDER BY 1").fetchall()
    assert rows == [("a b/ü.mov",), ("a+b%20c.mov",)]


def test_the_test_message_of_a_new_notification_and_folders_are_ignored(world: World) -> None:
    world.put("folder/", size_bytes=0)

    assert world.take('{"Service": "Amazon S3", "Event": "s3:TestEvent"}', event("folder/")) == []
    assert count(world.conn, "jobs") == 0


def test_what_jobs_use_is_no_source_of_a_job(world: World) -> None:
    world.put("assets/logo.png")

    assert world.take(event("assets/logo.png")) == []
    assert count(world.conn, "jobs") == 0


def test_what_is_dropped_below_an_assigned_prefix_belongs_to_its_client(world: World) -> None:
    keys = ("news/film.mov", "newsreel/film.mov", "film.mov")
    for key in keys:
        world.put(key)

    assert world.take(*(event(key) for key in keys)) == []

    found = world.conn.execute(
        "SELECT j.source_key, v.client, j.owner FROM jobs j JOIN videos v ON v.id = j.video_id"
    )
    assert {row[0]: row[1:] for row in found} == {
        "news/film.mov": ("newsroom", "newsroom"),
        "newsreel/film.mov": ("bucket", "bucket"),
        "film.mov": ("bucket", "bucket"),
    }


def test_of_two_versions_told_out_of_order_only_the_newest_is_processed(world: World) -> None:
    world.put("film.mov")
    newer = event("film.mov", **{"version-id": "v2", "sequencer": "0061"})
    older = event("film.mov", **{"version-id": "v1", "sequencer": "0060"})

    assert world.take(newer, older) == []

    rows = world.conn.execute("SELECT source_version_id FROM jobs").fetchall()
    assert rows == [("v2",)]
    assert len(world.stepfunctions.started) == 1


def test_an_event_of_a_replaced_or_deleted_object_starts_nothing(world: World) -> None:
    world.put("replaced.mov")

    assert world.take(event("replaced.mov", etag="old", **{"version-id": ""}), event("deleted.mov")) == []
    assert count(world.conn, "jobs") == 0


@pytest.mark.parametrize(("head", "stored"), [("v7", "v7"), ("null", None), (None, None)])
def test_a_version_that_the_event_leaves_out_is_taken_from_the_object(
    world: World, head: str | None, stored: str | None
) -> None:
    world.put("film.mov")
    world.s3.heads["film.mov"] |= {"VersionId": head} if head else {}

    assert world.take(event("film.mov", **{"version-id": ""})) == []

    assert world.conn.execute("SELECT source_version_id FROM jobs").fetchall() == [(stored,)]


def test_an_upload_nobody_ordered_starts_nothing(world: World) -> None:
    key = f"uploads/{uuid4()}/source"
    world.put(key)

    assert world.take(event(key)) == []
    assert world.stepfunctions.started == []


def test_a_file_over_the_limit_fails_at_once_and_says_how_large_it_may_be(world: World) -> None:
    world.put("huge.mov", size_bytes=MAX_UPLOAD_BYTES + 1)

    assert world.take(event("huge.mov"), event("huge.mov")) == []

    row = world.conn.execute("SELECT status, error_code, error_message FROM jobs").fetchone()
    assert row == ("FAILED", "LIMIT_EXCEEDED", "The file has 10.0 kB; the platform takes at most 10.0 kB.")
    assert world.stepfunctions.started == []
    assert count(world.conn, "outbox") == 1


def test_a_failed_start_returns_the_message_and_the_next_delivery_starts_the_job(world: World) -> None:
    world.put("film.mov")
    world.stepfunctions.error = client_error("ThrottlingException")

    assert world.take(event("film.mov")) == ["m0"]

    world.stepfunctions.error = None
    assert world.take(event("film.mov")) == []
    assert len(world.stepfunctions.started) == 1


def test_an_execution_that_exists_already_is_a_start_that_is_done(world: World) -> None:
    job = pending_job(world.conn)
    world.put(job.source_key)
    arn = MACHINE_ARN.replace(":stateMachine:", ":execution:") + f":{job.id}-1"
    world.stepfunctions.statuses[arn] = ("SUCCEEDED", "")

    assert world.take(event(job.source_key)) == []
    assert column(world.conn, job.id, "execution_arn") == arn


def test_an_s3_failure_returns_only_its_message(world: World) -> None:
    world.s3.error = client_error("503", "HeadObject")

    assert world.take(event("film.mov")) == ["m0"]


def test_without_a_database_everything_not_yet_done_is_returned(world: World) -> None:
    world.put("a.mov")
    keeper = ConnectionKeeper(
        DatabaseSettings(host="127.0.0.1", port=1, name="none"),
        FixedCredentials(Credentials(username="a", password="b")),
    )
    broken = Services(
        settings=world.services.settings,
        keeper=keeper,
        s3=world.services.s3,
        workflow=world.services.workflow,
    )
    records = [{"messageId": f"m{number}", "body": event("a.mov")} for number in range(3)]

    response = take_batch(records, broken)

    assert [item["itemIdentifier"] for item in response["batchItemFailures"]] == ["m0", "m1", "m2"]
    assert len(world.s3.asked) == 1


TAG = {"Key": "content", "Value": "original"}


def test_an_accepted_original_is_marked_beside_the_tags_it_has(world: World) -> None:
    upload = pending_job(world.conn)
    world.put(upload.source_key)
    world.put("a/dropped.mov")
    world.s3.tags["a/dropped.mov"] = [{"Key": "team", "Value": "news"}]

    assert world.take(event(upload.source_key), event("a/dropped.mov")) == []

    assert world.s3.tags == {
        upload.source_key: [TAG],
        "a/dropped.mov": [{"Key": "team", "Value": "news"}, TAG],
    }


def test_what_is_refused_or_no_source_or_full_of_tags_is_not_marked(world: World) -> None:
    full = [{"Key": f"k{number}", "Value": ""} for number in range(10)]
    world.put("large.mov", size_bytes=MAX_UPLOAD_BYTES + 1)
    world.put("assets/logo.png")
    world.put("tagged.mov")
    world.s3.tags["tagged.mov"] = full

    assert world.take(event("large.mov"), event("assets/logo.png"), event("tagged.mov")) == []

    assert world.s3.tags == {"tagged.mov": full}


def test_an_original_that_could_not_be_marked_is_marked_when_its_message_comes_again(world: World) -> None:
    world.put("a/dropped.mov")
    world.s3.tagging_error = client_error("SlowDown", "GetObjectTagging")
    assert world.take(event("a/dropped.mov")) == ["m0"]
    world.conn.execute("UPDATE jobs SET status = 'PROCESSING'")

    world.s3.tagging_error = None
    assert world.take(event("a/dropped.mov")) == []

    assert world.s3.tags == {"a/dropped.mov": [TAG]}
    assert len(world.stepfunctions.started) == 1


def test_a_file_dropped_into_the_archive_itself_fails_with_what_to_do(world: World) -> None:
    world.put("cold.mov", StorageClass="DEEP_ARCHIVE")

    assert world.take(event("cold.mov")) == []

    row = world.conn.execute("SELECT status, error_code, error_remedy, video_id FROM jobs").fetchone()
    assert row is not None
    assert row[:2] == ("FAILED", "SOURCE_ARCHIVED")
    assert f"POST /metadata/{row[3]}/restore" in row[2]
    assert world.stepfunctions.started == []


def test_an_event_that_comes_before_its_restore_is_over_wakes_nobody(world: World) -> None:
    world.put("old.mov", StorageClass="DEEP_ARCHIVE", Restore='ongoing-request="true"')
    told = json.loads(event("old.mov")) | {"detail-type": "Object Restore Completed"}

    assert world.take(json.dumps(told)) == []

    assert count(world.conn, "jobs") == 0
