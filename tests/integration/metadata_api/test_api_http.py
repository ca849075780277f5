"""What every route has in common: methods, types, sizes, headers, errors."""

import base64
import io
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from metadata_api.api import Application
from metadata_api.logs import logger
from metadata_api.resources import Resources
from tests.integration.metadata_api.api_client import ApiClient, gateway_event
from tests.integration.metadata_api.conftest import CORS_ORIGIN

pytestmark = pytest.mark.integration


def test_a_problem_says_everything_a_caller_needs(api: ApiClient) -> None:
    answer = api.call("POST", "/metadata", {"title": "", "tags": ["ok", "a\x07b"], "colour": "red"})

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
def test_unknown_paths_answer_404(api: ApiClient, path: str) -> None:
    answer = api.call("GET", path)

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
def test_a_wrong_method_names_the_right_ones(api: ApiClient, method: str, path: str, allow: str) -> None:
    answer = api.call(method, path)

    assert (answer.status, answer.json["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == allow


@pytest.mark.parametrize(
    "content_type", ["text/plain", "", "application/x-www-form-urlencoded", "application/xml"]
)
def test_a_body_of_another_type_is_refused(api: ApiClient, content_type: str) -> None:
    answer = api.call("POST", "/metadata", {"title": "x"}, headers={"Content-Type": content_type})

    assert (answer.status, answer.json["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_charset_and_another_case_of_the_type_are_fine(api: ApiClient) -> None:
    headers = {"Content-Type": "Application/JSON; charset=UTF-8"}

    assert api.call("POST", "/metadata", {"title": "x"}, headers=headers).status == 201


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
def test_a_body_that_is_no_object_is_refused(api: ApiClient, body: str) -> None:
    answer = api.call("POST", "/metadata", body)

    assert (answer.status, answer.json["code"]) == (400, "VALIDATION_FAILED")


def test_a_body_of_64_kib_is_read_and_one_byte_more_is_not(api: ApiClient) -> None:
    body = json.dumps({"title": "x", "filler": ""})
    full = body.replace('"filler": ""', f'"filler": "{"a" * (65_536 - len(body))}"')

    assert api.call("POST", "/metadata", full).status == 400
    assert api.call("POST", "/metadata", full + " ").status == 413


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
def test_attributes_out_of_bounds_are_refused(api: ApiClient, attributes: Any) -> None:
    answer = api.call("POST", "/metadata", {"title": "x", "attributes": attributes})

    assert answer.status == 400
    assert answer.json["errors"][0]["field"].startswith("attributes")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "1" + "0" * 5_000])
def test_numbers_that_json_cannot_hold_are_refused(api: ApiClient, number: str) -> None:
    answer = api.call("POST", "/metadata", f'{{"title": "x", "attributes": {{"a": {number}}}}}')

    assert answer.status == 400


def test_a_base64_body_is_read(api: ApiClient) -> None:
    event = gateway_event("POST", "/metadata", {"title": "x"})
    event["body"] = base64.b64encode(event["body"].encode()).decode()
    event["isBase64Encoded"] = True

    answer = api.application.answer(event, SimpleNamespace(aws_request_id="1"))

    assert answer["statusCode"] == 201


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
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, sent: str, echoed: str
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger().handlers[0], "stream", log)

    answer = api.call("GET", "/metadata/none", headers={"x-request-id": sent})

    assert answer.headers["X-Request-Id"] == echoed
    assert answer.json["request_id"] == echoed
    line = json.loads(log.getvalue().splitlines()[-1])
    assert (line["message"], line["request_id"], line["status"]) == ("request_answered", echoed, 404)


def test_an_allowed_origin_gets_cors_headers_and_others_do_not(api: ApiClient) -> None:
    allowed = api.call("GET", "/metadata", headers={"Origin": CORS_ORIGIN})
    failed = api.call("GET", "/metadata/none", headers={"Origin": CORS_ORIGIN})
    other = api.call("GET", "/metadata", headers={"Origin": "https://evil.example.com"})

    assert allowed.headers["Access-Control-Allow-Origin"] == CORS_ORIGIN
    assert "ETag" in allowed.headers["Access-Control-Expose-Headers"]
    assert failed.headers["Access-Control-Allow-Origin"] == CORS_ORIGIN
    assert "Access-Control-Allow-Origin" not in other.headers


@pytest.mark.parametrize("path", ["/metadata", "/jobs/1/download/original", "/health"])
def test_a_preflight_names_methods_and_headers(api: ApiClient, path: str) -> None:
    answer = api.call(
        "OPTIONS", path, headers={"Origin": CORS_ORIGIN, "Access-Control-Request-Method": "PUT"}
    )

    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == CORS_ORIGIN
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]


def test_without_origins_no_cors_header_is_sent(api: ApiClient) -> None:
    closed = replace(api, application=Application(Resources(replace(api.settings, cors_origins=()))))

    preflight = closed.call("OPTIONS", "/metadata", headers={"Origin": CORS_ORIGIN})
    answer = closed.call("GET", "/metadata", headers={"Origin": CORS_ORIGIN})

    assert preflight.status == 204
    assert preflight.headers["Allow"] == "GET, POST, OPTIONS"
    assert not [name for name in (*preflight.headers, *answer.headers) if name.startswith("Access-Control")]


def test_private_answers_are_not_to_be_cached(api: ApiClient) -> None:
    answers = [api.call("GET", "/metadata"), api.call("GET", "/metadata/none")]

    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
    assert {answer.headers["X-Content-Type-Options"] for answer in answers} == {"nosniff"}


def test_an_unexpected_error_answers_500_and_tells_nothing(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> None:
        message = "password=hunter2"
        raise RuntimeError(message)

    monkeypatch.setattr("ledger.videos.get", fail)

    answer = api.call("GET", "/metadata/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11")

    assert (answer.status, answer.json["code"]) == (500, "INTERNAL")
    assert "hunter2" not in answer.text


def test_profiles_are_those_the_processor_obeys(api: ApiClient) -> None:
    items = api.call("GET", "/profiles").json["items"]

    [web] = [item for item in items if item["name"] == "web"]
    assert [rung["name"] for rung in web["definition"]["video"]["rungs"]] == ["1080p", "720p", "480p", "360p"]


def test_the_documentation_is_one_page_that_loads_nothing_from_elsewhere(api: ApiClient) -> None:
    page = api.call("GET", "/docs")
    document = api.call("GET", "/openapi.json")

    assert page.headers["Content-Type"].startswith("text/html")
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
    assert "script-src 'sha256-" in page.headers["Content-Security-Policy"]
    assert document.json["openapi"] == "3.1.0"
