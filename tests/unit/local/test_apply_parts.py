"""The pure parts of applying the program: policies, generated values, the registry."""

import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from local.apply.context import ApplyContext, pascal
from local.apply.generated import GeneratedValues
from local.apply.modelled_types import MODELLED_TYPES
from local.apply.policies import without_tls_only_denials
from local.apply.randoms import random_text
from local.apply.registry import handler_of, handles, supported_types
from local.monitor import Created, Registration
from local.program_errors import UnsupportedError

TLS_ONLY = {
    "Sid": "DenyPlainHttp",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@dataclass(frozen=True)
class FakeEndpoints:
    """Only how the emulator is reached."""

    speaks_tls: bool


class FakeContext:
    """Only what the functions under test use."""

    def __init__(self, generated: GeneratedValues | None = None, *, speaks_tls: bool = False) -> None:
        self.dropped_statements: list[str] = []
        self.generated = generated
        self.endpoints = FakeEndpoints(speaks_tls)


def as_context(fake: FakeContext) -> ApplyContext:
    return cast("ApplyContext", fake)


def resource(type_: str, **inputs: Any) -> Registration:
    return Registration(
        urn=f"urn:pulumi:dev::p::{type_}::r",
        type=type_,
        name="r",
        parent="",
        inputs=inputs,
        secrets=(),
        dependencies=(),
        custom=True,
        remote=False,
        protect=False,
    )


def filtered(*statements: dict[str, Any]) -> tuple[list[dict[str, Any]] | None, list[str]]:
    context = FakeContext()
    owner = resource("aws:s3/bucketPolicy:BucketPolicy")
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    policy = without_tls_only_denials(as_context(context), owner, text)
    return None if policy is None else json.loads(policy)["Statement"], context.dropped_statements


def test_a_statement_that_only_demands_tls_is_dropped_and_named() -> None:
    allow = {"Sid": "Allow", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}

    kept, dropped = filtered(allow, TLS_ONLY)

    assert kept == [allow]
    assert dropped == ["urn:pulumi:dev::p::aws:s3/bucketPolicy:BucketPolicy::r: DenyPlainHttp"]


def test_a_policy_of_nothing_else_disappears() -> None:
    assert filtered(TLS_ONLY)[0] is None


def test_over_tls_a_policy_stays_as_it_is() -> None:
    context = FakeContext(speaks_tls=True)
    owner = resource("aws:s3/bucketPolicy:BucketPolicy")
    text = json.dumps({"Version": "2012-10-17", "Statement": [TLS_ONLY]})

    assert without_tls_only_denials(as_context(context), owner, text) == text
    assert context.dropped_statements == []


@pytest.mark.parametrize("value", [["false"], False, "False"])
def test_every_spelling_of_false_counts_as_tls_only(value: Any) -> None:
    statement = {**TLS_ONLY, "Condition": {"Bool": {"aws:SecureTransport": value}}}

    assert filtered(statement)[0] is None


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
        {
            "Condition": {
                "Bool": {"aws:SecureTransport": "false"},
                "StringEquals": {"aws:PrincipalAccount": "1"},
            }
        },
        {"Condition": {}},
    ],
)
def test_any_other_statement_stays(change: dict[str, Any]) -> None:
    statement = {**TLS_ONLY, **change}

    kept, dropped = filtered(statement)

    assert kept == [statement]
    assert dropped == []


def test_generated_values_survive_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    first = GeneratedValues(tmp_path / "state").get_or_make("key", lambda: "one")
    second = GeneratedValues(tmp_path / "state").get_or_make("key", lambda: "two")

    assert (first, second) == ("one", "one")
    mode = (tmp_path / "state" / "generated.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_random_password_is_kept_until_an_input_asks_for_another(tmp_path: Path) -> None:
    context = as_context(FakeContext(GeneratedValues(tmp_path)))
    type_ = "random:index/randomPassword:RandomPassword"

    first = random_text(context, resource(type_, length=20, special=False))
    again = random_text(context, resource(type_, length=20, special=False))
    longer = random_text(context, resource(type_, length=30, special=False))

    assert first.outputs["result"] == again.outputs["result"]
    assert len(longer.outputs["result"]) == 30
    assert first.outputs["result"].isalnum()
    assert first.secret_outputs == ("result",)


def test_an_unknown_type_is_refused_with_a_remedy() -> None:
    with pytest.raises(UnsupportedError, match=r"aws:x/y:Z.*local/apply"):
        handler_of(resource("aws:x/y:Z"))


def test_a_type_cannot_have_two_handlers() -> None:
    def handler(_context: ApplyContext, _resource: Registration) -> Created:
        return Created("x")

    with pytest.raises(ValueError, match="two handlers"):
        handles("aws:s3/bucket:Bucket")(handler)


def test_modelled_types_are_few_and_known() -> None:
    assert supported_types() > MODELLED_TYPES
    assert not any(type_.startswith(("aws:iam", "aws:s3", "aws:sqs", "aws:sfn")) for type_ in MODELLED_TYPES)


def test_keys_are_turned_into_pascal_case_all_the_way_down() -> None:
    assert pascal({"aB": [{"cD": 1, "gone": None}]}) == {"AB": [{"CD": 1}]}
