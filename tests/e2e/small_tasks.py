"""Lets tasks begin too small for any work, so that the agent kills them for their memory."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.platform_client import Platform

TOO_SMALL_MIB = 32
"""A worker that has only imported its packages is larger."""
LARGE_MIB = 2048


def size(first_mib: int, *larger_mib: int) -> dict[str, Any]:
    """A size as the state machine carries it, with those that come next."""
    larger = [{"cpu_units": 1024, "memory_mib": memory_mib} for memory_mib in larger_mib]
    return {"cpu_units": 1024, "memory_mib": first_mib, "larger": larger}


@contextmanager
def tasks_of(
    platform: Platform, *, first: dict[str, Any] | None = None, chunks: dict[str, Any] | None = None
) -> Iterator[None]:
    """Give jobs that start within the block a first task, or chunks, of another size."""
    client, machine = platform.aws("stepfunctions"), platform.exports["state_machine_arn"]
    deployed = client.describe_state_machine(stateMachineArn=machine)["definition"]
    definition = json.loads(deployed)
    if first is not None:
        definition["States"]["ChooseTaskSize"]["Output"]["size"] = first
    if chunks is not None:
        selector = definition["States"]["EncodeChunks"]["ItemSelector"]
        del selector["size.$"]
        selector["size"] = chunks
    client.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))
    try:
        yield
    finally:
        client.update_state_machine(stateMachineArn=machine, definition=deployed)
