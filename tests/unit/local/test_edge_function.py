"""The code that CloudFront runs, in another engine: what it lets through, and what it does not."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.delivery import function_code
from local.edge.function import EdgeFunction, EdgeFunctionError
from metadata_api.environment.viewing_token import client_mark, viewing_token
from tests.edge_support import (
    JOB,
    KEY,
    NOW,
    ORIGIN,
    OTHER,
    PREFIX,
    TOKEN,
    VIDEO,
    VIEWING,
    edge_function,
    forged_addresses,
    request,
)

FUNCTION = edge_function()
FORGED = list(forged_addresses(KEY, VIEWING))
LINK = f"/t/{TOKEN}/master.m3u8"


def code_of(answer: dict[str, Any]) -> str:
    """The code of a refusal."""
    assert answer["statusCode"] == 403, answer
    assert answer["headers"]["cache-control"]["value"] == "no-store"
    problem = json.loads(answer["body"])
    assert problem["status"] == 403
    return str(problem["code"])


@pytest.mark.parametrize(
    "name", ["master.m3u8", "720p.m3u8", "manifest.mpd", "720p.mp4", "subtitles-eng.vtt", "poster.jpg"]
)
def test_a_token_opens_what_players_need_of_its_job(name: str) -> None:
    made = FUNCTION(request(f"/t/{TOKEN}/{name}"))

    assert (made["method"], made["uri"]) == ("GET", f"/{PREFIX}{name}")


@pytest.mark.parametrize(("address", "why"), FORGED, ids=[f"{n}" for n in range(len(FORGED))])
def test_what_is_no_link_is_refused(address: str, why: str) -> None:
    assert code_of(FUNCTION(request(address))) == "LINK_INVALID", why


@given(st.text(max_size=40))
def test_no_name_leaves_the_directory_of_the_job(name: str) -> None:
    made = FUNCTION(request(f"/t/{TOKEN}/{name}"))

    if "uri" in made:
        assert made["uri"] == f"/{PREFIX}{name}"
        assert "/" not in name
        assert ".." not in name.partition(".")[0]
    else:
        assert code_of(made) == "LINK_INVALID"


@given(place=st.integers(0, len(TOKEN) - 1), bit=st.integers(0, 6))
def test_no_bit_of_a_token_can_be_flipped(place: int, bit: int) -> None:
    flipped = TOKEN[:place] + chr(ord(TOKEN[place]) ^ (1 << bit)) + TOKEN[place + 1 :]

    assert code_of(FUNCTION(request(f"/t/{flipped}/master.m3u8"))) == "LINK_INVALID"


def test_a_link_ends_with_its_second() -> None:
    end = VIEWING.expires_at.timestamp()

    assert "uri" in edge_function(now=lambda: end - 0.001)(request(LINK))
    assert code_of(edge_function(now=lambda: end)(request(LINK))) == "LINK_EXPIRED"


def test_a_link_outlives_the_hour_of_presigned_ones() -> None:
    later = NOW + timedelta(minutes=61)

    assert "uri" in edge_function(now=later.timestamp)(request(LINK))


@pytest.mark.parametrize(
    "entry", [f"client.{client_mark('a client')}", f"video.{VIDEO.hex}", f"job.{JOB.hex}"]
)
def test_what_the_store_denies_is_refused_and_nothing_else(entry: str) -> None:
    other = viewing_token(KEY, replace(VIEWING, client="b", video_id=OTHER, job_id=OTHER))
    denying = edge_function({entry: "deny 1.0 2"})

    assert code_of(denying(request(LINK))) == "LINK_REVOKED"
    assert "uri" in denying(request(f"/t/{other}/master.m3u8"))
    assert "uri" in edge_function({entry: "allow 1.0 2"})(request(LINK))


def test_outputs_that_two_videos_share_are_refused_for_the_deleted_one_only() -> None:
    reused = viewing_token(KEY, replace(VIEWING, video_id=OTHER, job_id=OTHER))

    assert "uri" in edge_function({f"video.{VIDEO.hex}": "deny 1.0 2"})(request(f"/t/{reused}/720p.mp4"))
    assert code_of(edge_function({f"video.{OTHER.hex}": "deny 1.0 2"})(request(f"/t/{reused}/720p.mp4")))


def test_the_viewers_of_a_video_make_the_same_request_of_the_cache() -> None:
    made = set()
    for number in range(100):
        ends = NOW + timedelta(hours=1, seconds=number)
        token = viewing_token(KEY, replace(VIEWING, client=str(uuid4()), expires_at=ends))
        asked = request(f"/t/{token}/720p.mp4", range="bytes=0-9", referer=f"https://edge/t/{token}/a.m3u8")
        asked |= {"querystring": {"v": {"value": token}}, "cookies": {"c": {"value": token}}}
        made.add(json.dumps(FUNCTION(asked)))

    assert len(made) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "get", "TRACE"])
def test_links_are_only_read(method: str) -> None:
    assert code_of(FUNCTION(request(LINK, method))) == "LINK_INVALID"


def test_a_preflight_is_answered_before_any_token_is_looked_at() -> None:
    answer = FUNCTION(request("/t/made-up/master.m3u8", "OPTIONS", origin=ORIGIN))

    assert answer["statusCode"] == 204
    assert answer["headers"]["access-control-allow-origin"]["value"] == ORIGIN
    assert answer["headers"]["access-control-allow-headers"]["value"] == "range"


def test_only_pages_of_known_origins_may_read_a_refusal() -> None:
    known = FUNCTION(request("/", origin=ORIGIN))["headers"]
    unknown = FUNCTION(request("/", origin="https://elsewhere.example"))["headers"]

    assert known["access-control-allow-origin"]["value"] == ORIGIN
    assert "access-control-allow-origin" not in unknown
    assert known["vary"]["value"] == unknown["vary"]["value"] == "origin"


def test_a_failing_function_is_no_way_through() -> None:
    broken = EdgeFunction("function handler() { return Promise.reject(new Error('no')); }", dict)

    with pytest.raises(EdgeFunctionError, match="no"):
        broken(request("/"))


def test_a_function_that_cloudfront_would_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="Name fewer cors_origins"):
        function_code([f"https://{number}.console.example.com" for number in range(300)])
