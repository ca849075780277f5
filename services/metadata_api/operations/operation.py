"""What an operation of the API is: route, types and handler, said once for routing and documentation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal

from pydantic import BaseModel

from ledger.access.keys import Scope
from metadata_api.http.problems import ProblemCode
from metadata_api.http.responses import JSON_CONTENT_TYPE, Response
from metadata_api.operations.request import JSON_TYPES, ApiRequest

Handler = Callable[[ApiRequest], Response]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

# Every operation can meet these.
COMMON_PROBLEMS: Final = (ProblemCode.INTERNAL, ProblemCode.DATABASE_UNAVAILABLE)
# Every operation behind the key can meet these as well.
KEY_PROBLEMS: Final = (ProblemCode.API_KEY_REQUIRED, ProblemCode.API_KEY_UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderParameter:
    """A request header that an operation understands."""

    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path.

    Attributes:
        path: With `{name}` parameters.
        description: Shown in the documentation below the summary.
        returns: Type of the answer's body; None when it has none or is no JSON.
        problems: Problems it can answer with, besides those that all have.
        also: Further statuses with the same body, for example 503 of /health, or without one: 304.
        open: Needs no API key.
        scope: What the key must reach; whoever forgets to say it gets an operation for operators.
    """

    method: Method
    path: str
    name: str
    summary: str
    description: str
    tag: str
    handler: Handler
    returns: Any = None
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = JSON_CONTENT_TYPE
    body: Any = None
    body_types: frozenset[str] = JSON_TYPES
    query: type[BaseModel] | None = None
    headers: Sequence[HeaderParameter] = ()
    returns_headers: Sequence[HeaderParameter] = ()
    problems: Sequence[ProblemCode] = ()
    also: Sequence[HTTPStatus] = ()
    open: bool = False
    scope: Scope = Scope.OPERATOR

    @property
    def reads(self) -> bool:
        """Whether it leaves everything as it is."""
        return self.method == "GET"

    def all_problems(self) -> tuple[ProblemCode, ...]:
        """Everything that it can answer with, for its place behind the key too."""
        if self.open:
            # Open paths without problems of their own never leave this process.
            return (*COMMON_PROBLEMS, *self.problems) if self.problems else ()
        refusals = [*KEY_PROBLEMS]
        if self.scope is not Scope.VIEWER:
            refusals.append(ProblemCode.SCOPE_TOO_SMALL)
        if self.scope is Scope.PRODUCER:
            refusals.append(ProblemCode.NOT_YOURS)
        return (*COMMON_PROBLEMS, *refusals, *self.problems)


@dataclass(slots=True)
class RouteGroup:
    """Operations of one module, in the order they are documented."""

    tag: str
    operations: list[Operation] = field(default_factory=list)

    def route(
        self, method: Method, path: str, *, summary: str, **details: Any
    ) -> Callable[[Handler], Handler]:
        """Registers the decorated function; its docstring documents the operation.

        Args:
            method: HTTP method.
            path: With `{name}` parameters.
            summary: A few words.
            **details: Further fields of `Operation`.
        """

        def register(handler: Handler) -> Handler:
            self.operations.append(
                Operation(
                    method=method,
                    path=path,
                    name=handler.__name__,
                    summary=summary,
                    description=" ".join((handler.__doc__ or "").split()),
                    tag=self.tag,
                    handler=handler,
                    **details,
                )
            )
            return handler

        return register


IDEMPOTENCY_KEY: Final = HeaderParameter(
    name="Idempotency-Key",
    description="Repeating a call with the same key and body within 24 hours makes nothing twice.",
    schema={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
)
IF_MATCH: Final = HeaderParameter(
    name="If-Match",
    description=(
        "ETag of the version the change is based on; 412 when people have changed the record since. What "
        "jobs do to it makes no difference."
    ),
    schema={"type": "string"},
)
IF_NONE_MATCH: Final = HeaderParameter(
    name="If-None-Match",
    description="ETag of the answer that the caller has; 304 without a body while nothing in it has changed.",
    schema={"type": "string"},
)
ETAG: Final = HeaderParameter(
    name="ETag",
    description=(
        'Of the form "EDIT.REST": EDIT counts the changes of people, which If-Match compares; REST is a '
        "digest of everything else, which If-None-Match compares too."
    ),
    schema={"type": "string"},
)
LOCATION: Final = HeaderParameter(
    name="Location", description="Path of what was made.", schema={"type": "string"}
)
