import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from metadata_api.describe import description
from metadata_api.http.problems import ProblemCode, status_of
from metadata_api.operations.openapi import build_document
from metadata_api.route_table import OPERATIONS
from tests.api_client import ApiClient

ROOT = Path(__file__).parents[3]
SERVICES = ROOT / "services"
GUIDE = ROOT / "docs" / "api.md"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    # Through JSON, so that it is judged as callers get it.
    parsed: dict[str, Any] = json.loads(json.dumps(build_document(OPERATIONS)))
    return parsed


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_reference_points_at_a_schema_and_every_schema_is_used(document: dict[str, Any]) -> None:
    used = {reference.removeprefix("#/components/schemas/") for reference in references(document)}

    assert used == set(document["components"]["schemas"])


def test_every_schema_is_a_valid_json_schema(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                Draft202012Validator.check_schema(parameter["schema"])


def test_the_document_has_the_parts_openapi_requires(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(document["info"])
    for path, methods in document["paths"].items():
        templates = set(re.findall(r"\{(\w+)\}", path))
        for operation in methods.values():
            parameters = operation.get("parameters", [])
            in_path = {item["name"] for item in parameters if item["in"] == "path"}
            assert in_path == templates
            assert all(item["required"] for item in parameters if item["in"] == "path")
            assert all("description" in answer for answer in operation["responses"].values())


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [
        operation["operationId"] for methods in document["paths"].values() for operation in methods.values()
    ]

    assert len(ids) == len(set(ids)) == len(OPERATIONS)


def test_every_documented_route_is_served_and_nothing_else(
    document: dict[str, Any], offline_api: ApiClient
) -> None:
    for path, methods in document["paths"].items():
        concrete = re.sub(r"\{\w+\}", "x", path)
        answer = offline_api.call("TRACE", concrete)
        served = set(answer.headers["Allow"].split(", ")) - {"OPTIONS"}
        # `original` is a route of its own beside the one with a parameter.
        assert served == {method.upper() for method in methods}, path


def test_exactly_health_documents_and_playlists_are_open(document: dict[str, Any]) -> None:
    open_paths = {
        path
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if operation.get("security") == []
    }

    playlists = {
        "/playback/{job_id}/manifest.mpd",
        "/playback/{job_id}/scrub.vtt",
        "/playback/{job_id}/{playlist_name}",
        "/playback/{job_id}/subtitles/{file_name}",
    }
    assert open_paths == {"/health", "/openapi.json", "/docs"} | playlists
    assert document["security"] == [{"ApiKey": []}]


def test_every_problem_code_has_a_status_and_is_documented(document: dict[str, Any]) -> None:
    text = json.dumps(document["paths"])
    answered_without_operation = {ProblemCode.ROUTE_NOT_FOUND, ProblemCode.METHOD_NOT_ALLOWED}

    for code in ProblemCode:
        assert status_of(code) >= 400
        assert (code in text) != (code in answered_without_operation), code


def test_the_guide_names_every_problem_code_with_its_status() -> None:
    rows = [line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]

    for code in ProblemCode:
        assert [
            row for row in rows if row.startswith(f"| {status_of(code).value} ") and f"`{code}`" in row
        ], code


def test_the_committed_description_is_the_one_that_is_served() -> None:
    committed = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    current = description()

    assert committed == current, "the API has changed; run `make openapi` and commit docs/openapi.json"


def test_an_order_needs_either_a_file_or_a_source(document: dict[str, Any]) -> None:
    body = document["paths"]["/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**body, "components": document["components"]})
    form = {"filename": "a.mp4", "size_bytes": 0, "content_type": "video/mp4"}
    source = {"source": {"bucket": "bucket", "key": "key"}}

    assert validator.is_valid(form)
    assert validator.is_valid(source)
    assert not validator.is_valid({})
    assert not validator.is_valid(form | source)
    assert not validator.is_valid(form | {"size_bytes": -1})


def test_importing_the_function_loads_no_client_library() -> None:
    heavy = ["boto3", "botocore.client", "redis", "psycopg", "yaml", "sqlalchemy", "alembic"]
    code = f"import sys, metadata_api.api; print([name for name in {heavy} if name in sys.modules])"

    # A fresh interpreter, because this one has loaded everything.
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SERVICES)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.strip() == "[]"
