from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from ledger.access import keys
from ledger.access.keys import Scope
from ledger.database.connection import ConnectionKeeper, FixedCredentials, LedgerConnection
from ledger.database.settings import Credentials, DatabaseSettings
from ledger.errors import LedgerUnavailableError
from ledger.jobs import jobs, settlement
from ledger.jobs.failures import failure
from ledger.models import Job
from ledger.states import ErrorCode
from ledger.turns import admission
from runtime.key_making import KeyMaker
from runtime.steps import MaintenanceError
from tests.archive import FakeArchive
from tests.function_settings import settings_of
from tests.ledger_support import (
    EXECUTION_PREFIX,
    MACHINE_ARN,
    STACK,
    FakeStepFunctions,
    LedgerDatabase,
    claimed,
    client_error,
    column,
    completed,
    count,
    pending_job,
    queued_job,
)
from upkeep.maintain import Services, maintain
from upkeep.settings import MaintainSettings

pytestmark = pytest.mark.integration


@dataclass
class FakeSns:
    published: list[dict[str, Any]] = field(default_factory=list)
    error: Exception | None = None

    def publish(self, **arguments: Any) -> None:
        if self.error:
            raise self.error
        self.published.append(arguments)


class UnreachableLambda:
    def invoke(self, **_arguments: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://lambda.invalid")


@dataclass
class World:
    services: Services
    stepfunctions: FakeStepFunctions
    sns: FakeSns
    conn: LedgerConnection

    def run(self) -> dict[str, int]:
        return maintain(self.services)

    def started_names(self) -> list[str]:
        return [call["name"] for call in self.stepfunctions.started]

    def age(self) -> None:
        """Makes everything look as if it had happened two minutes ago."""
        self.conn.execute(
            "UPDATE jobs SET dispatched_at = dispatched_at - interval '2 minutes',"
            " heartbeat_at = heartbeat_at - interval '2 minutes',"
            " queued_at = queued_at - interval '2 minutes', finished_at = finished_at - interval '2 minutes'"
        )

    def running(self, job: Job, status: str = "RUNNING", error: str = "") -> None:
        arn = f"{EXECUTION_PREFIX}:{job.id}-{job.attempt}"
        self.stepfunctions.statuses[arn] = (status, error)
        jobs.record_execution(self.conn, job.id, job.attempt, arn)


@pytest.fixture
def world(ledger_database: LedgerDatabase, ledger_conn: LedgerConnection) -> Iterator[World]:
    stepfunctions, sns = FakeStepFunctions(), FakeSns()
    settings = settings_of(
        MaintainSettings,
        "maintain",
        state_machine_arn=MACHINE_ARN,
        max_running_jobs=100,
        completion_topic_arn="arn:completion",
        error_topic_arn="arn:error",
        upload_expiry_seconds=3600,
        restore_days=3,
        restore_tier="Standard",
        key_maker_function_name="video-key-maker-test",
    )
    services = Services(
        settings=settings,
        keeper=ledger_database.keeper(),
        stepfunctions=stepfunctions,  # type: ignore[arg-type]
        sns=sns,  # type: ignore[arg-type]
        s3=FakeArchive(),  # type: ignore[arg-type]
        key_maker=KeyMaker(client=UnreachableLambda(), function_name="key-maker"),  # type: ignore[arg-type]
    )
    yield World(services, stepfunctions, sns, ledger_conn)
    services.keeper.close()


def test_with_nothing_to_do_it_does_nothing(world: World) -> None:
    assert set(world.run().values()) == {0}


def test_a_queued_job_whose_start_was_missed_is_started_once(world: World) -> None:
    job = queued_job(world.conn)

    world.run()
    world.run()

    assert world.started_names() == [f"{job.id}-1"]


def test_a_start_whose_starter_died_is_started_again_under_the_same_name(world: World) -> None:
    job = queued_job(world.conn)
    admission.admit(world.conn, 1)
    world.run()
    assert world.started_names() == []

    world.age()
    world.run()

    assert world.started_names() == [f"{job.id}-1"]


@pytest.mark.parametrize("claim_first", [True, False])
def test_a_job_whose_execution_is_gone_is_started_as_its_next_attempt(
    world: World, claim_first: bool
) -> None:
    job = queued_job(world.conn)
    world.running(job)
    if claim_first:
        claimed(world.conn, job)
    world.stepfunctions.statuses.clear()
    world.age()

    world.run()

    assert column(world.conn, job.id, "attempt") == 2
    assert world.started_names() == [f"{job.id}-2"]


def test_a_running_execution_is_left_alone(world: World) -> None:
    job = queued_job(world.conn)
    world.running(job)
    claimed(world.conn, job)
    world.age()

    world.run()

    assert column(world.conn, job.id, "attempt") == 1
    assert world.started_names() == []


def test_a_just_started_execution_that_is_not_visible_yet_is_left_alone(world: World) -> None:
    job = queued_job(world.conn)
    world.run()
    world.stepfunctions.statuses.clear()

    world.run()

    assert column(world.conn, job.id, "attempt") == 1


def test_after_three_lost_executions_the_job_fails_and_people_are_told(world: World) -> None:
    job = queued_job(world.conn)

    for _ in range(3):
        world.run()
        world.stepfunctions.statuses.clear()
        world.age()
    world.run()

    assert world.started_names() == [f"{job.id}-{attempt}" for attempt in (1, 2, 3)]
    assert column(world.conn, job.id, "error_code") == ErrorCode.INTERRUPTED
    assert [call["TopicArn"] for call in world.sns.published] == ["arn:error"]


def test_a_timed_out_execution_fails_its_job_even_if_its_event_was_lost(world: World) -> None:
    job = queued_job(world.conn)
    world.running(job, "TIMED_OUT")
    world.age()

    world.run()

    assert column(world.conn, job.id, "error_code") == ErrorCode.TIMED_OUT


def test_uploads_that_never_came_expire_and_newer_ones_wait(world: World) -> None:
    old, fresh = pending_job(world.conn), pending_job(world.conn)
    world.conn.execute(
        "UPDATE jobs SET created_at = now() - interval '3601 seconds' WHERE id = %s", (old.id,)
    )

    counts = world.run()

    assert counts["uploads_expired"] == 1
    assert column(world.conn, old.id, "error_code") == ErrorCode.UPLOAD_EXPIRED
    assert column(world.conn, fresh.id, "status") == "PENDING"
    message = world.sns.published[0]
    assert message["TopicArn"] == "arn:error"
    assert message["MessageAttributes"]["error_code"]["StringValue"] == "UPLOAD_EXPIRED"
    assert len(message["MessageAttributes"]) == 7


def test_a_completion_whose_workflow_vanished_before_telling_is_announced(world: World) -> None:
    job = queued_job(world.conn)
    completed(world.conn, claimed(world.conn, job))
    world.age()

    world.run()
    world.run()

    assert [call["TopicArn"] for call in world.sns.published] == ["arn:completion"]


def test_an_announcement_the_workflow_has_sent_is_not_sent_again(world: World) -> None:
    done, failed = queued_job(world.conn), queued_job(world.conn)
    completed(world.conn, claimed(world.conn, done))
    settlement.settle_for_workflow(world.conn, failed.id, 1, failure(ErrorCode.INTERNAL), stack=STACK)
    world.running(done, "SUCCEEDED")
    world.running(failed, "FAILED", "JobFailed")
    world.age()

    world.run()

    assert world.sns.published == []
    assert {column(world.conn, job.id, "announcement_route") for job in (done, failed)} == {"DONE"}


def test_an_announcement_the_workflow_is_about_to_send_is_left_to_it(world: World) -> None:
    job = queued_job(world.conn)
    completed(world.conn, claimed(world.conn, job))
    world.running(job)
    world.stepfunctions.statuses[f"{EXECUTION_PREFIX}:{job.id}-1"] = ("RUNNING", "")
    world.age()

    world.run()

    assert world.sns.published == []
    assert column(world.conn, job.id, "announcement_route") == "WORKFLOW"


def test_when_sns_is_away_the_announcement_stays_and_the_rest_is_done(world: World) -> None:
    settlement.fail(world.conn, queued_job(world.conn).id, 1, failure(ErrorCode.INTERNAL), stack=STACK)
    waiting = queued_job(world.conn)
    world.sns.error = client_error("ServiceUnavailable")

    counts = world.run()

    assert counts["announcements_delivered"] == 0
    assert world.started_names() == [f"{waiting.id}-1"]
    row = world.conn.execute("SELECT attempts, delivered_at, available_at > now() FROM outbox").fetchone()
    assert row == (1, None, True)


def test_when_step_functions_is_away_announcements_still_go_out_and_the_run_is_reported(world: World) -> None:
    settlement.fail(world.conn, queued_job(world.conn).id, 1, failure(ErrorCode.INTERNAL), stack=STACK)
    queued_job(world.conn)
    world.stepfunctions.error = client_error("ServiceUnavailable")

    with pytest.raises(MaintenanceError, match="jobs_dispatched"):
        world.run()

    assert len(world.sns.published) == 1


def test_old_idempotency_keys_are_purged(world: World) -> None:
    for key, age in (("old", "25 hours"), ("new", "23 hours")):
        world.conn.execute(
            "INSERT INTO idempotency_keys (caller, operation, key, request_sha256, resource_id, created_at)"
            " VALUES ('c', 'o', %s, repeat('a', 64), gen_random_uuid(), now() - %s::interval)",
            (key, age),
        )

    assert world.run()["keys_purged"] == 1
    assert count(world.conn, "idempotency_keys") == 1


def test_a_key_that_cannot_be_taken_away_is_named_and_keeps_nothing_else_from_being_done(
    world: World,
) -> None:
    keys.begin(world.conn, "studio", "Lost", Scope.VIEWER)
    world.conn.execute("UPDATE api_keys SET changed_at = changed_at - interval '10 minutes'")
    job = queued_job(world.conn)

    with pytest.raises(MaintenanceError, match="api_keys_removed"):
        world.run()

    assert world.started_names() == [f"{job.id}-1"]
    assert [key.state for key in keys.listed(world.conn) if not key.deployed] == ["revoking"]


def test_without_a_database_it_says_so(world: World) -> None:
    keeper = ConnectionKeeper(
        DatabaseSettings(host="127.0.0.1", port=1, name="none"),
        FixedCredentials(Credentials(username="a", password="b")),
    )
    services = Services(
        settings=world.services.settings,
        keeper=keeper,
        stepfunctions=world.services.stepfunctions,
        sns=world.services.sns,
        s3=world.services.s3,
        key_maker=world.services.key_maker,
    )

    with pytest.raises(LedgerUnavailableError):
        maintain(services)
