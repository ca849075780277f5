"""Answers to the program's lookups."""

import json

import pytest

from local.lookups import Account, answer
from local.program_errors import UnsupportedError

ACCOUNT = Account(id="123456789012", region="ap-northeast-1")


def test_a_policy_document_is_computed_from_its_statements() -> None:
    statements = [
        {
            "sid": "Read",
            "actions": ["s3:GetObject"],
            "resources": ["arn:a", "arn:b"],
            "principals": [{"type": "Service", "identifiers": ["x.amazonaws.com"]}],
            "conditions": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]}],
        },
        {"effect": "Deny", "notActions": ["a:*", "b:*"], "principals": [{"type": "*", "identifiers": ["*"]}]},
    ]

    result = answer(ACCOUNT, "aws:iam/getPolicyDocument:getPolicyDocument", {"statements": statements})

    assert json.loads(result["json"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": ["arn:a", "arn:b"],
                "Principal": {"Service": "x.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
            },
            {"Effect": "Deny", "NotAction": ["a:*", "b:*"], "Principal": "*"},
        ],
    }


def test_account_and_region_are_those_of_the_deployment() -> None:
    assert answer(ACCOUNT, "aws:index/getCallerIdentity:getCallerIdentity", {})["accountId"] == "123456789012"
    assert answer(ACCOUNT, "aws:index/getRegion:getRegion", {})["region"] == "ap-northeast-1"


def test_tokyo_has_no_zone_b() -> None:
    zones = answer(ACCOUNT, "aws:index/getAvailabilityZones:getAvailabilityZones", {})

    assert zones["names"] == ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"]


def test_an_unknown_lookup_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnsupportedError, match=r"aws:x/getY:getY.*getRegion"):
        answer(ACCOUNT, "aws:x/getY:getY", {})
