"""Holds every answer of the API against its own OpenAPI document."""

import json
from copy import deepcopy
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from metadata_api.operations.openapi import build_document
from metadata_api.operations.operation import Operation
from metadata_api.route_table import OPERATIONS


def check_answer(method: str, path: str, answer: Any) -> None:
    """Fails unless status, headers and body are what the document promises for this call."""
    operation = _operation(method, path)
    if operation is None:
        assert answer.status in {204, 404, 405}, f"{method} {path} is not documented"
        return
    promised = _document()["paths"][operation.path][method.lower()]["responses"]
    assert str(answer.status) in promised, (
        f"{method} {operation.path} answered {answer.status}: {answer.text}"
    )
    response = promised[str(answer.status)]
    missing = set(response.get("headers", {})) - set(answer.headers)
    assert not missing, f"{method} {operation.path} {answer.status} lacks {missing}"
    content = response.get("content")
    if content is None:
        assert answer.text == ""
        return
    kind = answer.headers["Content-Type"].split(";")[0]
    assert kind in content, f"{kind} is not promised for {method} {operation.path}"
    if kind.endswith("json"):
        schema = {**content[kind]["schema"], "components": _document()["components"]}
        Draft202012Validator(schema).validate(json.loads(answer.text))


def _operation(method: str, path: str) -> Operation | None:
    parts = path.rstrip("/").split("/")
    found = [item for item in OPERATIONS if item.method == method and _fits(item.path.split("/"), parts)]
    return min(found, key=lambda item: item.path.count("{")) if found else None


def _fits(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        wanted.startswith("{") or wanted == part for wanted, part in zip(template, parts, strict=True)
    )


@cache
def _document() -> dict[str, Any]:
    """The document, made stricter: an answer may not hold more than is promised either."""
    document = deepcopy(build_document(OPERATIONS))
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return document
