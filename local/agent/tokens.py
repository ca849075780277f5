"""One token per task: who may still answer for a waiting state, and who is too late."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class TaskTicket:
    """The right of one task to answer for one waiting state.

    Attributes:
        token: What the task holds; unlike the emulator's token it is never used twice.
        upstream_token: What the emulator waits for.
        execution_arn: The execution, or None when its definition does not tell the task.
        heartbeat_seconds: Longest silence allowed, or None.
        last_heartbeat: Monotonic time of the last sign of life.
        heartbeats: How many heartbeats arrived.
        is_open: False once answered, timed out or superseded.
    """

    token: str
    upstream_token: str
    execution_arn: str | None
    heartbeat_seconds: float | None
    last_heartbeat: float
    heartbeats: int = 0
    is_open: bool = True


class TokenRegistry:
    """All tickets of this run; safe to use from several threads.

    Args:
        clock: Monotonic seconds; replaced in tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tickets: dict[str, TaskTicket] = {}
        self._lock = threading.Lock()

    def register(
        self, upstream_token: str, *, execution_arn: str | None, heartbeat_seconds: float | None
    ) -> str:
        """Give a fresh token for a task; an earlier task of the same state is superseded."""
        ticket = TaskTicket(
            token=f"local-{secrets.token_urlsafe(48)}",
            upstream_token=upstream_token,
            execution_arn=execution_arn,
            heartbeat_seconds=heartbeat_seconds,
            last_heartbeat=self._clock(),
        )
        with self._lock:
            for earlier in self._tickets.values():
                if earlier.upstream_token == upstream_token:
                    earlier.is_open = False
            self._tickets[ticket.token] = ticket
        return ticket.token

    def find(self, token: str) -> TaskTicket | None:
        """Give the ticket of ``token``; None when this registry never made it."""
        with self._lock:
            return self._tickets.get(token)

    def take(self, token: str) -> TaskTicket | None:
        """Close an open ticket for its one final answer; None when it is too late."""
        with self._lock:
            ticket = self._tickets.get(token)
            if ticket is None or not ticket.is_open:
                return None
            ticket.is_open = False
            return ticket

    def give_back(self, ticket: TaskTicket) -> None:
        """Reopen a taken ticket whose answer could not be delivered, so that its task may try again."""
        with self._lock:
            ticket.is_open = True

    def send_heartbeat(self, token: str) -> bool:
        """Note a sign of life; False when the ticket is closed."""
        with self._lock:
            ticket = self._tickets.get(token)
            if ticket is None or not ticket.is_open:
                return False
            ticket.last_heartbeat = self._clock()
            ticket.heartbeats += 1
            return True

    def take_silent(self) -> list[TaskTicket]:
        """Close and give every open ticket that was silent for longer than its state allows."""
        now = self._clock()
        with self._lock:
            silent = [
                ticket
                for ticket in self._tickets.values()
                if ticket.is_open
                and ticket.heartbeat_seconds is not None
                and now - ticket.last_heartbeat > ticket.heartbeat_seconds
            ]
            for ticket in silent:
                ticket.is_open = False
        return silent
