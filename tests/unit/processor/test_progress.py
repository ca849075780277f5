"""Live progress is written now and then, and a dead board never hurts."""

import json
import socket
from typing import Any
from uuid import UUID

import pytest
import redis

from processor.task.progress import ProgressBoard, connect_board

JOB = UUID("7d3f2c56-2a2c-4f4f-9b3b-2f6a3c1d9a10")


class FakeRedis:
    """Keeps what was set; fails while `error` is set."""

    def __init__(self) -> None:
        self.writes: list[tuple[str, dict[str, Any], int]] = []
        self.tries = 0
        self.error: Exception | None = None

    def set(self, key: str, value: str, *, ex: int) -> None:
        self.tries += 1
        if self.error is not None:
            raise self.error
        self.writes.append((key, json.loads(value), ex))

    def close(self) -> None:
        if self.error is not None:
            raise self.error


class Clock:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def client() -> FakeRedis:
    return FakeRedis()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(client: FakeRedis, clock: Clock) -> ProgressBoard:
    return ProgressBoard(client, JOB, clock=clock)  # type: ignore[arg-type]


def test_the_board_shows_fence_stage_percent_speed_and_remaining_time(
    board: ProgressBoard, client: FakeRedis
) -> None:
    board.show(fence=3, stage="encoding", percent=41.27, fps=88.0, eta_seconds=12.5)
    ((key, value, expiry_seconds),) = client.writes
    assert key == f"job:{JOB}:progress"
    assert expiry_seconds == 3600
    assert value.pop("updated_at").endswith("+00:00")
    assert value == {"fence": 3, "stage": "encoding", "percent": 41.3, "fps": 88.0, "eta_seconds": 12.5}


def test_reports_in_quick_succession_are_dropped(
    board: ProgressBoard, client: FakeRedis, clock: Clock
) -> None:
    for percent in range(10):
        board.show(fence=1, stage="encoding", percent=percent)
        clock.seconds += 0.2
    assert [value["percent"] for _, value, _ in client.writes] == [0, 3, 6, 9]


def test_a_new_stage_is_shown_at_once(board: ProgressBoard, client: FakeRedis) -> None:
    board.show(fence=1, stage="encoding", percent=100)
    board.show(fence=1, stage="packaging", percent=0)
    assert [value["stage"] for _, value, _ in client.writes] == ["encoding", "packaging"]


@pytest.mark.parametrize(
    "error",
    [redis.ConnectionError("gone"), redis.TimeoutError("slow"), redis.AuthenticationError("no"), OSError()],
)
def test_a_failing_board_raises_nothing_and_is_left_alone_for_a_while(
    board: ProgressBoard, client: FakeRedis, clock: Clock, error: Exception
) -> None:
    client.error = error
    for percent in range(50):
        board.show(fence=1, stage="encoding", percent=percent)
        clock.seconds += 0.1
    board.close()
    assert client.tries == 1
    client.error = None
    clock.seconds += 10
    board.show(fence=1, stage="encoding", percent=99)
    assert client.writes[-1][1]["percent"] == 99


def test_a_real_client_survives_a_port_where_nobody_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        board = ProgressBoard(connect_board("127.0.0.1", reserved.getsockname()[1], "secret"), JOB)
        board.show(fence=1, stage="encoding", percent=1)
        board.close()


def test_a_real_client_gives_up_on_a_server_that_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        board = ProgressBoard(connect_board("127.0.0.1", silent.getsockname()[1], "secret"), JOB)
        board.show(fence=1, stage="encoding", percent=1)
        board.close()
