"""The firewall lets through all that the API's description allows.

What each rule of the core rule set looks at, and its limits: AWS WAF Developer Guide, "Baseline rule groups",
"Core rule set (CRS) managed rule group".
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from local.paths import REPOSITORY_ROOT
from tests.synthesised import one, synthesised

OPENAPI: dict[str, Any] = json.loads((REPOSITORY_ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
# Where each rule looks, and from how many bytes on it refuses; None: it refuses texts of some kind.
CORE_RULES: dict[str, tuple[str, int | None]] = {
    "NoUserAgent_HEADER": ("no user agent", None),
    "UserAgent_BadBots_HEADER": ("user agent", None),
    "SizeRestrictions_QUERYSTRING": ("query", 2_048),
    "SizeRestrictions_Cookie_HEADER": ("cookie", 10_240),
    "SizeRestrictions_BODY": ("body", 8_192),
    "SizeRestrictions_URIPATH": ("path", 1_024),
    "EC2MetaDataSSRF_BODY": ("body", None),
    "EC2MetaDataSSRF_COOKIE": ("cookie", None),
    "EC2MetaDataSSRF_URIPATH": ("path", None),
    "EC2MetaDataSSRF_QUERYARGUMENTS": ("query", None),
    "GenericLFI_QUERYARGUMENTS": ("query", None),
    "GenericLFI_URIPATH": ("path", None),
    "GenericLFI_BODY": ("body", None),
    "RestrictedExtensions_URIPATH": ("path", None),
    "RestrictedExtensions_QUERYARGUMENTS": ("query", None),
    "GenericRFI_QUERYARGUMENTS": ("query", None),
    "GenericRFI_BODY": ("body", None),
    "GenericRFI_URIPATH": ("path", None),
    "CrossSiteScripting_COOKIE": ("cookie", None),
    "CrossSiteScripting_QUERYARGUMENTS": ("query", None),
    "CrossSiteScripting_BODY": ("body", None),
    "CrossSiteScripting_URIPATH": ("path", None),
}
WINDOW_SECONDS = 300
_BYTES_PER_CHARACTER = 4  # UTF-8
_ENCODED_BYTES_PER_CHARACTER = 3 * _BYTES_PER_CHARACTER
# Parts of paths without a pattern are names that the platform itself gives to outputs and queues.
_LONGEST_OWN_NAME = 100
_FORMATS = {"uuid": 36, "date-time": 40, "date": 10}


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in OPENAPI["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield (
                    path,
                    {
                        **operation,
                        "parameters": methods.get("parameters", []) + operation.get("parameters", []),
                    },
                )


def parameters(place: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for path, operation in operations():
        yield path, [item for item in operation["parameters"] if item["in"] == place]


def bodies() -> Iterator[dict[str, Any]]:
    for _, operation in operations():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            yield content["schema"]


def variants(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a schema may stand for, without references and choices."""
    if "$ref" in schema:
        return variants(OPENAPI["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for choice in ("oneOf", "anyOf", "allOf"):
        if choice in schema:
            return [found for item in schema[choice] for found in variants(item)]
    return [dict(schema)]


def texts(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The texts in a value, at any depth."""
    for found in variants(schema):
        if found.get("type") == "string":
            yield found
        for part in [
            *found.get("properties", {}).values(),
            *(found[key] for key in ("items",) if key in found),
        ]:
            yield from texts(part)


def is_free(text: Mapping[str, Any]) -> bool:
    """Whether it may be nearly anything: patterns that only leave out control characters are no bound."""
    bound = "enum" in text or "const" in text or text.get("format") in _FORMATS
    return not bound and ("pattern" not in text or text["pattern"].startswith("^[^"))


def longest_text(schema: Mapping[str, Any], *, bytes_per_character: int) -> float:
    """Most bytes of the texts of a value; numbers and names of fields are left out."""
    return max((_longest(found, bytes_per_character) for found in variants(schema)), default=0)


def _longest(schema: Mapping[str, Any], per_character: int) -> float:
    if schema.get("type") == "array":
        one_item = longest_text(schema["items"], bytes_per_character=per_character)
        return float(schema.get("maxItems", math.inf)) * one_item if one_item else 0
    if schema.get("type") == "object":
        fields = schema.get("properties", {}).values()
        return sum(longest_text(field, bytes_per_character=per_character) for field in fields)
    if schema.get("type") != "string" or "enum" in schema:
        return 0
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    return float(schema.get("maxLength", math.inf)) * per_character


def longest_query() -> float:
    return max(
        sum(longest_text(item["schema"], bytes_per_character=_ENCODED_BYTES_PER_CHARACTER) for item in found)
        for _, found in parameters("query")
    )


def longest_path() -> int:
    return max(
        len(path) + sum(_FORMATS.get(item["schema"].get("format", ""), _LONGEST_OWN_NAME) for item in found)
        for path, found in parameters("path")
    )


def described(place: str, limit: int | None) -> bool:
    """Whether the description allows what a rule refuses."""
    if place == "no user agent":
        return "user-agent" not in {
            item["name"].lower() for _, found in parameters("header") for item in found
        }
    if limit is not None:
        return LONGEST.get(place, lambda: 0.0)() > limit
    # No cookie is read, no user agent is asked for, and the paths are the platform's own.
    return any(is_free(text) for text in TEXTS.get(place, list)())


def query_texts() -> list[dict[str, Any]]:
    """Without cursors and tokens, which the API itself has made."""
    return [
        text
        for _, found in parameters("query")
        for item in found
        if item["name"] not in {"cursor", "token"}
        for text in texts(item["schema"])
    ]


def body_texts() -> list[dict[str, Any]]:
    return [text for body in bodies() for text in texts(body)]


def longest_body() -> float:
    return max(longest_text(body, bytes_per_character=1) for body in bodies())


LONGEST: dict[str, Callable[[], float]] = {
    "query": longest_query,
    "path": longest_path,
    "body": longest_body,
}
TEXTS: dict[str, Callable[[], list[dict[str, Any]]]] = {"query": query_texts, "body": body_texts}


def counted() -> set[str]:
    acl = one(synthesised("prod"), "web-firewall-acl").inputs
    (core,) = [rule for rule in acl["rules"] if rule["name"] == "AWSManagedRulesCommonRuleSet"]
    overrides = core["statement"]["managedRuleGroupStatement"]["ruleActionOverrides"]
    return {override["name"] for override in overrides if override["actionToUse"] == {"count": {}}}


def test_exactly_the_rules_that_refuse_what_the_api_describes_only_count() -> None:
    assert counted() == {name for name, (place, limit) in CORE_RULES.items() if described(place, limit)}


def test_the_largest_query_and_body_are_above_what_the_size_rules_refuse() -> None:
    """The premise: with smaller maxima the two rules could refuse again."""
    assert 2_048 < longest_query() < math.inf
    assert longest_body() > 8_192
    assert longest_path() < 1_024


@pytest.mark.parametrize(
    ("schema", "free"),
    [
        ({"type": "string", "maxLength": 200}, True),
        ({"type": "string", "pattern": "^[^\\x00-\\x1f]*$"}, True),
        ({"type": "string", "pattern": "^[a-z]+$"}, False),
        ({"type": "string", "format": "uuid"}, False),
        ({"type": "string", "enum": ["a"]}, False),
    ],
)
def test_a_text_is_free_unless_its_form_is_given(schema: dict[str, Any], free: bool) -> None:
    assert is_free(schema) is free


def test_one_address_may_use_up_what_its_key_promises() -> None:
    run = synthesised("prod")
    plan = one(run, "api-plan").inputs["throttleSettings"]
    (rate_rule,) = [
        rule for rule in one(run, "web-firewall-acl").inputs["rules"] if rule["name"] == "limit-per-address"
    ]
    statement = rate_rule["statement"]["rateBasedStatement"]
    assert statement["evaluationWindowSec"] == WINDOW_SECONDS
    assert statement["limit"] >= plan["rateLimit"] * WINDOW_SECONDS + plan["burstLimit"]
