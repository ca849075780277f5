"""Keys and roles: what is not allowed is refused, by the gateway and by IAM."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform_client import Platform

UNKNOWN_ID = "6f0b5f5e-9a4e-4f6d-8d1f-7c119c0c5a3b"


@pytest.mark.parametrize("key", [None, "wrong-key-wrong-key-wrong-key"])
@pytest.mark.parametrize("path", ["/jobs", "/metadata", "/profiles", f"/jobs/{UNKNOWN_ID}"])
def test_a_missing_or_wrong_key_is_refused(platform: Platform, path: str, key: str | None) -> None:
    assert platform.api("GET", path, key=key).status_code == 403


def test_a_key_that_is_switched_off_or_taken_away_is_refused_at_once(platform: Platform) -> None:
    order = {"client": "studio", "name": "Soon gone", "scope": "viewer"}
    made = platform.api("POST", "/keys", order).json()
    gateway = platform.aws("apigateway")
    (key_id,) = (
        key["id"]
        for key in gateway.get_api_keys()["items"]
        if key.get("tags", {}).get("ledger-key") == made["key"]["key_id"]
    )
    accepted = platform.api("GET", "/profiles", key=made["value"]).status_code

    off = {"op": "replace", "path": "/enabled", "value": "false"}
    gateway.update_api_key(apiKey=key_id, patchOperations=[off])
    switched_off = platform.api("GET", "/profiles", key=made["value"]).status_code
    gateway.delete_api_key(apiKey=key_id)

    refused = platform.api("GET", "/profiles", key=made["value"]).status_code
    assert (accepted, switched_off, refused) == (200, 403, 403)


def test_a_key_that_the_gateway_takes_and_the_ledger_does_not_know_is_refused(platform: Platform) -> None:
    gateway = platform.aws("apigateway")
    made = gateway.create_api_key(name="by hand", enabled=True)
    plan = gateway.get_usage_plans()["items"][0]["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=made["id"], keyType="API_KEY")

    answer = platform.api("GET", "/profiles", key=made["value"])

    assert (answer.status_code, answer.json()["code"]) == (401, "API_KEY_UNKNOWN")


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/docs"])
def test_the_open_pages_need_no_key(platform: Platform, path: str) -> None:
    assert platform.api("GET", path, key=None).status_code == 200


@pytest.mark.parametrize("path", [f"/jobs/{UNKNOWN_ID}", f"/metadata/{UNKNOWN_ID}"])
def test_an_unknown_id_is_not_found(platform: Platform, path: str) -> None:
    assert platform.api("GET", path).status_code == 404


def test_an_invalid_body_is_answered_with_the_field(platform: Platform) -> None:
    answer = platform.api(
        "POST", "/jobs", {"filename": "a.mp4", "size_bytes": -1, "content_type": "video/mp4"}
    )
    assert answer.status_code == 400
    assert "size_bytes" in {error["field"] for error in answer.json()["errors"]}


@pytest.fixture
def task_role_without_put(platform: Platform) -> Iterator[None]:
    """Take s3:PutObject from the task role's policies, and give it back."""
    definition = platform.aws("ecs").describe_task_definition(
        taskDefinition=platform.exports["task_definition_arn"]
    )
    role = definition["taskDefinition"]["taskRoleArn"].rsplit("/", 1)[1]
    iam = platform.aws("iam")
    saved = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }
    taken = 0
    for name, document in saved.items():
        changed = json.loads(json.dumps(document))
        for statement in changed["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            kept = [action for action in actions if action != "s3:PutObject"]
            taken += len(actions) - len(kept)
            statement["Action"] = kept or ["s3:GetObject"]
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(changed))
    assert taken, "the task role never had s3:PutObject"
    yield
    for name, document in saved.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def test_a_task_role_without_put_object_fails_the_job_with_access_denied(
    platform: Platform, task_role_without_put: None, short_clip: Path
) -> None:
    job = platform.settled(platform.upload(short_clip))
    assert (job["status"], job["error"]["code"]) == ("FAILED", "ACCESS_DENIED"), job
    assert "AccessDenied" in job["error"]["message"]
    assert platform.media_objects(job["job_id"]) == {}
