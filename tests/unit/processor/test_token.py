"""The task token is answered once and whole; a token that is gone is told apart from a network failure."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from processor.task.token import MAX_CAUSE_BYTES, TaskToken, TokenGoneError, TokenUnreachableError


class FakeStepFunctions:
    """Answers calls with the queued errors first, then with success; records what arrived."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def _receive(self, name: str, arguments: dict[str, Any]) -> None:
        self.calls.append((name, arguments))
        if self.errors:
            raise self.errors.pop(0)

    def send_task_success(self, **arguments: Any) -> None:
        self._receive("success", arguments)

    def send_task_failure(self, **arguments: Any) -> None:
        self._receive("failure", arguments)

    def send_task_heartbeat(self, **arguments: Any) -> None:
        self._receive("heartbeat", arguments)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "SendTask")


def unreachable() -> EndpointConnectionError:
    return EndpointConnectionError(endpoint_url="http://localhost")


def token(client: FakeStepFunctions, naps: list[float] | None = None) -> TaskToken:
    return TaskToken(client, "T", sleep=(naps if naps is not None else []).append)  # type: ignore[arg-type]


CALLS: dict[str, Callable[[TaskToken], None]] = {
    "beat": lambda held: held.send_heartbeat(),
    "succeed": lambda held: held.succeed({}),
    "fail": lambda held: held.fail("Transient", code="INTERNAL", message="m", remedy="r"),
}


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
@pytest.mark.parametrize("call", CALLS)
def test_all_three_refusals_mean_that_the_token_is_gone(code: str, call: str) -> None:
    client = FakeStepFunctions(refusal(code))
    with pytest.raises(TokenGoneError):
        CALLS[call](token(client))
    assert len(client.calls) == 1


def test_an_answer_is_repeated_until_it_is_delivered() -> None:
    client, naps = FakeStepFunctions(unreachable(), refusal("ServiceUnavailable")), list[float]()
    token(client, naps).succeed({"status": "COMPLETED"})
    assert [name for name, _ in client.calls] == ["success"] * 3
    assert client.calls[-1][1] == {"taskToken": "T", "output": '{"status":"COMPLETED"}'}
    assert naps == sorted(naps)
    assert len(naps) == 2


def test_an_answer_that_is_never_delivered_is_an_error() -> None:
    client = FakeStepFunctions(*(unreachable() for _ in range(20)))
    with pytest.raises(TokenUnreachableError):
        token(client).succeed({})


def test_a_beat_is_not_repeated() -> None:
    client = FakeStepFunctions(unreachable())
    with pytest.raises(TokenUnreachableError):
        token(client).send_heartbeat()
    assert len(client.calls) == 1


@pytest.mark.parametrize(
    "message", ["short", "long " * 10_000, "\N{CLAPPER BOARD}" * 20_000, '"\\\n' * 9_000]
)
def test_the_cause_is_valid_json_within_its_limit(message: str) -> None:
    client = FakeStepFunctions()
    token(client).fail("InvalidInput", code="INPUT_EMPTY", message=message, remedy="upload again " * 300)
    arguments = client.calls[0][1]
    cause = json.loads(arguments["cause"])
    assert len(arguments["cause"].encode()) <= MAX_CAUSE_BYTES
    assert arguments["error"] == "InvalidInput"
    assert cause["code"] == "INPUT_EMPTY"
    assert cause["message"].startswith(message[:100])
    assert cause["remedy"].startswith("upload again")


@pytest.mark.parametrize("message", ["short", "long " * 10_000])
def test_the_cause_says_how_much_memory_is_needed_where_that_is_known(message: str) -> None:
    client = FakeStepFunctions()
    held = token(client)
    held.fail("OutOfMemory", code="OUT_OF_MEMORY", message=message, remedy="r", needed_memory_mib=5000)
    held.fail("OutOfMemory", code="OUT_OF_MEMORY", message=message, remedy="r")
    planned, killed = (json.loads(arguments["cause"]) for _, arguments in client.calls)
    assert planned["needed_memory_mib"] == 5000
    assert "needed_memory_mib" not in killed


def test_an_output_beyond_the_limit_of_a_state_is_refused_before_it_is_sent() -> None:
    client = FakeStepFunctions()
    with pytest.raises(ValueError, match="262144"):
        token(client).succeed({"message": "x" * 300_000})
    assert client.calls == []
