"""However many deliveries are due, Lambda's loop detection does not stop them half-way."""

from uuid import UUID, uuid4

import pytest

from ledger.webhooks import webhook_deliveries, webhook_events
from tests.integration.functions.lambda_chains import DISPATCHER, MOST_CALLS, SENDER, ChainedCalls
from tests.integration.functions.webhook_system import WebhookSystem
from tests.policy.loops import let_off
from tests.policy.stack import stack_of
from tests.receiver import Receiver

pytestmark = pytest.mark.integration


def functions_let_off() -> frozenset[str]:
    """The functions that the program lets off, by what they are called without the stack's name."""
    stack = stack_of("dev")
    functions = {item.name: item.inputs["name"] for item in stack.of("aws:lambda/function:Function")}
    return frozenset(functions[name].removesuffix("-dev") for name in let_off(stack))


def make_due(webhooks: WebhookSystem, webhook_id: str, number: int) -> set[str]:
    """Stores this many events for an endpoint, and gives their ids."""
    ids = [uuid4() for _ in range(number)]
    for event_id in ids:
        webhook_events.tell_test(webhooks.conn, UUID(webhook_id), event_id)
    return {str(event_id) for event_id in ids}


def handed_over(webhooks: WebhookSystem) -> dict[tuple[str, int], int]:
    """How many deliveries stand how, after how many hand-overs."""
    query = "SELECT status, hand_over, count(*) FROM webhook_deliveries GROUP BY 1, 2"
    return {(status, times): number for status, times, number in webhooks.conn.execute(query).fetchall()}


@pytest.mark.parametrize(("number", "on_the_way"), [(36, 2), pytest.param(1_000, 20, marks=pytest.mark.long)])
def test_what_is_due_is_handed_over_once_each_in_one_chain(
    webhooks: WebhookSystem,
    endpoint: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    on_the_way: int,
) -> None:
    monkeypatch.setattr(webhook_deliveries, "_MAX_ON_THE_WAY", on_the_way)
    webhook_id, _ = webhooks.endpoint(endpoint.url)
    due = make_due(webhooks, webhook_id, number)
    calls = ChainedCalls(webhooks, functions_let_off())

    calls.run()

    assert calls.dropped == {}
    assert sorted(call.event_id for call in endpoint.calls) == sorted(due)
    assert handed_over(webhooks) == {("DELIVERED", 1): number}
    assert min(calls.longest[DISPATCHER], calls.longest[SENDER]) > MOST_CALLS


def test_with_loop_detection_the_same_stalls(
    webhooks: WebhookSystem, endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_deliveries, "_MAX_ON_THE_WAY", 2)
    webhook_id, _ = webhooks.endpoint(endpoint.url)
    make_due(webhooks, webhook_id, 36)
    calls = ChainedCalls(webhooks, frozenset())

    calls.run()

    assert calls.dropped == {DISPATCHER: 2}
    assert handed_over(webhooks) == {("DELIVERED", 1): 30, ("SENDING", 1): 2, ("PENDING", 0): 4}
    assert calls.longest == {DISPATCHER: MOST_CALLS, SENDER: MOST_CALLS}
