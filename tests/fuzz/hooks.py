"""What Schemathesis cannot read from the API's description: rules between fields, and limits of a deployment.

A request that keeps to the schema may still be refused for one of the reasons below. Each reason is tied to
the problem code that names it and to the request that earns it: any other refusal stays a failure.
"""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import requests
import schemathesis

from ledger.access.keys import Scope

# Where the API is and what opens it, as `tests.fuzz.run` sets them.
URL_VARIABLE: Final = "FUZZED_API_URL"
KEY_VARIABLE: Final = "FUZZED_API_KEY"
SCOPE_VARIABLE: Final = "FUZZED_SCOPE"
BUCKET_VARIABLE: Final = "FUZZED_INGEST_BUCKET"
MAX_UPLOAD_VARIABLE: Final = "FUZZED_MAX_UPLOAD_BYTES"

_MAX_SINGLE_UPLOAD_BYTES: Final = 5 * 1024**3
_MAX_ATTRIBUTES_BYTES: Final = 16_384
_TIMEOUT_SECONDS: Final = 10
_SUBTITLES: Final = "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nGood morning.\n"

Case = schemathesis.Case[Any]
Rule = Callable[[Case, Mapping[str, Any]], bool]


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Replaces made-up text that could only be refused by what a caller would really send."""
    if not _is_positive(case):
        return
    for name, make in (("Idempotency-Key", _fresh_key), ("If-Match", _current_tag)):
        if name in (case.headers or {}):
            case.headers[name] = make(case)
    for order in _orders(case):
        for named in (order, order.get("watermark") or {}):
            if "source" in named:
                named["source"]["bucket"] = os.environ[BUCKET_VARIABLE]
    if case.path.startswith("/webhooks") and isinstance(case.body, dict) and "url" in case.body:
        # A name that never leads anywhere: nothing may be called because of a made-up request.
        case.body["url"] = "https://hooks.example.invalid/"
    for track in _tracks(case):
        track["text"] = _SUBTITLES
    if "cursor" in (case.query or {}):
        _give_real_cursor(case)


def _fresh_key(case: Case) -> str:
    return f"{case.headers['Idempotency-Key'][:200]}-{uuid4()}"


def _current_tag(case: Case) -> str:
    """The record's ETag half of the time, to get past it, and what was made up otherwise."""
    record = _get(_path(case), {})
    made_up = str(case.headers["If-Match"])
    return record.headers.get("ETag", made_up) if len(made_up) % 2 == 0 else made_up


def _give_real_cursor(case: Case) -> None:
    filters = {name: value for name, value in case.query.items() if name not in {"cursor", "limit"}}
    page = _get(_path(case), {**filters, "limit": 1})
    del case.query["cursor"]
    if page.ok and page.json()["next_cursor"]:
        case.query["cursor"] = page.json()["next_cursor"]


@schemathesis.hook
def filter_failure(context: schemathesis.HookContext, failure: Any, case: Case, response: Any) -> bool:
    """Keeps a failure, unless the request was refused for a reason that it really gave."""
    if not isinstance(failure, schemathesis.openapi.checks.RejectedPositiveData):
        return True
    try:
        problem = response.json()
        earned = _EARNED.get(problem["code"])
    except (ValueError, KeyError, TypeError):
        return True
    return earned is None or not earned(case, problem)


def _path(case: Case) -> str:
    ids = {name: quote(str(text), safe="") for name, text in (case.path_parameters or {}).items()}
    return case.path.format(**ids)


def _get(path: str, query: Mapping[str, Any]) -> requests.Response:
    return requests.get(
        os.environ[URL_VARIABLE] + path,
        params=query,
        headers={"x-api-key": os.environ[KEY_VARIABLE]},
        timeout=_TIMEOUT_SECONDS,
    )


def _is_positive(case: Case) -> bool:
    return bool(case.meta and case.meta.generation.mode.is_positive)


def _has_header(name: str) -> Rule:
    return lambda case, _: name.lower() in {sent.lower() for sent in case.headers or {}}


def _body(case: Case) -> dict[str, Any]:
    return case.body if isinstance(case.body, dict) else {}


def _orders(case: Case) -> list[dict[str, Any]]:
    body = _body(case)
    return [order for order in body.get("jobs", [body]) if isinstance(order, dict)]


def _tracks(case: Case) -> list[dict[str, Any]]:
    tracks = [track for order in _orders(case) for track in order.get("subtitles") or []]
    if "/subtitles/" in case.path and isinstance(case.body, dict):
        tracks.append(case.body)
    return [track for track in tracks if isinstance(track, dict)]


def _names_an_object(case: Case, _: Mapping[str, Any]) -> bool:
    return any("source" in order or order.get("watermark") for order in _orders(case))


def _is_too_large(case: Case, _: Mapping[str, Any]) -> bool:
    limit = int(os.environ[MAX_UPLOAD_VARIABLE])
    return any(order.get("size_bytes", 0) > limit for order in _orders(case))


def _breaks_a_rule_between_fields(case: Case, problem: Mapping[str, Any]) -> bool:
    field = problem["errors"][0]["field"].rsplit(".", 1)[-1]
    return field in _RULES and _RULES[field](case, problem)


def _gives_video_and_metadata(case: Case, _: Mapping[str, Any]) -> bool:
    return any(order.get("video_id") and order.get("metadata") is not None for order in _orders(case))


def _names_an_unknown_profile(case: Case, problem: Mapping[str, Any]) -> bool:
    return any(order.get("profile", "web") in problem["detail"] for order in _orders(case))


def _wants_one_large_request(case: Case, _: Mapping[str, Any]) -> bool:
    return any(
        order.get("upload") == "single" and order["size_bytes"] > _MAX_SINGLE_UPLOAD_BYTES
        for order in _orders(case)
    )


def _names_a_part_twice(case: Case, _: Mapping[str, Any]) -> bool:
    numbers = [part["part_number"] for part in _body(case)["parts"]]
    return len(numbers) != len(set(numbers))


def _ends_before_it_begins(case: Case, _: Mapping[str, Any]) -> bool:
    parts = [order.get("trim") or {} for order in _orders(case)]
    ends = [(part.get("start_seconds", 0), part.get("end_seconds")) for part in parts]
    return any(end is not None and end <= start for start, end in ends)


def _deduplicates_the_unknown(case: Case, _: Mapping[str, Any]) -> bool:
    return any(order.get("deduplicate") and not order.get("sha256") for order in _orders(case))


def _names_a_track_twice(case: Case, _: Mapping[str, Any]) -> bool:
    named = [[track["name"] for track in order.get("subtitles") or []] for order in _orders(case)]
    return any(len(names) != len(set(names)) for names in named)


def _has_many_attributes(case: Case, _: Mapping[str, Any]) -> bool:
    records = [_body(case), *(order.get("metadata") or {} for order in _orders(case))]
    sizes = [len(json.dumps(record.get("attributes") or {})) for record in records]
    # A change counts together with what was there before.
    return case.method == "PATCH" or max(sizes) > _MAX_ATTRIBUTES_BYTES


_RULES: Final[Mapping[str, Rule]] = {
    "metadata": _gives_video_and_metadata,
    "profile": _names_an_unknown_profile,
    "upload": _wants_one_large_request,
    "parts": _names_a_part_twice,
    "attributes": _has_many_attributes,
    "trim": _ends_before_it_begins,
    "subtitles": _names_a_track_twice,
    "deduplicate": _deduplicates_the_unknown,
}


def _names_a_client(case: Case, _: Mapping[str, Any]) -> bool:
    return bool(_body(case).get("client"))


def _reaches_too_short(case: Case, _: Mapping[str, Any]) -> bool:
    """The operation needs more than the key has, as its description says; so does a purge at once."""
    scope = Scope(os.environ[SCOPE_VARIABLE])
    purges = str((case.query or {}).get("purge")).lower() == "true"
    needed = Scope.OPERATOR if purges else Scope(case.operation.definition.raw["x-scope"])
    return not scope.covers(needed)


def _is_no_operator(_case: Case, _: Mapping[str, Any]) -> bool:
    """What a record belongs to is not in the request: all but operators meet others' records."""
    return Scope(os.environ[SCOPE_VARIABLE]) is not Scope.OPERATOR


_EARNED: Final[Mapping[str, Rule]] = {
    "SCOPE_TOO_SMALL": _reaches_too_short,
    "NOT_YOURS": _is_no_operator,
    "VERSION_MISMATCH": _has_header("If-Match"),
    "SOURCE_NOT_FOUND": _names_an_object,
    "CLIENT_NOT_FOUND": _names_a_client,
    "UPLOAD_TOO_LARGE": _is_too_large,
    "VALIDATION_FAILED": _breaks_a_rule_between_fields,
}
