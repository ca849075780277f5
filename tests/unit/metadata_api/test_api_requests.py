"""Everything the API refuses or answers by itself, before it needs any server."""

import io
import json
from typing import Any
from uuid import uuid4

import pytest

from runtime.logs import logger
from tests.api_client import ApiClient

CORS_ORIGIN = "https://console.example.com"
FULL = {"title": "Harbour at dawn", "tags": ["sea"]}
FORM = {"filename": "holiday.mov", "size_bytes": 100, "content_type": "video/quicktime"}


def test_a_problem_says_everything_a_caller_needs(offline_api: ApiClient) -> None:
    answer = offline_api.call("POST", "/metadata", {"title": "", "tags": ["ok", "a\x07b"], "colour": "red"})

    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert problem["type"] == "urn:video-platform:problem:validation-failed"
    assert (problem["title"], problem["status"], problem["code"]) == ("Bad Request", 400, "VALIDATION_FAILED")
    assert problem["request_id"] == answer.headers["X-Request-Id"] == "gateway-request-1"
    assert [error["field"] for error in problem["errors"]] == ["tags.1", "title", "colour"]
    assert "control characters" in problem["errors"][0]["message"]
    assert "tags.1" in problem["detail"]


@pytest.mark.parametrize("path", ["/", "/videos", "/metadata/a/b", "/jobs/x/y/z/w", "/openapi.yaml"])
def test_unknown_paths_answer_404(offline_api: ApiClient, path: str) -> None:
    answer = offline_api.call("GET", path)

    assert (answer.status, answer.json["code"]) == (404, "ROUTE_NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/jobs", "POST, GET, OPTIONS"),
        ("POST", "/health", "GET, OPTIONS"),
        ("TRACE", "/metadata", "GET, POST, OPTIONS"),
        ("PUT", "/jobs/1/download/original", "GET, OPTIONS"),
    ],
)
def test_a_wrong_method_names_the_right_ones(
    offline_api: ApiClient, method: str, path: str, allow: str
) -> None:
    answer = offline_api.call(method, path)

    assert (answer.status, answer.json["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == allow


@pytest.mark.parametrize(
    "content_type", ["text/plain", "", "application/x-www-form-urlencoded", "application/xml"]
)
def test_a_body_of_another_type_is_refused(offline_api: ApiClient, content_type: str) -> None:
    answer = offline_api.call("POST", "/metadata", {"title": "x"}, headers={"Content-Type": content_type})

    assert (answer.status, answer.json["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        '{"title": "x"} trailing',
        '{"title": "\\ud800"}',
        "\ud800",
        "[" * 30_000,
    ],
)
def test_a_body_that_is_no_object_is_refused(offline_api: ApiClient, body: str) -> None:
    answer = offline_api.call("POST", "/metadata", body)

    assert (answer.status, answer.json["code"]) == (400, "VALIDATION_FAILED")


def test_a_body_of_64_kib_is_read_and_one_byte_more_is_not(offline_api: ApiClient) -> None:
    body = json.dumps({"title": "x", "filler": ""})
    full = body.replace('"filler": ""', f'"filler": "{"a" * (65_536 - len(body))}"')

    assert offline_api.call("POST", "/metadata", full).status == 400
    assert offline_api.call("POST", "/metadata", full + " ").status == 413


@pytest.mark.parametrize(
    "attributes",
    [
        {"a": {"b": {"c": {"d": {"e": 1}}}}},
        {f"k{number}": 1 for number in range(65)},
        {"a": "x" * 16_400},
        {"a": 2**60},
        {"a": "nul\x00"},
        {"nul\x00": 1},
        [],
    ],
)
def test_attributes_out_of_bounds_are_refused(offline_api: ApiClient, attributes: Any) -> None:
    answer = offline_api.call("POST", "/metadata", {"title": "x", "attributes": attributes})

    assert answer.status == 400
    assert answer.json["errors"][0]["field"].startswith("attributes")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "1" + "0" * 5_000])
def test_numbers_that_json_cannot_hold_are_refused(offline_api: ApiClient, number: str) -> None:
    answer = offline_api.call("POST", "/metadata", f'{{"title": "x", "attributes": {{"a": {number}}}}}')

    assert answer.status == 400


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ("my-id_1.2", "my-id_1.2"),
        ("x" * 65, "gateway-request-1"),
        ("a b", "gateway-request-1"),
        ("a\r\nSet-Cookie: b", "gateway-request-1"),
        ("", "gateway-request-1"),
    ],
)
def test_a_harmless_request_id_is_kept(
    offline_api: ApiClient, monkeypatch: pytest.MonkeyPatch, sent: str, echoed: str
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger().handlers[0], "stream", log)

    answer = offline_api.call("GET", "/metadata/none", headers={"x-request-id": sent})

    assert answer.headers["X-Request-Id"] == echoed
    assert answer.json["request_id"] == echoed
    line = json.loads(log.getvalue().splitlines()[-1])
    assert (line["message"], line["request_id"], line["status"]) == ("request_answered", echoed, 404)


def test_a_line_names_the_caller_of_its_own_call_and_of_none_before(
    offline_api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger().handlers[0], "stream", log)

    offline_api.call("GET", "/profiles")
    offline_api.call("GET", "/openapi.json")

    keyed, unkeyed = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (keyed["client"], keyed["key_id"], keyed["key_name"]) == ("default", "k", "first")
    assert not {"client", "key_id", "key_name"} & unkeyed.keys()


def test_profiles_are_those_the_processor_obeys(offline_api: ApiClient) -> None:
    items = offline_api.call("GET", "/profiles").json["items"]

    [web] = [item for item in items if item["name"] == "web"]
    assert [rung["name"] for rung in web["definition"]["video"]["rungs"]] == ["1080p", "720p", "480p", "360p"]


def test_the_documentation_is_one_page_that_loads_nothing_from_elsewhere(offline_api: ApiClient) -> None:
    page = offline_api.call("GET", "/docs")
    document = offline_api.call("GET", "/openapi.json")

    assert page.headers["Content-Type"].startswith("text/html")
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
    assert "script-src 'sha256-" in page.headers["Content-Security-Policy"]
    assert document.json["openapi"] == "3.1.0"


@pytest.mark.parametrize("video_id", ["\x1f9\x12", "%C3%91", 'B@\xcfK"Z`\xd0', "a#b", "\u6bef~"])
def test_an_id_of_any_characters_is_an_unknown_video(offline_api: ApiClient, video_id: str) -> None:
    answer = offline_api.call("GET", f"/metadata/{video_id}")

    assert (answer.status, answer.json["code"]) == (404, "VIDEO_NOT_FOUND")


@pytest.mark.parametrize("moment", ["0.5", "1700000000", "2026-01-31", "2026-01-31T12:00:00", "now"])
def test_a_time_without_its_offset_is_refused(offline_api: ApiClient, moment: str) -> None:
    answer = offline_api.call("GET", "/metadata", query={"created_before": moment})

    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "created_before")


@pytest.mark.parametrize("name", ["technical", "state", "version", "video_id", "created_at"])
def test_fields_the_platform_owns_cannot_be_written(offline_api: ApiClient, name: str) -> None:
    answer = offline_api.call("POST", "/metadata", FULL | {name: {}})

    assert answer.status == 400
    assert answer.json["errors"] == [{"field": name, "message": "is not a known field; remove it"}]


@pytest.mark.parametrize(
    "video_id",
    [
        "1",
        "not-a-uuid",
        "6f0b5f5e9a4e4f6d8d1f7c119c0c5a3b",
        "{6f0b5f5e-9a4e-4f6d-8d1f-7c119c0c5a3b}",
        "urn:uuid:6f0b5f5e-9a4e-4f6d-8d1f-7c119c0c5a3b",
        "' OR 1=1 --",
    ],
)
def test_malformed_ids_answer_404_like_unknown_ones(offline_api: ApiClient, video_id: str) -> None:
    answer = offline_api.call("GET", f"/metadata/{video_id}")

    assert (answer.status, answer.json["code"]) == (404, "VIDEO_NOT_FOUND")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1000000000"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": ["1", "2"]}, "limit"),
        ({"state": "BROKEN"}, "state"),
        ({"created_after": "yesterday"}, "created_after"),
        ({"created_after": "2024-01-01T00:00:00"}, "created_after"),
        ({"q": ""}, "q"),
        ({"q": "a\x00b"}, "q"),
        ({"order_by": "title; DROP TABLE videos"}, "order_by"),
    ],
)
def test_wrong_query_parameters_are_named(offline_api: ApiClient, query: dict[str, Any], field: str) -> None:
    answer = offline_api.call("GET", "/metadata", query=query)

    assert (answer.status, answer.json["code"]) == (400, "VALIDATION_FAILED")
    assert answer.json["errors"][0]["field"] == field


@pytest.mark.parametrize("key", ["", "with space", "é", "x" * 256, "a\nb"])
def test_a_malformed_idempotency_key_is_refused(offline_api: ApiClient, key: str) -> None:
    answer = offline_api.call("POST", "/metadata", FULL, headers={"Idempotency-Key": key})

    assert answer.status == 400
    assert answer.json["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"filename": ""}, "filename"),
        ({"filename": "a\x00.mp4"}, "filename"),
        ({"filename": "x" * 256}, "filename"),
        ({"size_bytes": -1}, "size_bytes"),
        ({"size_bytes": "10"}, "size_bytes"),
        ({"size_bytes": 1.5}, "size_bytes"),
        ({"content_type": "video"}, "content_type"),
        ({"content_type": "video/mp4\r\nX-Evil: 1"}, "content_type"),
        ({"content_type": "video/mp4; a=b\nX-Evil: 1"}, "content_type"),
        ({"sha256": "abc"}, "sha256"),
        ({"profile": "../web"}, "profile"),
        ({"profile": "no-such-profile"}, "profile"),
        ({"video_id": "1"}, "video_id"),
        ({"video_id": str(uuid4()), "metadata": {}}, "metadata"),
        ({"metadata": {"state": "COMPLETED"}}, "metadata.state"),
        ({"status": "COMPLETED"}, "status"),
        ({"source_key": "uploads/other/source"}, "source_key"),
        ({"source": {"bucket": "b", "key": "k"}}, "source.bucket"),
        ({"source": None}, "source"),
    ],
)
def test_a_wrong_order_names_the_field(offline_api: ApiClient, changes: dict[str, Any], field: str) -> None:
    answer = offline_api.call("POST", "/jobs", FORM | changes)

    assert answer.status == 400
    assert field in [error["field"] for error in answer.json["errors"]]
