import time
from typing import Any
from uuid import uuid4

import pytest

from tests.api_client import Answer, ApiClient, ParallelCalls

pytestmark = pytest.mark.integration

FULL = {
    "title": "Harbour at dawn",
    "description": "First line\nSecond line",
    "tags": ["sea", "dawn"],
    "language": "pt-BR",
    "attributes": {"rights": {"owner": "Ana", "year": 2024}, "takes": [1, 2.5, None, True]},
}


def create(api: ApiClient, **changes: Any) -> dict[str, Any]:
    answer = api.call("POST", "/metadata", FULL | changes)
    assert answer.status == 201, answer.text
    record: dict[str, Any] = answer.json
    return record


def edit_of(answer: Answer) -> int:
    """How many versions of people the ETag tells of."""
    edit, _, rest = answer.headers["ETag"].strip('"').partition(".")
    assert len(rest) == 16
    return int(edit)


def test_a_created_record_reads_back_as_it_was_written(api: ApiClient) -> None:
    created = api.call("POST", "/metadata", FULL)

    read = api.call("GET", f"/metadata/{created.json['video_id']}")

    assert created.status == 201
    assert created.headers["Location"] == f"/metadata/{created.json['video_id']}"
    assert read.status == 200
    assert read.json == created.json
    assert {name: read.json[name] for name in FULL} == FULL
    assert (read.json["state"], read.json["latest_job"]) == ("none", "NONE")
    assert read.json["technical"] == {}
    assert read.headers["ETag"] == created.headers["ETag"]
    assert edit_of(read) == 1


def test_put_replaces_every_field_and_moves_the_version_on(api: ApiClient) -> None:
    video_id = create(api)["video_id"]

    answer = api.call("PUT", f"/metadata/{video_id}", {"title": "Only a title"})

    assert answer.status == 200
    assert edit_of(answer) == 2
    assert answer.json["title"] == "Only a title"
    assert (answer.json["tags"], answer.json["language"], answer.json["attributes"]) == ([], None, {})


def test_patch_merges_attributes_and_leaves_the_rest(api: ApiClient) -> None:
    video_id = create(api)["video_id"]
    patch = {
        "language": None,
        "attributes": {"rights": {"year": None, "country": "PT"}, "takes": None, "new": 1},
    }

    answer = api.call(
        "PATCH",
        f"/metadata/{video_id}",
        patch,
        headers={"Content-Type": "application/merge-patch+json"},
    )

    assert answer.status == 200
    assert answer.json["title"] == FULL["title"]
    assert answer.json["language"] is None
    assert answer.json["attributes"] == {"rights": {"owner": "Ana", "country": "PT"}, "new": 1}


def test_a_patch_cannot_grow_attributes_beyond_their_limit(api: ApiClient) -> None:
    video_id = create(api, attributes={f"a{number}": 1 for number in range(60)})["video_id"]

    answer = api.call(
        "PATCH", f"/metadata/{video_id}", {"attributes": {f"b{number}": 1 for number in range(10)}}
    )

    assert answer.status == 400
    assert answer.json["errors"][0]["field"] == "attributes"
    assert "64" in answer.json["errors"][0]["message"]


def test_if_match_refuses_a_stale_version_and_tells_the_current_one(api: ApiClient) -> None:
    video_id = create(api)["video_id"]
    api.call("PUT", f"/metadata/{video_id}", FULL)

    for method, body in (("PUT", FULL), ("PATCH", {"title": "x"}), ("DELETE", None)):
        answer = api.call(method, f"/metadata/{video_id}", body, headers={"If-Match": '"1"'})
        assert (answer.status, answer.json["code"]) == (412, "VERSION_MISMATCH")
        assert edit_of(answer) == 2


@pytest.mark.parametrize("header", ['"2"', '"7", "2"', "*"])
def test_if_match_accepts_the_current_version(api: ApiClient, header: str) -> None:
    video_id = create(api)["video_id"]
    api.call("PUT", f"/metadata/{video_id}", FULL)

    answer = api.call("PUT", f"/metadata/{video_id}", FULL, headers={"If-Match": header})

    assert answer.status == 200


@pytest.mark.parametrize("header", ["2", 'W/"2"', '"', "", '"99999999999999999999"', '"²"', '"-2"'])
def test_if_match_with_a_tag_that_was_never_given_matches_nothing(api: ApiClient, header: str) -> None:
    video_id = create(api)["video_id"]
    api.call("PUT", f"/metadata/{video_id}", FULL)

    answer = api.call("PUT", f"/metadata/{video_id}", FULL, headers={"If-Match": header})

    assert answer.status == 412


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_of_parallel_updates_on_one_version_exactly_one_wins(
    api: ApiClient, parallel: ParallelCalls, method: str
) -> None:
    path = f"/metadata/{create(api)['video_id']}"
    if_match = {"If-Match": '"1"'}
    calls = [
        {"method": method, "path": path, "body": {"title": f"writer {number}"}, "headers": if_match}
        for number in range(6)
    ]

    answers = parallel(calls)

    assert sorted(answer.status for answer in answers) == [200] + [412] * 5
    [winner] = [answer for answer in answers if answer.status == 200]
    assert api.call("GET", path).json == winner.json


def test_parallel_creates_with_one_key_make_one_record(api: ApiClient, parallel: ParallelCalls) -> None:
    call = {"method": "POST", "path": "/metadata", "body": FULL, "headers": {"Idempotency-Key": "order-1"}}

    answers = parallel([call] * 6)

    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["video_id"] for answer in answers}) == 1
    assert len(api.call("GET", "/metadata").json["items"]) == 1


def test_a_deleted_record_is_gone_for_every_method_and_list(api: ApiClient) -> None:
    video_id = create(api, tags=["to-delete"])["video_id"]

    assert api.call("DELETE", f"/metadata/{video_id}").status == 204

    assert api.call("GET", f"/metadata/{video_id}").status == 404
    assert api.call("PUT", f"/metadata/{video_id}", FULL).status == 404
    assert api.call("PATCH", f"/metadata/{video_id}", {"title": "x"}).status == 404
    assert api.call("DELETE", f"/metadata/{video_id}").status == 404
    assert api.call("GET", "/metadata", query={"tag": "to-delete"}).json["items"] == []


def test_unknown_ids_answer_404(api: ApiClient) -> None:
    answer = api.call("GET", f"/metadata/{uuid4()}")

    assert (answer.status, answer.json["code"]) == (404, "VIDEO_NOT_FOUND")


def test_pages_cover_every_record_once_newest_first(api: ApiClient) -> None:
    made = [create(api, tags=["page"])["video_id"] for _ in range(7)]
    seen, cursor, pages = [], None, 0

    while True:
        query = {"tag": "page", "limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = api.call("GET", "/metadata", query=query).json
        seen += [item["video_id"] for item in page["items"]]
        pages += 1
        cursor = page["next_cursor"]
        if cursor is None:
            break
        create(api, tags=["page"])  # a newer record must not shift the pages after it

    assert seen == made[::-1]
    assert pages == 3


def test_filters_narrow_the_list(api: ApiClient) -> None:
    first = create(api, title="Red fox", tags=["animal", "forest"], description="")
    time.sleep(0.002)
    second = create(api, title="Grey wolf", tags=["animal"], description="in the forest")

    def ids(**query: Any) -> list[str]:
        answer = api.call("GET", "/metadata", query=query)
        assert answer.status == 200, answer.text
        return [item["video_id"] for item in answer.json["items"]]

    assert ids(tag="animal") == [second["video_id"], first["video_id"]]
    assert ids(tag=["animal", "forest"]) == [first["video_id"]]
    assert ids(q="forest") == [second["video_id"], first["video_id"]]
    assert ids(q="FOX") == [first["video_id"]]
    assert ids(q="forest -fox") == [second["video_id"]]
    assert ids(state="none", latest_job="NONE") == [second["video_id"], first["video_id"]]
    assert ids(state="playable") == ids(latest_job="COMPLETED") == []
    assert ids(created_after="2999-01-01T00:00:00Z") == []
    assert ids(created_before="2999-01-01T00:00:00+02:00") == [second["video_id"], first["video_id"]]


def test_cursors_that_were_altered_made_up_or_moved_are_refused(api: ApiClient) -> None:
    for _ in range(2):
        create(api, tags=["cursor"])
    cursor = api.call("GET", "/metadata", query={"tag": "cursor", "limit": "1"}).json["next_cursor"]
    swapped = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    attempts = [
        {"tag": "cursor", "cursor": swapped},
        {"tag": "cursor", "cursor": "B" + cursor[1:] if cursor[0] != "B" else "C" + cursor[1:]},
        {"tag": "cursor", "cursor": cursor + "="},
        {"tag": "cursor", "cursor": "eyJpZCI6MX0"},
        {"tag": "cursor", "cursor": "' OR 1=1 --"},
        {"tag": "another", "cursor": cursor},
        {"cursor": cursor},
    ]

    answers = [api.call("GET", "/metadata", query=query) for query in attempts]
    moved = api.call("GET", "/jobs", query={"cursor": cursor})

    assert {(answer.status, answer.json["code"]) for answer in [*answers, moved]} == {(400, "CURSOR_INVALID")}
    assert api.call("GET", "/metadata", query={"tag": "cursor", "cursor": cursor}).status == 200


INJECTIONS = [
    "'; DROP TABLE videos; --",
    '" OR ""="',
    "%s %(id)s {} $1 \\'",
    "Robert'); DELETE FROM jobs;--",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "\u202egnp.exe",
    "a\\b%00",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_hostile_text_is_stored_and_found_literally(api: ApiClient, text: str) -> None:
    made = create(api, title=text, description=text, tags=[text], attributes={text: [text]})

    read = api.call("GET", f"/metadata/{made['video_id']}").json
    found = api.call("GET", "/metadata", query={"tag": text}).json["items"]
    searched = api.call("GET", "/metadata", query={"q": text})

    assert (read["title"], read["description"], read["tags"]) == (text, text, [text])
    assert read["attributes"] == {text: [text]}
    assert [item["video_id"] for item in found] == [made["video_id"]]
    assert searched.status == 200


def test_a_repeated_create_with_one_key_makes_one_record(api: ApiClient) -> None:
    headers = {"Idempotency-Key": "order-1"}

    first = api.call("POST", "/metadata", FULL, headers=headers)
    second = api.call("POST", "/metadata", FULL, headers=headers)

    assert (first.status, second.status) == (201, 201)
    assert second.json == first.json
    assert len(api.call("GET", "/metadata").json["items"]) == 1


def test_a_key_reused_for_another_body_is_refused(api: ApiClient) -> None:
    headers = {"Idempotency-Key": "order-1"}
    api.call("POST", "/metadata", FULL, headers=headers)

    answer = api.call("POST", "/metadata", {"title": "other"}, headers=headers)

    assert (answer.status, answer.json["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_keys_of_different_callers_do_not_meet(api: ApiClient) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first = api.call("POST", "/metadata", FULL, headers=headers)
    api.api_key_id = "key-2"

    second = api.call("POST", "/metadata", FULL, headers=headers)

    assert second.json["video_id"] != first.json["video_id"]


def test_a_replay_after_deletion_makes_no_new_record(api: ApiClient) -> None:
    headers = {"Idempotency-Key": "order-1"}
    video_id = api.call("POST", "/metadata", FULL, headers=headers).json["video_id"]
    api.call("DELETE", f"/metadata/{video_id}")

    answer = api.call("POST", "/metadata", FULL, headers=headers)

    assert (answer.status, answer.json["code"]) == (409, "IDEMPOTENT_RESULT_GONE")


HOSTILE = [
    "'; DROP TABLE videos; --",
    "%' OR 1=1 --",
    "a & | ! <-> :*",
    '"unclosed',
    "\\",
    "$1 %s %(id)s",
    "((",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_language_of_the_database_is_only_text(api: ApiClient, text: str) -> None:
    body = {"title": text, "description": text, "tags": [text], "attributes": {text: text}}
    made = api.call("POST", "/metadata", body)

    assert made.status == 201
    assert api.call("GET", f"/metadata/{made.json['video_id']}").json["title"] == text
    assert api.call("GET", "/metadata", query={"tag": text}).json["items"] == [made.json]
    assert api.call("GET", "/metadata", query={"q": text}).status == 200
    assert api.call("GET", f"/metadata/{text}").status == 404
    assert len(api.call("GET", "/metadata").json["items"]) == 1
