"""The REST API as a client sees it, and its limits."""

import pytest

from tests.deployed.stack import DeployedStack, wait_for


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/docs"])
def test_open_pages_need_no_key(stack: DeployedStack, path: str) -> None:
    assert stack.call("GET", path, key=None).status_code == 200


def test_the_database_and_the_cache_answer(stack: DeployedStack) -> None:
    health = stack.call("GET", "/health", key=None).json()
    assert health["status"] == "ok", health


@pytest.mark.parametrize("key", [None, "wrong-key-wrong-key-wrong-key"])
@pytest.mark.parametrize("path", ["/metadata", "/jobs", "/profiles"])
def test_a_missing_or_wrong_key_is_refused(stack: DeployedStack, path: str, key: str | None) -> None:
    assert stack.call("GET", path, key=key).status_code == 403


@pytest.mark.parametrize("path", ["/metadata", "/jobs", "/profiles"])
def test_the_stacks_own_key_opens_the_api(stack: DeployedStack, path: str) -> None:
    assert stack.call("GET", path).status_code == 200


def test_a_record_is_written_read_and_deleted(stack: DeployedStack) -> None:
    created = stack.call(
        "POST", "/metadata", {"title": "check of a deployed stack", "tags": ["deployed-check"]}
    )
    assert created.status_code == 201, created.text
    path = f"/metadata/{created.json()['video_id']}"
    try:
        assert stack.call("GET", path).json()["title"] == "check of a deployed stack"
    finally:
        assert stack.call("DELETE", path).status_code == 204
    assert stack.call("GET", path).status_code == 404


def test_a_key_is_made_opens_the_api_and_is_revoked(stack: DeployedStack) -> None:
    order = {"client": "deployed-check", "name": "check of a deployed stack", "scope": "viewer"}
    made = stack.call("POST", "/keys", order)
    assert made.status_code == 201, made.text
    key, value = made.json()["key"]["key_id"], made.json()["value"]

    def answers(status_codes: set[int]) -> bool | None:
        return stack.call("GET", "/profiles", key=value).status_code in status_codes or None

    try:
        # API Gateway needs a while until it takes a new key.
        wait_for("an answer to the new key", lambda: answers({200}), timeout_seconds=60)
    finally:
        assert stack.call("DELETE", f"/keys/{key}").status_code == 204
    wait_for("the refusal of the revoked key", lambda: answers({401, 403}), timeout_seconds=60)


def test_a_key_has_a_rate_a_burst_and_a_monthly_quota(stack: DeployedStack) -> None:
    client = stack.aws("apigateway")
    plans = client.get_usage_plans(keyId=stack.outputs["api_key_id"])["items"]
    (plan,) = [item for item in plans if item["name"] == f"video-metadata-plan-{stack.name}"]
    assert plan["throttle"]["rateLimit"] >= 1
    assert plan["throttle"]["burstLimit"] >= plan["throttle"]["rateLimit"]
    assert plan["quota"]["period"] == "MONTH"
