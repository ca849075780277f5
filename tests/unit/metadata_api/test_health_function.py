"""The function that answers GET /health asks the stores now and then, and in between tells what it knows."""

import itertools
import json
from http import HTTPStatus
from typing import Any

import pytest

from metadata_api import health
from metadata_api.environment.stores import Stores
from metadata_api.health import KEPT_SECONDS, Health
from metadata_api.http.responses import Response, json_response
from metadata_api.settings import ApiSettings, HealthSettings
from tests.api_client import gateway_event

ORIGIN = "https://console.example.com"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Response]:
    """What the stores said, one answer for each time they were asked; the second time they are away."""
    given: list[Response] = []

    def ask(_stores: Stores) -> Response:
        status = HTTPStatus.SERVICE_UNAVAILABLE if len(given) == 1 else HTTPStatus.OK
        given.append(json_response({"number": len(given)}, status))
        return given[-1]

    monkeypatch.setattr(health, "check_health", ask)
    return given


def told(function: Health, **headers: str) -> tuple[int, Any, dict[str, list[str]]]:
    answer = function.answer(gateway_event("GET", "/health", headers=headers))
    return answer["statusCode"], json.loads(answer["body"]), answer["multiValueHeaders"]


def settings_of(settings: ApiSettings) -> HealthSettings:
    names = HealthSettings.__dataclass_fields__
    return HealthSettings(**{name: getattr(settings, name) for name in names})


def test_a_flood_of_calls_asks_the_stores_once_in_five_seconds(
    api_settings: ApiSettings, asked: list[Response]
) -> None:
    tenths = itertools.count(step=0.1)
    function = Health(settings_of(api_settings), now=lambda: next(tenths))

    for _ in range(600):
        told(function)

    assert len(asked) <= 60 / KEPT_SECONDS + 1


def test_bad_news_serve_as_long_as_good_ones_and_no_longer(
    api_settings: ApiSettings, asked: list[Response]
) -> None:
    moments = iter([0.0, KEPT_SECONDS - 0.1, KEPT_SECONDS, 2 * KEPT_SECONDS - 0.1, 2 * KEPT_SECONDS])
    function = Health(settings_of(api_settings), now=lambda: next(moments))

    statuses = [told(function)[0] for _ in range(5)]

    assert statuses == [200, 200, 503, 503, 200]
    assert len(asked) == 3


def test_a_remembered_answer_has_the_headers_of_its_own_call(
    api_settings: ApiSettings, asked: list[Response]
) -> None:
    function = Health(settings_of(api_settings))

    answers = [
        told(function, **{"x-request-id": f"call-{number}", "origin": origin})
        for number, origin in enumerate([ORIGIN, "https://evil.example.com"])
    ]

    assert [headers["X-Request-Id"] for _, _, headers in answers] == [["call-0"], ["call-1"]]
    assert [headers.get("Access-Control-Allow-Origin") for _, _, headers in answers] == [[ORIGIN], None]
    assert len(asked) == 1
