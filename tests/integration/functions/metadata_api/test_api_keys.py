"""API keys: made, listed, revoked; what fails half-way ends consistent at the ledger and at API Gateway."""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import UUID

import pytest

from ledger.access import keys
from ledger.access.keys import Scope
from ledger.database.connection import LedgerConnection
from ledger.errors import LedgerUnavailableError
from runtime import clients
from runtime.key_making import KeyMaker, KeyMakerError
from tests.api_client import ApiClient
from tests.integration.functions.key_system import KeySystem, make_key_system
from upkeep.api_keys import finish_keys

pytestmark = pytest.mark.integration

BODY = {"client": "studio-7", "name": "Cutting room", "scope": "producer"}
UNKNOWN = "4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11"


@pytest.fixture
def system(aws: Any, monkeypatch: pytest.MonkeyPatch) -> KeySystem:
    made = make_key_system(aws)
    monkeypatch.setattr(clients, "lambda_", cache(lambda: made.function))
    return made


def made(api: ApiClient, **changes: Any) -> dict[str, Any]:
    answer = api.call("POST", "/keys", BODY | changes)
    assert answer.status == 201, answer.text
    return dict(answer.json)


def listed(api: ApiClient) -> list[dict[str, Any]]:
    return [key for key in api.call("GET", "/keys").json["items"] if not key["deployed"]]


def later(conn: LedgerConnection, system: KeySystem) -> int:
    """Lets `maintain` come by after everybody has given up."""
    conn.execute("UPDATE api_keys SET changed_at = changed_at - interval '10 minutes'")
    return finish_keys(conn, KeyMaker(client=system.function, function_name="key-maker"))  # type: ignore[arg-type]


def states(conn: LedgerConnection) -> list[str]:
    query = "SELECT state FROM api_keys WHERE NOT deployed ORDER BY created_at"
    return [row[0] for row in conn.execute(query)]


def test_a_key_is_shown_once_and_is_under_the_plan_and_known_to_the_ledger(
    api: ApiClient, system: KeySystem, ledger_conn: LedgerConnection
) -> None:
    answer = made(api)
    (at_gateway,) = system.at_gateway()

    assert answer["value"] == at_gateway["value"]
    assert system.in_plan() == {at_gateway["id"]}
    assert at_gateway["tags"]["ledger-key"] == answer["key"]["key_id"]
    known = keys.by_gateway_id(ledger_conn, at_gateway["id"])
    assert known is not None
    assert (known.client, known.name, known.scope) == ("studio-7", "Cutting room", Scope.PRODUCER)

    shown = api.call("GET", "/keys")
    assert [key for key in shown.json["items"] if not key["deployed"]] == [answer["key"]]
    assert answer["value"] not in shown.text


def test_a_client_has_several_keys_and_revoking_one_leaves_the_other(
    api: ApiClient, system: KeySystem, ledger_conn: LedgerConnection
) -> None:
    first, second = made(api, name="First"), made(api, name="Second")

    answers = [api.call("DELETE", f"/keys/{first['key']['key_id']}").status for _ in range(2)]

    assert answers == [204, 204]
    assert listed(api) == [second["key"]]
    assert [key["value"] for key in system.at_gateway()] == [second["value"]]
    assert states(ledger_conn) == ["revoked", "active"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"client": "Studio 7"}, "client"),
        ({"client": ""}, "client"),
        ({"client": "a" * 32}, "client"),
        ({"name": " "}, "name"),
        ({"scope": "admin"}, "scope"),
        ({"value": "mine"}, "value"),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_the_field_named(
    api: ApiClient, system: KeySystem, changes: dict[str, Any], field: str
) -> None:
    answer = api.call("POST", "/keys", BODY | changes)

    assert (answer.status, answer.json["errors"][0]["field"]) == (400, field)
    assert system.function.asked == []


@pytest.mark.parametrize("key_id", [UNKNOWN, "no-id"])
def test_an_unknown_key_is_not_found(api: ApiClient, system: KeySystem, key_id: str) -> None:
    answer = api.call("DELETE", f"/keys/{key_id}")

    assert (answer.status, answer.json["code"]) == (404, "KEY_NOT_FOUND")


def test_a_key_of_the_deployment_is_not_revoked(
    api: ApiClient, system: KeySystem, ledger_conn: LedgerConnection
) -> None:
    known = keys.by_gateway_id(ledger_conn, api.api_key_id)
    assert known is not None

    answer = api.call("DELETE", f"/keys/{known.id}")

    assert (answer.status, answer.json["code"]) == (409, "KEY_NOT_REVOCABLE")
    assert keys.by_gateway_id(ledger_conn, api.api_key_id) == known


def fail_to_create(system: KeySystem) -> None:
    system.gateway.failing.add("create_api_key")


def lose_what_was_created(system: KeySystem) -> None:
    system.gateway.lost.add("create_api_key")


def fail_at_the_plan(system: KeySystem) -> None:
    system.gateway.failing.add("create_usage_plan_key")


def lose_what_was_put_under_the_plan(system: KeySystem) -> None:
    system.gateway.lost.add("create_usage_plan_key")


def lose_the_call(system: KeySystem) -> None:
    system.function.unreachable = True


def lose_the_answer(system: KeySystem) -> None:
    system.function.answer_lost = True


@pytest.mark.parametrize(
    "fault",
    [
        fail_to_create,
        lose_what_was_created,
        fail_at_the_plan,
        lose_what_was_put_under_the_plan,
        lose_the_call,
        lose_the_answer,
    ],
)
def test_a_half_made_key_opens_nothing_and_is_gone_at_both_ends(
    api: ApiClient, system: KeySystem, ledger_conn: LedgerConnection, fault: Callable[[KeySystem], None]
) -> None:
    fault(system)
    answer = api.call("POST", "/keys", BODY)
    assert (answer.status, answer.json["code"]) == (503, "UPSTREAM_UNAVAILABLE")
    left = system.at_gateway()
    assert states(ledger_conn) == ["making"]
    assert [keys.by_gateway_id(ledger_conn, key["id"]) for key in left] == [None] * len(left)

    system.mend()

    assert later(ledger_conn, system) == 1
    assert (system.at_gateway(), states(ledger_conn)) == ([], ["revoked"])
    assert (later(ledger_conn, system), listed(api)) == (0, [])


def test_a_key_whose_making_was_given_up_meanwhile_is_not_shown(
    api: ApiClient, system: KeySystem, ledger_conn: LedgerConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_too_late(maker: KeyMaker, key_id: UUID, description: str) -> Any:
        (key,) = keys.unfinished(ledger_conn, older_than_seconds=-1)
        keys.begin_revoking(ledger_conn, key.id)
        return make(maker, key_id, description)

    make = KeyMaker.make
    monkeypatch.setattr(KeyMaker, "make", make_too_late)

    answer = api.call("POST", "/keys", BODY)

    assert answer.status == 503
    assert system.at_gateway() == []


@pytest.mark.parametrize(
    "fault", [lose_the_call, lose_the_answer, lambda system: system.gateway.failing.add("delete_api_key")]
)
def test_a_half_revoked_key_is_refused_at_once_and_goes_later(
    api: ApiClient, system: KeySystem, ledger_conn: LedgerConnection, fault: Callable[[KeySystem], None]
) -> None:
    key = made(api)
    (at_gateway,) = system.at_gateway()
    fault(system)

    assert api.call("DELETE", f"/keys/{key['key']['key_id']}").status == 204
    assert keys.by_gateway_id(ledger_conn, at_gateway["id"]) is None
    assert states(ledger_conn) == ["revoking"]
    if not system.function.answer_lost:
        with pytest.raises(KeyMakerError):
            later(ledger_conn, system)

    system.mend()

    later(ledger_conn, system)
    assert (system.at_gateway(), states(ledger_conn)) == ([], ["revoked"])


def without_database(*_arguments: object) -> Any:
    raise LedgerUnavailableError


def test_a_key_whose_making_the_ledger_did_not_hear_of_is_gone_at_both_ends(
    api: ApiClient, system: KeySystem, ledger_conn: LedgerConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(keys, "made", without_database)
        answer = api.call("POST", "/keys", BODY)
    assert (answer.status, answer.json["code"]) == (503, "DATABASE_UNAVAILABLE")
    (key_id,) = system.in_plan()
    assert keys.by_gateway_id(ledger_conn, key_id) is None

    assert later(ledger_conn, system) == 1
    assert (system.at_gateway(), states(ledger_conn)) == ([], ["revoked"])


def test_a_key_whose_end_the_ledger_did_not_hear_of_is_revoked_by_the_next_call(
    api: ApiClient, system: KeySystem, ledger_conn: LedgerConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/keys/{made(api)['key']['key_id']}"
    with monkeypatch.context() as patch:
        patch.setattr(keys, "revoked", without_database)
        assert api.call("DELETE", path).status == 503
    assert (system.at_gateway(), states(ledger_conn)) == ([], ["revoking"])

    assert api.call("DELETE", path).status == 204
    assert states(ledger_conn) == ["revoked"]


def test_a_key_in_the_making_that_is_revoked_is_left_to_maintain(
    api: ApiClient, system: KeySystem, ledger_conn: LedgerConnection
) -> None:
    lose_what_was_put_under_the_plan(system)
    api.call("POST", "/keys", BODY)
    system.mend()
    (key,) = listed(api)

    assert api.call("DELETE", f"/keys/{key['key_id']}").status == 204

    assert (len(system.at_gateway()), states(ledger_conn)) == (1, ["revoking"])
    assert later(ledger_conn, system) == 1
    assert (system.at_gateway(), states(ledger_conn)) == ([], ["revoked"])


def test_the_value_stands_in_no_log_and_no_table_whatever_the_level(
    aws: Any,
    api: ApiClient,
    system: KeySystem,
    ledger_conn: LedgerConnection,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    system.gateway.client = clients.apigateway()
    caplog.set_level(logging.DEBUG)

    value = made(api)["value"]

    printed = "".join(capfd.readouterr())
    assert value not in caplog.text + printed
    assert "gateway_key_made" in caplog.text + printed
    row = ledger_conn.execute("SELECT string_agg(k::text, ' ') FROM api_keys k").fetchone()
    assert row is not None
    assert "studio-7" in row[0]
    assert value not in row[0]
