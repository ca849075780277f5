"""The OpenAPI 3.1 document, made from the same operations and types that serve the calls."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from ledger.access.keys import Scope
from metadata_api.http.problems import CONTENT_TYPE as PROBLEM_TYPE
from metadata_api.http.problems import (
    RETRY_AFTER_SECONDS,
    GatewayProblem,
    ProblemCode,
    ProblemDetails,
    status_of,
)
from metadata_api.http.responses import JSON_CONTENT_TYPE
from metadata_api.models.subtitles import NAME_PATTERN
from metadata_api.operations.operation import HeaderParameter, Operation

_VERSION: Final = "1.0.0"
_REFERENCE: Final = "#/components/schemas/{model}"
_ID: Final = {"type": "string", "format": "uuid"}
_PATH_SCHEMAS: Final = {
    **dict.fromkeys(("video_id", "job_id", "batch_id", "webhook_id", "event_id", "key_id"), _ID),
    "track_name": {"type": "string", "pattern": NAME_PATTERN},
}
# Where the answers of operations that make something hold its id, for links to what can be done with it.
_MADE: Final = {
    "create_job": {"job_id": "/job/job_id", "video_id": "/job/video_id"},
    "create_batch": {"batch_id": "/batch_id"},
    "create_record": {"video_id": "/video_id"},
    "create_webhook": {"webhook_id": "/webhook/webhook_id"},
    "make_key": {"key_id": "/key/key_id"},
}
_DESCRIPTION: Final = (
    "Upload videos, follow their processing, read what was made of them and keep their metadata."
    " Times are UTC in ISO 8601. Lists are paged with an opaque cursor. Errors are problem details (RFC 9457)"
    " with a stable code. An id that is malformed answers 404, like one that is unknown."
    " Every answer carries X-Request-Id; a caller's own X-Request-Id of 1 to 64 letters, digits, dots,"
    " hyphens or underscores is kept."
)
_WITHOUT_BODY: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_RETRY_AFTER: Final = {
    "Retry-After": {
        "description": f"Seconds to wait before trying again, usually {RETRY_AFTER_SECONDS}.",
        "schema": {"type": "string"},
    }
}
_CHALLENGE: Final = {
    "WWW-Authenticate": {
        "description": "Names the scheme ApiKey and the header that takes the key.",
        "schema": {"type": "string"},
    }
}
# Statuses that the gateway answers with before a call gets here.
_GATEWAY_ANSWERS: Final = {
    "403": "The gateway refuses a missing, wrong or disabled x-api-key.",
    "429": "The gateway refuses calls beyond the rate or quota of the key.",
}


def build_document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document as plain JSON values."""
    adapters, definitions = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        described = _operation(operation, adapters, _links(operation, operations))
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Video platform API",
            "version": _VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        # Relative to where this document is served, so that the stage of the gateway stays in the path.
        "servers": [{"url": "."}],
        "security": [{"ApiKey": []}],
        "tags": [{"name": name} for name in dict.fromkeys(operation.tag for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {"ApiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }


_Schemas = Mapping[int, dict[str, Any]]


def _schemas(operations: Iterable[Operation]) -> tuple[_Schemas, dict[str, Any]]:
    """Schemas of all bodies by the id of their type, and the named definitions that they refer to."""
    types = [
        ProblemDetails,
        GatewayProblem,
        *(kind for item in operations for kind in (item.body, item.returns) if kind),
    ]
    unique = {id(kind): kind for kind in types}
    inputs = {id(item.body) for item in operations if item.body}
    found, shared = TypeAdapter.json_schemas(
        [
            (key, "validation" if key in inputs else "serialization", _as_adapter(kind))
            for key, kind in unique.items()
        ],
        ref_template=_REFERENCE,
        schema_generator=GenerateJsonSchema,
    )
    return {key: dict(schema) for (key, _), schema in found.items()}, dict(shared.get("$defs", {}))


def _as_adapter(kind: Any) -> TypeAdapter[Any]:
    return kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)


def _operation(operation: Operation, schemas: _Schemas, links: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description if operation.open else _for_whom(operation),
        "tags": [operation.tag],
        "responses": _responses(operation, schemas, links),
    }
    parameters = [*_path_parameters(operation), *_query_parameters(operation), *_headers(operation.headers)]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        content = {kind: {"schema": schemas[id(operation.body)]} for kind in sorted(operation.body_types)}
        described["requestBody"] = {"required": True, "content": content}
    if operation.open:
        described["security"] = []
    else:
        described["x-scope"] = str(operation.scope)
    return described


def _for_whom(operation: Operation) -> str:
    above = "" if operation.scope is Scope.OPERATOR else " and above"
    return f"{operation.description} For keys of scope {operation.scope}{above}."


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _PATH_SCHEMAS.get(name, {"type": "string"}),
        }
        for name in names
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema(ref_template=_REFERENCE)
    shared = schema.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": field.get("description", ""),
            "schema": _plain(field, shared),
        }
        for name, field in schema["properties"].items()
    ]


def _plain(field: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """A query parameter is absent rather than null, and small enough to be written out."""
    options = [option for option in field.get("anyOf", [field]) if option.get("type") != "null"]
    chosen = dict(options[0])
    if "$ref" in chosen:
        chosen = dict(shared[chosen["$ref"].rsplit("/", 1)[1]])
    return {
        key: value
        for key, value in chosen.items()
        if key not in {"title", "description"} and not (key == "default" and value in (None, []))
    }


def _headers(headers: Iterable[HeaderParameter]) -> list[dict[str, Any]]:
    return [
        {
            "name": item.name,
            "in": "header",
            "required": False,
            "description": item.description,
            "schema": item.schema,
        }
        for item in headers
    ]


def _responses(operation: Operation, schemas: _Schemas, links: Mapping[str, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status in (operation.status, *operation.also):
        responses[str(status.value)] = _success(operation, status, schemas)
        if links:
            responses[str(status.value)]["links"] = links
    if not operation.open:
        responses |= {status: _gateway_answer(status, schemas) for status in _GATEWAY_ANSWERS}
    for status, codes in _by_status(operation.all_problems()).items():
        known = responses.get(str(status.value))
        answer = _problem(status, codes, schemas)
        responses[str(status.value)] = _either(known, answer) if known else answer
    return dict(sorted(responses.items()))


def _gateway_answer(status: str, schemas: _Schemas) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": _GATEWAY_ANSWERS[status],
        "content": {PROBLEM_TYPE: {"schema": schemas[id(GatewayProblem)]}},
    }
    if status == "429":
        answer["headers"] = _RETRY_AFTER
    return answer


def _success(operation: Operation, status: HTTPStatus, schemas: _Schemas) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": status.phrase}
    headers = {
        item.name: {"description": item.description, "schema": item.schema}
        for item in operation.returns_headers
    }
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers |= _RETRY_AFTER
    if headers:
        answer["headers"] = headers
    if status not in _WITHOUT_BODY:
        schema = schemas[id(operation.returns)] if operation.returns is not None else _untyped(operation)
        answer["content"] = {operation.content_type: {"schema": schema}}
    return answer


def _links(operation: Operation, operations: Iterable[Operation]) -> dict[str, Any]:
    """What can be done with a thing that was just made, by the operations that take its id."""
    return {
        follower.name: {
            "operationId": follower.name,
            "parameters": {f"path.{name}": f"$response.body#{pointer}"},
        }
        for name, pointer in _MADE.get(operation.name, {}).items()
        for follower in operations
        if f"{{{name}}}" in follower.path and not follower.open
    }


def _untyped(operation: Operation) -> dict[str, Any]:
    return {"type": "object"} if operation.content_type == JSON_CONTENT_TYPE else {"type": "string"}


def _by_status(codes: Iterable[ProblemCode]) -> dict[HTTPStatus, list[ProblemCode]]:
    grouped: dict[HTTPStatus, list[ProblemCode]] = {}
    for code in dict.fromkeys(codes):
        grouped.setdefault(status_of(code), []).append(code)
    return grouped


def _problem(status: HTTPStatus, codes: Iterable[ProblemCode], schemas: _Schemas) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": f"{status.phrase}: {', '.join(codes)}",
        "content": {PROBLEM_TYPE: {"schema": schemas[id(ProblemDetails)]}},
    }
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        answer["headers"] = _RETRY_AFTER
    if status is HTTPStatus.UNAUTHORIZED:
        answer["headers"] = _CHALLENGE
    return answer


def _either(gateway: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """One status that the gateway answers with, and so does the API."""
    schemas = [item["content"][PROBLEM_TYPE]["schema"] for item in (gateway, own)]
    return {
        **own,
        "description": f"{own['description']}; or from the gateway: {gateway['description']}",
        "content": {PROBLEM_TYPE: {"schema": {"anyOf": schemas}}},
    }
