"""Every operation of the OpenAPI document by scope, by whose thing it is about, and by the key's state."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest

import metadata_api.api
from ledger.access import keys
from ledger.access.keys import DeployedKey, Scope
from ledger.database.connection import LedgerConnection
from metadata_api.api import Application
from metadata_api.environment.resources import Resources
from metadata_api.http.responses import Response, empty_response
from metadata_api.operations.openapi import build_document
from metadata_api.operations.operation import Operation
from metadata_api.operations.request import ApiRequest
from metadata_api.route_table import OPERATIONS
from tests.api_client import ApiClient, gateway_event

pytestmark = pytest.mark.integration

OWN, OTHER, ABSENT = "own", "other", "absent"
THINGS = ("video_id", "job_id", "batch_id")
REACHED = (204, None)
JOB = {"filename": "harbour.mp4", "size_bytes": 1000, "content_type": "video/mp4"}


@dataclass(frozen=True)
class Cell:
    """One operation as the document describes it."""

    method: str
    path: str
    scope: Scope

    @property
    def thing(self) -> str | None:
        return next((name for name in THINGS if f"{{{name}}}" in self.path), None)

    def target(self, ids: Mapping[str, str]) -> str:
        return self.path.format(**{name: ids.get(name, str(uuid4())) for name in _names(self.path)})


def _names(path: str) -> Iterator[str]:
    return (part[1:-1] for part in path.split("/") if part.startswith("{"))


def closed_operations() -> list[Cell]:
    """All operations that need a key; one whose document tells no scope fails here."""
    document = build_document(OPERATIONS)
    return [
        Cell(method.upper(), path, Scope(described["x-scope"]))
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if described.get("security") != []
    ]


@pytest.fixture
def world(api: ApiClient, ledger_conn: LedgerConnection) -> dict[str, dict[str, str]]:
    """A record with a job in a batch of two clients each; afterwards each client has a key of each scope."""
    told = [
        DeployedKey(gateway_id=f"{client}-{scope}", client=client, name=scope, scope=scope)
        for client in ("ours", "theirs")
        for scope in Scope
    ]
    keys.take_up(ledger_conn, told)
    found = {}
    for owner, client in ((OWN, "ours"), (OTHER, "theirs")):
        maker = replace(api, api_key_id=f"{client}-producer")
        batch = maker.call("POST", "/batches", {"jobs": [JOB]}).json
        job = batch["items"][0]["job"]
        found[owner] = {"batch_id": batch["batch_id"], **{name: job[name] for name in ("job_id", "video_id")}}
    found[ABSENT] = {name: str(uuid4()) for name in THINGS}
    return found


@pytest.fixture
def reaching(world: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets past the guard is told so, and nothing else happens."""

    def reached(_request: ApiRequest) -> Response:
        return empty_response()

    stubs = tuple(replace(operation, handler=reached) for operation in OPERATIONS)
    monkeypatch.setattr(metadata_api.api, "OPERATIONS", stubs)


def ask(api: ApiClient, key_id: str | None, method: str, target: str) -> tuple[int, str | None]:
    event = gateway_event(method, target)
    if key_id is not None:
        event["requestContext"]["identity"]["apiKeyId"] = key_id
    answer = api.application.answer(event)
    return answer["statusCode"], json.loads(answer["body"])["code"] if answer["body"] else None


def expected(cell: Cell, scope: Scope, whose: str, record_access: str) -> tuple[int, str | None]:
    """What the rules of docs/api.md say."""
    order = list(Scope)
    if order.index(scope) < order.index(cell.scope):
        return 403, "SCOPE_TOO_SMALL"
    if cell.thing is None or scope is Scope.OPERATOR or whose == OWN:
        return REACHED
    missing = (404, f"{cell.thing.removesuffix('_id').upper()}_NOT_FOUND")
    if record_access == "per-client":
        return missing
    if cell.scope is Scope.VIEWER:
        return REACHED  # the operation itself knows what exists
    return missing if whose == ABSENT else (403, "NOT_YOURS")


@pytest.mark.usefixtures("reaching")
@pytest.mark.parametrize("record_access", ["shared", "per-client"])
@pytest.mark.parametrize("scope", list(Scope))
def test_every_operation_lets_exactly_those_through_that_may(
    api: ApiClient, world: Mapping[str, Mapping[str, str]], scope: Scope, record_access: str
) -> None:
    settings = replace(api.settings, record_access=record_access)
    client = replace(api, application=Application(Resources(settings)), settings=settings)
    cells = [(cell, whose) for cell in closed_operations() for whose in (OWN, OTHER, ABSENT)]

    wrong = [
        (cell, whose, found, wanted)
        for cell, whose in cells
        if (found := ask(client, f"ours-{scope}", cell.method, cell.target(world[whose])))
        != (wanted := expected(cell, scope, whose, record_access))
    ]

    assert wrong == []
    assert len(cells) > 120


@pytest.mark.usefixtures("reaching")
@pytest.mark.parametrize(
    ("key_id", "code"),
    [(None, "API_KEY_REQUIRED"), ("", "API_KEY_REQUIRED"), ("never-made", "API_KEY_UNKNOWN"),
     ("revoked", "API_KEY_UNKNOWN"), ("in-the-making", "API_KEY_UNKNOWN")],
)  # fmt: skip
def test_every_closed_operation_refuses_a_key_that_is_absent_unknown_or_not_active(
    api: ApiClient,
    world: Mapping[str, Mapping[str, str]],
    ledger_conn: LedgerConnection,
    key_id: str | None,
    code: str,
) -> None:
    made = keys.begin(ledger_conn, "ours", "old", Scope.OPERATOR)
    assert keys.made(ledger_conn, made.id, "revoked")
    assert keys.begin_revoking(ledger_conn, made.id)
    keys.begin(ledger_conn, "ours", "new", Scope.OPERATOR)

    answers = {cell: ask(api, key_id, cell.method, cell.target(world[OWN])) for cell in closed_operations()}

    assert {cell: found for cell, found in answers.items() if found != (401, code)} == {}


def test_an_operation_that_forgets_its_scope_is_for_operators() -> None:
    operation: Operation = next(item for item in OPERATIONS if item.name == "list_jobs")
    fields = {
        name: getattr(operation, name) for name in ("method", "path", "name", "summary", "tag", "handler")
    }

    assert Operation(description="", **fields).scope is Scope.OPERATOR
