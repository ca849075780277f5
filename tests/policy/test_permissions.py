"""The table of permissions: it says what both stacks say, proves each row, and no key opens without need."""

import json
from typing import Any

import pytest

from tests.policy.key_needs import granted, needed
from tests.policy.permissions import (
    EXERCISED,
    REASONS,
    STATIC,
    WITHDRAWN,
    Permission,
    expected_rows,
    load_rows,
    permissions,
)
from tests.policy.rules import in_json
from tests.policy.rules_access import ROLE_POLICY
from tests.policy.stack import Stack, stack_of

DECIDED_BY_PEOPLE = {"proof", "because", "not_shown"}
LOG_DELIVERY = "service:logs.ap-northeast-1.amazonaws.com"
TASK_POLICIES = ("task-task-policy", "task-execution-policy")
# What AWS asks for by itself, or for things that a machine without images, EFS and keys does not have.
NEVER_ASKED = {
    "kms": ("kms:Decrypt", "kms:GenerateDataKey"),
    "container": (
        *("ecr:GetAuthorizationToken", "ecr:BatchGetImage"),
        *("ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"),
        *("elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"),
    ),
    "missing": ("s3:ListBucket",),
}
REWRITE = "check each difference, then run: python -m tests.policy.permissions"

Rows = dict[str, dict[str, Any]]


def flat(table: dict[str, Rows]) -> Rows:
    return {f"{carrier}/{sid}": row for carrier, found in table.items() for sid, row in found.items()}


ROWS = flat(load_rows())


def differences(rows: Rows, expected: Rows) -> list[str]:
    said = {
        key: {name: value for name, value in row.items() if name not in DECIDED_BY_PEOPLE}
        for key, row in rows.items()
    }
    return sorted(key for key in said.keys() | expected.keys() if said.get(key) != expected.get(key))


def invalid(key: str, row: dict[str, Any]) -> str | None:
    if row.get("proof") == STATIC:
        wrong = row.get("because") not in REASONS or "not_shown" in row
        return f"{key}: a static row needs a known reason and nothing else" if wrong else None
    if row.get("proof") == EXERCISED:
        idle = row.get("not_shown", {})
        unknown = set(idle) - set(row["may"]) or set(idle.values()) - set(REASONS)
        empty = set(idle) == set(row["may"])
        wrong = bool(unknown) or empty or "because" in row or row.get("effect") == "Deny"
        return f"{key}: an exercised row shows an action; the others have a known reason" if wrong else None
    return f"{key}: proof is {row.get('proof')!r}, but must be {EXERCISED} or {STATIC}"


def test_the_table_says_what_the_stacks_say() -> None:
    assert differences(ROWS, flat(expected_rows())) == [], REWRITE


def test_every_row_is_proven_in_one_way() -> None:
    assert [problem for key, row in ROWS.items() if (problem := invalid(key, row))] == []


def unused_by_tasks(rows: Rows) -> list[str]:
    """Give the actions of the task's two roles that no test uses, though the emulator would be asked."""
    found = []
    for key, row in rows.items():
        if key.partition("/")[0] not in TASK_POLICIES:
            continue
        for action in row["may"]:
            reason = row.get("because") or row.get("not_shown", {}).get(action)
            if reason not in (None, WITHDRAWN) and action not in NEVER_ASKED.get(reason, ()):
                found.append(f"{key}: {action} ({reason})")
    return found


def test_every_action_of_a_task_is_used_or_nothing_here_asks_for_it() -> None:
    assert unused_by_tasks(ROWS) == []


@pytest.mark.parametrize(
    "proof",
    [
        {"proof": STATIC, "because": "outage"},
        {"proof": STATIC, "because": "kms"},
        {"proof": EXERCISED, "not_shown": {"s3:DeleteObject": "parts"}},
    ],
)
def test_an_action_of_a_task_that_nothing_uses_is_noticed(proof: dict[str, Any]) -> None:
    row = {"may": ["s3:GetObject", "s3:DeleteObject"] if "not_shown" in proof else ["s3:DeleteObject"]}
    (found,) = unused_by_tasks({**ROWS, "task-task-policy/Extra": row | proof})
    assert found.startswith("task-task-policy/Extra: s3:DeleteObject")


def test_every_reason_is_used() -> None:
    used = {row.get("because") for row in ROWS.values()}
    used |= {reason for row in ROWS.values() for reason in row.get("not_shown", {}).values()}
    assert set(REASONS) - used == set()


def test_every_statement_of_a_stack_is_in_the_table_under_its_own_sid(stack: Stack) -> None:
    found = permissions(stack)
    assert len(found) > 90
    assert len({permission.key for permission in found}) == len(found)
    assert all(permission.sid for permission in found)
    assert {permission.key for permission in found} <= set(ROWS)


def test_a_statement_that_is_in_no_row_is_noticed(stack: Stack) -> None:
    extra = {"Sid": "Sneaky", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    changed = stack.changed(
        ROLE_POLICY, in_json("policy", lambda document: document["Statement"].append(extra))
    )
    missing = {permission.key for permission in permissions(changed)} - set(ROWS)
    assert {key.rpartition("/")[2] for key in missing} == {"Sneaky"}
    assert len(missing) == len(stack.of(ROLE_POLICY))


@pytest.mark.parametrize(
    ("field", "value"), [("may", ["s3:DeleteObject"]), ("targets", ["*"]), ("who", ["everybody"])]
)
def test_a_statement_that_says_something_else_than_its_row_is_noticed(field: str, value: list[str]) -> None:
    key = "task-task-policy/ReadSources"
    said = flat(expected_rows())
    assert differences({**said, key: {**said[key], field: value}}, said) == [key]


@pytest.mark.parametrize(
    "row",
    [
        {"may": ["a:B"]},
        {"may": ["a:B"], "proof": "UNDECIDED"},
        {"may": ["a:B"], "proof": STATIC},
        {"may": ["a:B"], "proof": STATIC, "because": "it is fine"},
        {"may": ["a:B"], "proof": EXERCISED, "not_shown": {"a:B": "kms"}},
        {"may": ["a:B", "a:C"], "proof": EXERCISED, "not_shown": {"a:D": "kms"}},
        {"may": ["a:B", "a:C"], "proof": EXERCISED, "not_shown": {"a:C": "it is fine"}},
        {"may": ["a:B"], "proof": EXERCISED, "effect": "Deny"},
    ],
)
def test_a_row_without_a_proper_proof_is_refused(row: dict[str, Any]) -> None:
    assert invalid("carrier/Sid", row)


def test_each_role_is_assumed_by_one_service_and_has_one_policy(stack: Stack) -> None:
    found = permissions(stack)
    for role in stack.of("aws:iam/role:Role"):
        trusting = [permission for permission in found if permission.carrier == role.name]
        assert [who.partition(":")[0] for entry in trusting for who in entry.who] == ["service"], role.name
        carriers = {entry.carrier for entry in found if role.name in entry.who}
        attached = [
            entry.name
            for entry in stack.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
            if entry.inputs["role"] == role.outputs["name"]
        ]
        assert len(carriers) + len(attached) == 1, role.name


def key_problems(stack: Stack, found: list[Permission]) -> tuple[set[Any], set[Any]]:
    needs, grants = set(needed(stack, found)), set(granted(found))
    return needs - grants, {grant for grant in grants if grant not in needs and grant[0] != LOG_DELIVERY}


def test_whoever_uses_an_encrypted_resource_may_use_its_key(stack: Stack) -> None:
    missing, _ = key_problems(stack, permissions(stack))
    assert missing == set()


def test_nobody_may_use_a_key_without_using_what_it_encrypts(stack: Stack) -> None:
    _, idle = key_problems(stack, permissions(stack))
    assert idle == set()


def test_a_missing_and_an_idle_key_permission_are_noticed() -> None:
    stack = stack_of("dev")
    found = permissions(stack)
    without = [entry for entry in found if entry.key != "ingest-ingest-policy/UseMessagesKey"]
    assert key_problems(stack, without)[0] == {("ingest-ingest-role", "encryption-messages", "kms:Decrypt")}
    blind = [entry for entry in found if entry.key != "ingest-ingest-policy/ReceiveEvents"]
    assert key_problems(stack, blind)[1] == {("ingest-ingest-role", "encryption-messages", "kms:Decrypt")}


def test_a_function_is_invoked_by_one_named_resource_of_this_account(stack: Stack) -> None:
    for entry in stack.of("aws:lambda/permission:Permission"):
        assert ":123456789012:" in entry.inputs["sourceArn"], entry.name


def test_no_policy_document_is_longer_than_iam_allows(stack: Stack) -> None:
    for entry in stack.of(ROLE_POLICY):
        assert len(json.dumps(json.loads(entry.inputs["policy"]), separators=(",", ":"))) <= 10_240, (
            entry.name
        )


def outward_actions(found: list[Permission], roles: set[str]) -> set[str]:
    """Give what code inside the VPC calls by itself, without what Lambda does from outside."""
    return {
        action
        for permission in found
        if permission.effect == "Allow" and roles & set(permission.who)
        for action in permission.may
        if permission.sid not in {"AttachToNetwork", "SendTraces", "MountSharedFiles", "KeepFailedEvents"}
    }


def blocked(stack: Stack, found: list[Permission]) -> set[str]:
    inside = {entry.name for entry in stack.of("aws:iam/role:Role") if runs_inside(entry.name)}
    assert len(inside) == 9
    stopped: set[str] = set()
    for endpoint in stack.of("aws:ec2/vpcEndpoint:VpcEndpoint"):
        service = endpoint.inputs["serviceName"].removeprefix("com.amazonaws.ap-northeast-1.").split(".")[0]
        passing = {
            action
            for permission in found
            if permission.carrier == endpoint.name and permission.effect == "Allow"
            for action in permission.may
        }
        asked = {action for action in outward_actions(found, inside) if action.startswith(f"{service}:")}
        stopped |= asked - passing
    return stopped


def test_endpoint_policies_let_through_what_the_roles_inside_are_allowed(stack: Stack) -> None:
    assert blocked(stack, permissions(stack)) == set()


def test_an_endpoint_policy_that_forgets_an_action_is_noticed() -> None:
    stack = stack_of("prod")
    narrowed = [entry for entry in permissions(stack) if entry.key != "network-kms-endpoint/StayInAccount"]
    assert blocked(stack, narrowed) == {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}


def runs_inside(role: str) -> bool:
    return role.startswith(
        ("api-metadata", "ingest-", "sweep-", "migrations-", "webhooks-dispatch", "workflow-outcome", "task-")
    )
