"""The command line's view of the API: what it sends, and how refusals read."""

from pathlib import Path

import httpx
import pytest

from local.api_client import ApiClient, ApiError, content_type_of


def client_with(handler: httpx.MockTransport) -> ApiClient:
    client = ApiClient("http://api.test/v1/", "key")
    client._client = httpx.Client(transport=handler, headers={"x-api-key": "key"})
    return client


def test_a_job_is_asked_for_with_the_files_own_facts(tmp_path: Path) -> None:
    clip = tmp_path / "my clip.mov"
    clip.write_bytes(b"12345")
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"job": {"job_id": "1"}, "upload": {}})

    client_with(httpx.MockTransport(answer)).create_job(clip, profile="web")
    assert str(seen[0].url) == "http://api.test/v1/jobs"
    assert seen[0].headers["x-api-key"] == "key"
    assert b'"size_bytes":5' in seen[0].content.replace(b" ", b"")
    assert b"video/quicktime" in seen[0].content


def test_a_problem_is_shown_with_the_field_it_names() -> None:
    problem = {
        "detail": "The body is not valid.",
        "errors": [{"field": "filename", "message": "is required"}],
    }
    client = client_with(httpx.MockTransport(lambda _: httpx.Response(400, json=problem)))
    with pytest.raises(ApiError, match=r"400: The body is not valid\. \(filename: is required\)"):
        client.job("1")


def test_a_problem_whose_detail_names_the_field_is_told_once() -> None:
    told = {"field": "profile", "message": "'x' does not exist"}
    problem = {"detail": "profile: 'x' does not exist", "errors": [told]}
    client = client_with(httpx.MockTransport(lambda _: httpx.Response(400, json=problem)))
    with pytest.raises(ApiError) as refused:
        client.job("1")
    assert refused.value.message == "The API answered 400: profile: 'x' does not exist"


def test_an_answer_that_is_no_json_is_an_error_with_its_text() -> None:
    client = client_with(httpx.MockTransport(lambda _: httpx.Response(200, text="Mock response")))
    with pytest.raises(ApiError, match="without JSON: Mock response"):
        client.job("1")


def test_an_api_that_is_away_names_its_address_and_the_remedy() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(ApiError, match=r"http://api\.test/v1") as caught:
        client_with(httpx.MockTransport(refuse)).job("1")
    assert "status" in caught.value.remedy


def test_watching_ends_with_the_first_final_status() -> None:
    statuses = iter(["QUEUED", "PROCESSING", "FAILED", "COMPLETED"])
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"status": next(statuses)}))
    jobs = list(client_with(transport).watch("1", interval_seconds=0))
    assert [job["status"] for job in jobs] == ["QUEUED", "PROCESSING", "FAILED"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.mp4", "video/mp4"), ("a.mov", "video/quicktime"), ("a.txt", "video/mp4"), ("a", "video/mp4")],
)
def test_the_declared_type_is_always_one_the_api_takes(name: str, expected: str) -> None:
    assert content_type_of(Path(name)) == expected
