"""Tickets decide who may still answer for a waiting state."""

from local.agent.tokens import TokenRegistry


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def register(registry: TokenRegistry, upstream: str = "up", heartbeat_seconds: float | None = 10) -> str:
    return registry.register(upstream, execution_arn=None, heartbeat_seconds=heartbeat_seconds)


def test_every_task_gets_a_token_of_its_own_even_for_the_same_state() -> None:
    registry = TokenRegistry()
    assert register(registry) != register(registry)


def test_a_later_task_of_the_same_state_supersedes_the_earlier_one() -> None:
    registry = TokenRegistry()
    first, second = register(registry), register(registry)
    assert registry.take(first) is None
    assert registry.take(second) is not None


def test_a_ticket_is_good_for_one_answer() -> None:
    registry = TokenRegistry()
    token = register(registry)
    assert registry.take(token) is not None
    assert registry.take(token) is None
    assert not registry.send_heartbeat(token)


def test_an_answer_that_could_not_be_delivered_may_be_given_again() -> None:
    registry = TokenRegistry()
    token = register(registry)
    ticket = registry.take(token)
    assert ticket is not None
    registry.give_back(ticket)
    assert registry.take(token) is not None


def test_silence_is_counted_from_the_last_heartbeat() -> None:
    clock = Clock()
    registry = TokenRegistry(clock)
    token = register(registry, heartbeat_seconds=10)
    clock.now += 9
    assert registry.send_heartbeat(token)
    clock.now += 9
    assert registry.take_silent() == []
    clock.now += 2
    assert [ticket.token for ticket in registry.take_silent()] == [token]
    assert registry.take_silent() == []


def test_a_state_without_heartbeat_may_be_silent_for_ever() -> None:
    clock = Clock()
    registry = TokenRegistry(clock)
    register(registry, heartbeat_seconds=None)
    clock.now += 1e9
    assert registry.take_silent() == []


def test_an_unknown_token_is_nobodys() -> None:
    registry = TokenRegistry()
    assert registry.find("x") is None
    assert registry.take("x") is None
    assert not registry.send_heartbeat("x")
