"""What a video plays, as people order, choose and poll it."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import settlement, worker
from ledger.jobs.failures import failure
from ledger.states import ErrorCode
from tests.api_client import Answer, ApiClient
from tests.integration.functions.metadata_api.new_jobs import arrive, create, finish, start
from tests.ledger_support import output_of

pytestmark = pytest.mark.integration


def done(api: ApiClient, conn: LedgerConnection, **order: Any) -> dict[str, Any]:
    """A job that was ordered and has completed with a film."""
    job: dict[str, Any] = create(api, **order)["job"]
    arrive(api, conn, job["job_id"])
    finish(conn, start(conn, job["job_id"]))
    return job


def pictures(api: ApiClient, conn: LedgerConnection, video_id: str) -> str:
    job_id: str = create(api, video_id=video_id, profile="thumbnails")["job"]["job_id"]
    arrive(api, conn, job_id)
    claim = start(conn, job_id)
    outputs = [output_of(claim, name, kind=name) for name in ("poster", "sprite", "scrub")]
    worker.complete(conn, claim, outputs, {}, stack="test", media_bucket="media-test")
    return job_id


def pin(api: ApiClient, video_id: str, job_id: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.call("PUT", f"/metadata/{video_id}/current-job", {"job_id": job_id}, headers=named)


def test_an_order_says_whether_it_publishes_and_a_trimmed_second_one_does_not_by_itself(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    trim = {"start_seconds": 0.5}
    first = done(api, ledger_conn, trim=trim)
    video_id = first["video_id"]
    piece = done(api, ledger_conn, video_id=video_id, trim=trim)
    whole = create(api, video_id=video_id)["job"]
    wanted = create(api, video_id=video_id, trim=trim, publish=True)["job"]
    hidden = create(api, video_id=video_id, publish=False)["job"]

    told = [job["publish"] for job in (first, piece, whole, wanted, hidden)]
    assert told == [True, False, True, True, False]
    assert api.call("GET", f"/metadata/{video_id}").json["current_job_id"] == first["job_id"]


def test_pictures_and_a_failure_after_a_film_leave_it_playing_with_the_new_pictures(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    film = done(api, ledger_conn)
    video_id = film["video_id"]
    # On the same bytes: the pictures are of the same film.
    shots = pictures(api, ledger_conn, video_id)
    ledger_conn.execute("UPDATE jobs SET source_key = 'films/a.mov', source_identity = NULL")
    broken = create(api, video_id=video_id)["job"]
    arrive(api, ledger_conn, broken["job_id"])
    settlement.fail(ledger_conn, UUID(broken["job_id"]), 1, failure(ErrorCode.INPUT_UNREADABLE), stack="test")

    record = api.call("GET", f"/metadata/{video_id}").json
    view = api.call("GET", f"/metadata/{video_id}/playback").json

    assert (record["state"], record["latest_job"]) == ("playable", "FAILED")
    assert (view["job_id"], view["hls"].split("?")[0]) == (
        film["job_id"],
        f"/playback/{film['job_id']}/master.m3u8",
    )
    assert f"/{shots}/" in view["poster_url"]
    assert f"/{shots}/" in view["sprite_url"]
    assert view["scrub"].startswith(f"/playback/{film['job_id']}/scrub.vtt?token=")
    listed = api.call("GET", "/metadata", query={"state": "playable", "latest_job": "FAILED"}).json["items"]
    assert [item["video_id"] for item in listed] == [video_id]


def test_a_pin_holds_until_it_is_taken_away(api: ApiClient, ledger_conn: LedgerConnection) -> None:
    first = done(api, ledger_conn)
    video_id = first["video_id"]
    second = done(api, ledger_conn, video_id=video_id)

    pinned = pin(api, video_id, first["job_id"])
    third = done(api, ledger_conn, video_id=video_id)
    held = api.call("GET", f"/metadata/{video_id}").json
    freed = api.call("DELETE", f"/metadata/{video_id}/current-job")

    assert (pinned.status, pinned.json["current_job_id"]) == (200, first["job_id"])
    assert (held["current_job_id"], held["pinned_job_id"]) == (first["job_id"], first["job_id"])
    assert (freed.json["current_job_id"], freed.json["pinned_job_id"]) == (third["job_id"], None)
    assert freed.json["version"] == pinned.json["version"] + 1 == 3
    # Every one of them can still be played by its own id.
    for job in (first, second, third):
        assert api.call("GET", f"/jobs/{job['job_id']}/playback").json["job_id"] == job["job_id"]


def test_what_cannot_be_played_cannot_be_pinned(api: ApiClient, ledger_conn: LedgerConnection) -> None:
    film, other = done(api, ledger_conn), done(api, ledger_conn)
    video_id = film["video_id"]
    waiting = create(api, video_id=video_id)["job"]["job_id"]
    shots = pictures(api, ledger_conn, video_id)

    answers = [pin(api, video_id, job_id) for job_id in (waiting, other["job_id"], shots, str(uuid4()))]

    assert [(answer.status, answer.json["code"]) for answer in answers] == [(409, "JOB_NOT_PLAYABLE")] * 4
    assert "is PENDING" in answers[0].json["detail"]
    assert "neither picture nor sound" in answers[2].json["detail"]
    assert pin(api, str(uuid4()), film["job_id"]).status == 404
    assert pin(api, video_id, film["job_id"], If_Match='"7"').json["code"] == "VERSION_MISMATCH"
    record = api.call("GET", f"/metadata/{video_id}").json
    assert (record["version"], record["pinned_job_id"]) == (1, None)
    unfinished = api.call("GET", f"/jobs/{waiting}/playback")
    assert (unfinished.status, unfinished.json["code"]) == (409, "JOB_NOT_COMPLETED")
    assert api.call("GET", f"/jobs/{uuid4()}/playback").status == 404


def test_a_poller_sees_every_change_and_an_edit_between_writes_of_a_job_succeeds(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    job = create(api)["job"]
    path = f"/metadata/{job['video_id']}"
    seen = [api.call("GET", path).headers["ETag"]]

    def poll() -> int:
        answer = api.call("GET", path, headers={"If-None-Match": f'"1.x", W/{seen[-1]}'})
        assert answer.status == 304 or answer.headers["ETag"] not in seen
        assert (answer.text == "") == (answer.status == 304)
        seen.append(answer.headers["ETag"])
        return answer.status

    assert poll() == 304
    arrive(api, ledger_conn, job["job_id"])
    assert (poll(), poll()) == (200, 304)
    claim = start(ledger_conn, job["job_id"])
    assert poll() == 200
    basis = seen[-1]
    worker.record_source(ledger_conn, claim, {"container": "mov"}, 1)
    edited = api.call("PATCH", path, {"title": "Ours"}, headers={"If-Match": basis})
    assert edited.status == 200, edited.text
    assert poll() == 200
    finish(ledger_conn, claim)
    assert (poll(), poll()) == (200, 304)
    assert api.call("PATCH", path, {"title": "Theirs"}, headers={"If-Match": basis}).status == 412
