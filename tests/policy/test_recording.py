"""Recorded calls are attributed to the role that made them, or to nobody with an error."""

import pytest

from tests.policy.recording import Event, Use, lambda_keys, uses

FUNCTION = "arn:aws:lambda:ap-northeast-1:000000000000:function:video-api-dev"
ROLE = "arn:aws:iam::000000000000:role/api-metadata-role-1a2b3c4"
TASK_ROLES = {
    "task-task-role": frozenset({"s3:GetObject", "s3:PutObject"}),
    "task-execution-role": frozenset({"secretsmanager:GetSecretValue"}),
}


def event(operation: str, key: str, service: str = "s3", **parameters: str) -> Event:
    return Event(service, operation, key, ("bucket", "key") if service == "s3" else (), parameters)


def test_a_call_with_a_function_s_key_belongs_to_its_role() -> None:
    (key,) = lambda_keys({FUNCTION: ROLE})
    found = uses([event("HeadObject", key)], {FUNCTION: ROLE}, TASK_ROLES)
    assert found == {Use(ROLE, "s3:GetObject", "arn:aws:s3:::bucket/key")}


def test_a_call_with_a_task_s_key_belongs_to_the_one_role_that_may_make_it() -> None:
    secret = event("GetSecretValue", "ASIA1", "secretsmanager", SecretId="arn:secret")
    found = uses([secret, event("PutObject", "ASIA2")], {}, TASK_ROLES)
    assert found == {
        Use("task-execution-role", "secretsmanager:GetSecretValue", "arn:secret"),
        Use("task-task-role", "s3:PutObject", "arn:aws:s3:::bucket/key"),
    }


def test_calls_of_the_account_owner_are_left_out() -> None:
    assert uses([event("PutObject", "test")], {}, TASK_ROLES) == set()


@pytest.mark.parametrize("operation", ["DeleteObject", "GetObject"])
def test_a_call_that_fits_no_role_or_two_is_refused(operation: str) -> None:
    shared = {**TASK_ROLES, "another-role": frozenset({"s3:GetObject"})}
    with pytest.raises(AssertionError, match="belongs to"):
        uses([event(operation, "ASIA1")], {}, shared)
