"""What every route has in common: methods, types, sizes, headers, errors."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from metadata_api.api import Application
from metadata_api.environment.resources import Resources
from tests.api_client import ApiClient, gateway_event
from tests.integration.functions.conftest import CORS_ORIGIN

pytestmark = pytest.mark.integration


def test_a_charset_and_another_case_of_the_type_are_fine(api: ApiClient) -> None:
    headers = {"Content-Type": "Application/JSON; charset=UTF-8"}

    assert api.call("POST", "/metadata", {"title": "x"}, headers=headers).status == 201


def test_a_base64_body_is_read(api: ApiClient) -> None:
    event = gateway_event("POST", "/metadata", {"title": "x"})
    event["body"] = base64.b64encode(event["body"].encode()).decode()
    event["isBase64Encoded"] = True
    event["requestContext"]["identity"]["apiKeyId"] = api.api_key_id

    answer = api.application.answer(event)

    assert answer["statusCode"] == 201


def test_an_allowed_origin_gets_cors_headers_and_others_do_not(api: ApiClient) -> None:
    allowed = api.call("GET", "/metadata", headers={"Origin": CORS_ORIGIN})
    failed = api.call("GET", "/metadata/none", headers={"Origin": CORS_ORIGIN})
    other = api.call("GET", "/metadata", headers={"Origin": "https://evil.example.com"})

    assert allowed.headers["Access-Control-Allow-Origin"] == CORS_ORIGIN
    assert "ETag" in allowed.headers["Access-Control-Expose-Headers"]
    assert failed.headers["Access-Control-Allow-Origin"] == CORS_ORIGIN
    assert "Access-Control-Allow-Origin" not in other.headers


def test_without_origins_no_cors_header_is_sent(api: ApiClient) -> None:
    closed = replace(api, application=Application(Resources(replace(api.settings, cors_origins=()))))

    answer = closed.call("GET", "/metadata", headers={"Origin": CORS_ORIGIN})

    assert not [name for name in answer.headers if name.startswith("Access-Control")]


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

    monkeypatch.setattr("ledger.videos.videos.get", fail)

    answer = api.call("GET", "/metadata/4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11")

    assert (answer.status, answer.json["code"]) == (500, "INTERNAL")
    assert "hunter2" not in answer.text
