"""A deleted video can be taken back until its content begins to go."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import arrivals
from ledger.videos import deletion
from tests.api_client import ApiClient, ParallelCalls
from tests.integration.functions.metadata_api.new_jobs import arrive, create, finish, start
from tests.ledger_support import column, event_types, source_of

pytestmark = pytest.mark.integration


def deleted(api: ApiClient) -> list[dict[str, Any]]:
    answer = api.call("GET", "/metadata", query={"state": "deleted"})
    assert answer.status == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def undelete(api: ApiClient, video_id: str) -> Any:
    return api.call("POST", f"/metadata/{video_id}/undelete")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_video_that_is_taken_back_is_as_it_was_and_its_cancelled_job_stays_cancelled(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    done = create(api)["job"]
    path = f"/metadata/{done['video_id']}"
    arrive(api, ledger_conn, done["job_id"])
    finish(ledger_conn, start(ledger_conn, done["job_id"]))
    waiting = create(api, video_id=done["video_id"])["job"]
    before = api.call("GET", path).json
    assert api.call("DELETE", path).status == 204

    answer = undelete(api, done["video_id"])

    assert answer.status == 200
    changed = {"latest_job": "CANCELLED", "updated_at": answer.json["updated_at"]}
    assert answer.json == before | changed == api.call("GET", path).json
    assert api.call("GET", f"/jobs/{done['job_id']}/download/480p").status == 200
    assert api.call("GET", f"/jobs/{waiting['job_id']}").json["status"] == "CANCELLED"
    assert event_types(ledger_conn, UUID(done["job_id"]))[-2:] == ["video.deleted", "video.undeleted"]
    assert deleted(api) == []


def test_the_list_of_deleted_videos_tells_from_when_on_each_can_go(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    kept, later, soon, gone = (create(api)["job"]["video_id"] for _ in range(4))
    for video_id, query in ((later, {}), (soon, {"purge": "true"}), (gone, {})):
        assert api.call("DELETE", f"/metadata/{video_id}", query=query).status == 204
    assert deletion.begin(ledger_conn, UUID(gone))

    first, second = deleted(api)

    assert (first["video_id"], second["video_id"]) == (soon, later)
    assert first["purge_at"] == first["deleted_at"]
    assert moment(second["purge_at"]) - moment(second["deleted_at"]) == timedelta(days=7)
    (living,) = api.call("GET", "/metadata").json["items"]
    assert (living["video_id"], living["deleted_at"], living["purge_at"]) == (kept, None, None)


@pytest.mark.parametrize("state", ["begun", "over"])
def test_once_the_purge_has_begun_the_answer_is_409(
    api: ApiClient, ledger_conn: LedgerConnection, state: str
) -> None:
    video_id = create(api)["job"]["video_id"]
    api.call("DELETE", f"/metadata/{video_id}")
    assert deletion.begin(ledger_conn, UUID(video_id))
    if state == "over":
        deletion.scrub(ledger_conn, UUID(video_id))

    answer = undelete(api, video_id)

    assert (answer.status, answer.json["code"]) == (409, "VIDEO_PURGED")
    assert api.call("GET", f"/metadata/{video_id}").status == 404
    assert deleted(api) == []


def test_of_a_purge_and_those_who_take_the_video_back_one_side_wins(
    api: ApiClient, ledger_conn: LedgerConnection, parallel: ParallelCalls
) -> None:
    job = create(api)["job"]
    api.call("DELETE", f"/metadata/{job['video_id']}")

    answers = parallel([{"method": "POST", "path": f"/metadata/{job['video_id']}/undelete"}] * 4)

    assert {answer.status for answer in answers} == {200}
    assert event_types(ledger_conn, UUID(job["job_id"])).count("video.undeleted") == 1
    assert not deletion.begin(ledger_conn, UUID(job["video_id"]))


def test_what_is_not_deleted_stays_as_it_is_and_what_never_was_is_not_found(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    job = create(api)["job"]
    before = api.call("GET", f"/metadata/{job['video_id']}").json

    assert undelete(api, job["video_id"]).json == before
    assert event_types(ledger_conn, UUID(job["job_id"])) == ["job.created"]
    assert undelete(api, str(uuid4())).json["code"] == "VIDEO_NOT_FOUND"


def test_a_file_dropped_under_the_same_key_meanwhile_keeps_the_key(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    def drop(version: str) -> str:
        made = arrivals.create_bucket_job(
            ledger_conn, source_of("a/film.mov", version_id=version, sequencer=None)
        )
        assert made is not None
        return str(made.job.video_id)

    old = drop("v1")
    api.call("DELETE", f"/metadata/{old}")
    new = drop("v2")

    assert undelete(api, old).status == 200

    assert drop("v3") == new != old
    assert {item["video_id"] for item in api.call("GET", "/metadata").json["items"]} == {old, new}
    jobs = api.call("GET", "/jobs", query={"video_id": old}).json["items"]
    assert [column(ledger_conn, UUID(job["job_id"]), "source_version_id") for job in jobs] == ["v1"]
