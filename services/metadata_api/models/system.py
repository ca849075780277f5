"""Health and profiles, as they are shown."""

from typing import Literal

from pydantic import JsonValue
from typing_extensions import TypedDict


class CheckView(TypedDict):
    """How one dependency is."""

    status: Literal["ok", "unavailable"]
    latency_ms: float | None


class HealthChecks(TypedDict):
    """Every dependency of the API."""

    database: CheckView
    cache: CheckView


class HealthView(TypedDict):
    """Whether the API can serve; degraded means that only live progress is missing."""

    status: Literal["ok", "degraded", "unavailable"]
    degraded: list[str]
    checks: HealthChecks


class ProfileView(TypedDict):
    """A processing profile and what it makes; version is another one whenever its definition is."""

    name: str
    version: str
    title: str
    description: str
    definition: dict[str, JsonValue]


class ProfileList(TypedDict):
    """Every profile of this deployment."""

    items: list[ProfileView]


class DeadLettersView(TypedDict):
    """A queue with about how many of its messages could not be handled."""

    queue: str
    waiting: int


class DeadLettersList(TypedDict):
    """Every queue whose messages can be given back."""

    items: list[DeadLettersView]


class RedriveView(TypedDict):
    """How many messages were given back to a queue, and about how many are left."""

    queue: str
    moved: int
    waiting: int
