"""What the gateway answers a preflight with, by its own templates, fits the API and the right origins."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from components import preflight
from local.paths import REPOSITORY_ROOT
from tests.synthesised import resources, synthesised_with

OPENAPI: dict[str, Any] = json.loads((REPOSITORY_ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
CONSOLE, SHOP, EVIL = "https://console.example.com", "https://shop.example.com", "https://evil.example.com"
ALLOW = "Access-Control-Allow-Origin"
_FIXED = "method.response.header."
_ASKED = re.compile(r"\$!input\.params\(\)\.header\.get\('([A-Za-z-]+)'\)")
_SET = re.compile(r"#set\(\$origin = \"([^\"]*)\"\)")
_IF = re.compile(
    r"#if\((?P<condition>[^#]*)\)"
    r"#set\(\$context\.responseOverride\.header\.(?P<header>[A-Za-z-]+) = \$origin\)#end"
)
_EQUALS = re.compile(r"\$origin == \"([^\"]*)\"")


def rendered(template: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Evaluates the part of Velocity that the template uses, and refuses everything else.

    A quiet reference (`$!`) to a header that is not there writes nothing.
    """
    first, second = template.split("\n")
    text = _SET.fullmatch(first)
    branch = _IF.fullmatch(second)
    assert text, first
    assert branch, second
    assert _ASKED.sub("", text[1]) == ""
    origin = "".join(headers.get(name, "") for name in _ASKED.findall(text[1]))
    parts = branch["condition"].split(" || ")
    known = [_EQUALS.fullmatch(part) for part in parts]
    assert all(known), parts
    return {branch["header"]: origin} if origin in {found[1] for found in known if found} else {}


def answered(origins: Sequence[str], headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of the answer to a preflight with these headers."""
    fixed = {
        name.removeprefix(_FIXED): value.strip("'")
        for name, value in preflight.fixed_headers(origins).items()
    }
    templates = preflight.response_templates(origins)
    overridden = rendered(templates["application/json"], headers) if templates else {}
    return fixed | overridden


@pytest.mark.parametrize("name", ["Origin", "origin"])
@pytest.mark.parametrize(
    ("origins", "asks", "allowed"),
    [
        ([CONSOLE, SHOP], CONSOLE, CONSOLE),
        ([CONSOLE, SHOP], SHOP, SHOP),
        ([CONSOLE, SHOP], EVIL, None),
        ([CONSOLE, SHOP], "*", None),
        ([CONSOLE, SHOP], f"{CONSOLE}.evil.example", None),
        ([CONSOLE, SHOP], "https://console-example.com", None),
        ([CONSOLE, SHOP], "", None),
        ([CONSOLE], CONSOLE, CONSOLE),
        # Browsers compare it, and refuse.
        ([CONSOLE], EVIL, CONSOLE),
        (["*"], EVIL, "*"),
        ([CONSOLE, "*"], EVIL, "*"),
        ([], CONSOLE, None),
    ],
)
def test_an_origin_is_let_in_when_it_is_one_of_those_configured(
    origins: Sequence[str], asks: str, allowed: str | None, name: str
) -> None:
    assert answered(origins, {name: asks}).get(ALLOW) == allowed


def test_without_an_origin_in_the_call_none_is_let_in() -> None:
    assert ALLOW not in answered([CONSOLE, SHOP], {"Accept": "*/*"})


def test_without_configured_origins_the_answer_says_nothing_to_browsers() -> None:
    assert answered([], {"Origin": CONSOLE}) == {}


def test_every_header_of_an_answer_is_declared() -> None:
    for origins in ([], [CONSOLE], [CONSOLE, SHOP], ["*"]):
        declared = {name.removeprefix(_FIXED) for name in preflight.declared_headers(origins)}
        assert set(answered(origins, {"Origin": CONSOLE})) <= declared


def test_a_page_may_use_every_method_and_header_that_the_api_describes() -> None:
    allowed = answered([CONSOLE], {})
    operations = [operation for methods in OPENAPI["paths"].values() for operation in methods.items()]
    methods = {method.upper() for method, _ in operations}
    headers = {
        item["name"].lower()
        for _, operation in operations
        for item in operation.get("parameters", [])
        if item["in"] == "header"
    }
    assert set(allowed["Access-Control-Allow-Methods"].split(",")) == methods
    named = {name.lower() for name in allowed["Access-Control-Allow-Headers"].split(",")}
    assert named == headers | {"content-type", "x-api-key", "x-request-id"}


def test_every_path_answers_a_preflight_so_and_an_answer_that_depends_on_it_says_so(tmp_path: Path) -> None:
    run = synthesised_with("dev", tmp_path, cors_origins=[CONSOLE, SHOP])
    preflights = [
        entry for entry in resources(run, ":Integration") if entry.inputs["httpMethod"] == "OPTIONS"
    ]
    assert {entry.inputs["type"] for entry in preflights} == {"MOCK"}
    answers = resources(run, ":IntegrationResponse")
    assert len(answers) == len(preflights) > 4
    for entry in answers:
        assert entry.inputs["statusCode"] == "204"
        assert entry.inputs["responseParameters"]["method.response.header.Vary"] == "'Origin'"
        assert entry.inputs["responseTemplates"] == preflight.response_templates([CONSOLE, SHOP])
