"""Subtitles beside a video: added later or with the job, offered to players, removed again."""

from uuid import uuid4

import pytest

from ledger.database.connection import LedgerConnection
from tests.api_client import ApiClient
from tests.integration.functions.metadata_api.new_jobs import create

pytestmark = pytest.mark.integration

SRT = "1\n00:00:00,500 --> 00:00:01,500\nHello <script>there</script>\n"
BODY = {"language": "en", "label": "English", "text": SRT}


def test_tracks_are_added_replaced_listed_read_and_removed(api: ApiClient) -> None:
    path = f"/metadata/{create(api)['job']['video_id']}/subtitles"

    assert api.call("GET", path).json == {"items": []}
    added = api.call("PUT", f"{path}/en", BODY)
    assert added.status == 200, added.text
    assert (added.json["name"], added.json["cues"], added.json["ends_seconds"]) == ("en", 1, 1.5)
    api.call("PUT", f"{path}/en", BODY | {"label": "English (hard of hearing)"})
    assert [item["label"] for item in api.call("GET", path).json["items"]] == ["English (hard of hearing)"]
    text = api.call("GET", f"{path}/en")
    assert text.text == "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nHello there\n"
    assert text.headers["Content-Type"] == "text/vtt"
    assert api.call("DELETE", f"{path}/en").status == 204
    gone = api.call("DELETE", f"{path}/en")
    assert (gone.status, gone.json["code"]) == (404, "SUBTITLES_NOT_FOUND")


@pytest.mark.parametrize(
    ("name", "body", "code", "field"),
    [
        ("en", BODY | {"text": "no times here"}, "SUBTITLES_REFUSED", "text"),
        ("en", BODY | {"text": SRT + "\0"}, "SUBTITLES_REFUSED", "text"),
        ("en", BODY | {"language": "english please"}, "VALIDATION_FAILED", "language"),
        ("EN", BODY, "VALIDATION_FAILED", "track_name"),
        ("en", {"language": "en"}, "VALIDATION_FAILED", "text"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_field(
    api: ApiClient, name: str, body: dict[str, str], code: str, field: str
) -> None:
    video_id = create(api)["job"]["video_id"]

    answer = api.call("PUT", f"/metadata/{video_id}/subtitles/{name}", body)

    assert (answer.status, answer.json["code"]) == (400, code)
    assert answer.json["errors"][0]["field"] == field


def test_a_film_long_file_is_taken_and_a_larger_one_is_not(api: ApiClient) -> None:
    path = f"/metadata/{create(api)['job']['video_id']}/subtitles/en"
    cue = "1\n00:00:01,000 --> 00:00:02,000\n" + "words " * 60 + "\n\n"

    assert api.call("PUT", path, BODY | {"text": cue * 2000}).json["cues"] == 2000
    assert api.call("PUT", path, BODY | {"text": cue * 8000}).status in {400, 413}


def test_an_unknown_video_has_no_subtitles(api: ApiClient) -> None:
    path = f"/metadata/{uuid4()}/subtitles"

    assert api.call("GET", path).json["code"] == "VIDEO_NOT_FOUND"
    assert api.call("PUT", f"{path}/en", BODY).json["code"] == "VIDEO_NOT_FOUND"


def test_a_video_has_at_most_32_tracks(api: ApiClient) -> None:
    path = f"/metadata/{create(api)['job']['video_id']}/subtitles"
    for number in range(32):
        assert api.call("PUT", f"{path}/t{number}", BODY).status == 200

    refused = api.call("PUT", f"{path}/one-more", BODY)

    assert (refused.status, refused.json["code"]) == (400, "SUBTITLES_REFUSED")
    assert api.call("PUT", f"{path}/t1", BODY).status == 200


def test_tracks_come_with_the_job_or_the_job_is_not_made(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    video_id = create(api, subtitles=[BODY | {"name": "en"}])["job"]["video_id"]

    assert [item["name"] for item in api.call("GET", f"/metadata/{video_id}/subtitles").json["items"]] == [
        "en"
    ]
    before = ledger_conn.execute("SELECT count(*) FROM jobs").fetchone()
    form = {"filename": "a.mp4", "size_bytes": 1, "content_type": "video/mp4"}
    for tracks, field in (
        ([BODY | {"name": "en", "text": "x"}], "subtitles.0.text"),
        ([BODY | {"name": "en"}] * 2, "subtitles"),
    ):
        answer = api.call("POST", "/jobs", form | {"subtitles": tracks})
        assert (answer.status, answer.json["errors"][0]["field"]) == (400, field)
    assert ledger_conn.execute("SELECT count(*) FROM jobs").fetchone() == before
