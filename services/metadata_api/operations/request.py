"""One API call: its validated body, query, headers and path."""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ledger.access.actors import acting_for
from metadata_api.access.access import Access
from metadata_api.access.caller import Caller
from metadata_api.http.problems import FieldError, Problem, ProblemCode, field_problem, not_found
from metadata_api.models.fields import PATTERN_HINTS, IdempotencyKey

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from ledger.database.connection import LedgerConnection
    from metadata_api.environment.resources import Resources

MAX_BODY_BYTES: Final = 65_536
JSON_TYPES: Final = frozenset({"application/json"})

_Model = TypeVar("_Model")
_Query = TypeVar("_Query", bound=BaseModel)
_ADAPTERS: Final[dict[Any, TypeAdapter[Any]]] = {}
_UNION_TAGS: Final = frozenset({"upload", "source", "earlier", "again"})
_IDEMPOTENCY_KEY: Final[TypeAdapter[str]] = TypeAdapter(IdempotencyKey, config=ConfigDict(defer_build=True))


class ApiRequest:
    """What a route needs to know about the call it answers.

    Args:
        event: The API Gateway event.
        headers: Its headers by lower-case name.
        path: Path parameters by name, as they came.
        resources: The clients and settings of this environment.
        request_id: Goes into the answer, its headers and the logs.
        access: Who sent it, and what they may; None where no key is needed.
    """

    def __init__(
        self,
        event: Mapping[str, Any],
        headers: Mapping[str, str],
        path: Mapping[str, str],
        resources: "Resources",
        request_id: str,
        access: Access | None = None,
    ) -> None:
        self._event = event
        self._headers = headers
        self._path = path
        self.resources = resources
        self.request_id = request_id
        self._access = access

    @property
    def access(self) -> Access:
        """What the caller may do; operations that need no key have nobody to ask for."""
        if self._access is None:
            message = "an operation without a key has no caller"
            raise LookupError(message)
        return self._access

    @property
    def caller(self) -> Caller:
        """Who calls."""
        return self.access.caller

    @property
    def client(self) -> str:
        """Whose call it is; of what needs no key nobody knows."""
        return "anonymous" if self._access is None else self._access.caller.client

    @contextmanager
    def connection(self) -> "Iterator[LedgerConnection]":
        """Lends the warm connection to the ledger, whose histories name the caller.

        Raises:
            LedgerUnavailableError: The database is away.
        """
        actor = None if self._access is None else self._access.caller.in_request(self.request_id)
        with self.resources.connection() as conn, acting_for(conn, actor):
            yield conn

    def header(self, name: str) -> str | None:
        """One request header, whatever the case of its name."""
        return self._headers.get(name.lower())

    def path_text(self, name: str) -> str:
        """One path parameter."""
        return self._path[name]

    def path_id(self, name: str, missing: ProblemCode) -> UUID:
        """An id in the path; a malformed one answers like an unknown one.

        Raises:
            Problem: `missing`, when the text is no canonical UUID.
        """
        text = self._path[name]
        try:
            found = UUID(text)
        except ValueError:
            raise not_found(missing, text) from None
        if str(found) != text.lower():
            raise not_found(missing, text)
        return found

    def query(self, model: type[_Query]) -> _Query:
        """The query parameters as one checked value.

        Raises:
            Problem: VALIDATION_FAILED with the parameter named.
        """
        given: dict[str, Any] = {}
        for name, values in (self._event.get("multiValueQueryStringParameters") or {}).items():
            given[name] = values if _repeats(model, name) else _single(name, values)
        try:
            return model.model_validate(given)
        except ValidationError as error:
            raise invalid_body(error) from error

    def body(
        self,
        model: type[_Model] | TypeAdapter[_Model],
        content_types: frozenset[str] = JSON_TYPES,
        *,
        max_bytes: int = MAX_BODY_BYTES,
    ) -> _Model:
        """The request body as one checked value.

        Raises:
            Problem: UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE, or VALIDATION_FAILED with the field named.
        """
        raw = self.raw_body(content_types, max_bytes)
        if not raw:
            raise field_problem("body", "a JSON body is required")
        try:
            checked: _Model = _adapter(model).validate_json(raw)
        except ValidationError as error:
            raise invalid_body(error) from error
        return checked

    def raw_body(self, content_types: frozenset[str] = JSON_TYPES, max_bytes: int = MAX_BODY_BYTES) -> bytes:
        """The bytes of the body, once its type and size are accepted."""
        declared = (self.header("Content-Type") or "").split(";")[0].strip().lower()
        if declared not in content_types:
            wanted = " or ".join(sorted(content_types))
            raise Problem(
                ProblemCode.UNSUPPORTED_MEDIA_TYPE,
                f"Content-Type is {declared[:100]!r}; send the body as {wanted}",
                headers={"Accept": wanted},
            )
        raw = self._decoded_body()
        if len(raw) > max_bytes:
            raise Problem(
                ProblemCode.BODY_TOO_LARGE,
                f"the body has {len(raw)} bytes; at most {max_bytes} are accepted",
            )
        return raw

    def _decoded_body(self) -> bytes:
        text = self._event.get("body") or ""
        if not self._event.get("isBase64Encoded"):
            return str(text).encode("utf-8", "surrogatepass")
        try:
            return base64.b64decode(text)
        except (ValueError, binascii.Error):
            raise field_problem("body", "is not valid base64") from None

    def idempotency_key(self) -> str | None:
        """The caller's Idempotency-Key, if any.

        Raises:
            Problem: VALIDATION_FAILED when it is empty, too long or not printable ASCII.
        """
        key = self.header("Idempotency-Key")
        if key is None:
            return None
        try:
            return _IDEMPOTENCY_KEY.validate_python(key)
        except ValidationError:
            raise field_problem(
                "Idempotency-Key", "must be 1 to 255 printable ASCII characters, no spaces"
            ) from None

    def fingerprint(self) -> str:
        """Digest of the body, by which a reused idempotency key is told from a repeated call."""
        return hashlib.sha256(self._decoded_body()).hexdigest()


def _adapter(model: Any) -> TypeAdapter[Any]:
    if isinstance(model, TypeAdapter):
        return model
    if model not in _ADAPTERS:
        _ADAPTERS[model] = TypeAdapter(model)
    return _ADAPTERS[model]


def _repeats(model: type[BaseModel], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and getattr(field.annotation, "__origin__", None) is list


def _single(name: str, values: list[str]) -> str:
    if len(values) != 1:
        raise field_problem(name, f"was given {len(values)} times; give it once")
    return values[0]


def invalid_body(error: ValidationError) -> Problem:
    """The problem of values that break the rules, with every field named."""
    found = [_field_error(item) for item in error.errors(include_url=False, include_input=False)]
    first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    detail = f"{first['field']}: {first['message']}{more}"
    return Problem(ProblemCode.VALIDATION_FAILED, detail, found)


def _field_error(item: "ErrorDetails") -> FieldError:
    parts = [str(part) for part in item["loc"]]
    # Behind the position in a list, or at the very start.
    tag = 2 if len(parts) > 2 and parts[1].isdigit() else 0
    if len(parts) > max(tag, 1) and parts[tag] in _UNION_TAGS:
        del parts[tag]
    field = ".".join(part[:100] for part in parts if part != "[key]") or "body"
    return FieldError(field=field, message=_message(item))


def _message(item: "ErrorDetails") -> str:
    kind = item["type"]
    if kind == "extra_forbidden":
        return "is not a known field; remove it"
    if kind == "missing":
        return "is required"
    if kind == "string_pattern_mismatch":
        return PATTERN_HINTS.get(item["ctx"]["pattern"], item["msg"])
    return item["msg"].removeprefix("Value error, ")
