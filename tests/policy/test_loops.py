"""Functions that lead back to themselves are let off Lambda's loop detection, and no others are."""

from dataclasses import replace

import pytest

from tests.policy.loops import RECURSION, feeds, functions_on_loops, let_off, loops
from tests.policy.rules_access import ROLE_POLICY
from tests.policy.rules_gateway import EVENT_SOURCE
from tests.policy.stack import Resource, Stack, stack_of
from tests.synthesised import STACKS

DISPATCHER, SENDER = "webhooks-dispatch-function", "webhooks-sender-function"


def test_exactly_the_functions_on_a_loop_are_let_off(stack: Stack) -> None:
    assert functions_on_loops(stack) == let_off(stack)


def test_the_only_loop_is_the_one_of_webhooks(stack: Stack) -> None:
    """A new loop must first have what bounds it; Lambda then no longer ends it."""
    assert loops(feeds(stack)) == [
        frozenset({DISPATCHER, SENDER, "webhooks-calls-queue", "webhooks-reports-queue"})
    ]


def test_a_function_that_is_not_let_off_is_found(stack: Stack) -> None:
    assert let_off(stack.changed(RECURSION, lambda inputs: inputs.update(recursiveLoop="Terminate"))) == set()


def test_without_event_sources_nothing_leads_back(stack: Stack) -> None:
    assert functions_on_loops(stack.changed(EVENT_SOURCE, None)) == set()


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": {"d"}}, []),
        ({"a": {"a"}}, [{"a"}]),
        ({"a": {"q"}, "q": {"b"}, "b": {"r", "t"}, "r": {"a"}}, [{"a", "q", "b", "r"}]),
        ({"a": {"q"}, "q": {"a"}, "b": {"t", "q"}, "t": {"b"}}, [{"a", "q"}, {"b", "t"}]),
    ],
)
def test_loops_are_found_whatever_leads_in_and_out(
    feed: dict[str, set[str]], expected: list[set[str]]
) -> None:
    assert loops(feed) == expected


def test_a_function_that_could_feed_its_own_queue_is_on_a_loop() -> None:
    """A pattern in a policy opens a way as well as a name does."""
    stack = stack_of(STACKS[0])
    assert "ingest-ingest-function" not in functions_on_loops(stack)

    def may_send_anywhere(resource: Resource) -> Resource:
        if resource.type != ROLE_POLICY or resource.name != "ingest-ingest-policy":
            return resource
        policy = resource.inputs["policy"].replace('"sqs:ReceiveMessage"', '"sqs:Send*"')
        return replace(resource, inputs={**resource.inputs, "policy": policy})

    changed = replace(stack, resources=tuple(may_send_anywhere(resource) for resource in stack.resources))
    assert "ingest-ingest-function" in functions_on_loops(changed)
