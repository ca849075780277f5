"""Where this task runs, as told by the ECS task metadata endpoint."""

import http.client
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from media.tools.limits import MEBIBYTE

logger = logging.getLogger(__name__)

# Given by ECS itself, not by the task definition, so it is no field of the settings.
METADATA_VARIABLE: Final = "ECS_CONTAINER_METADATA_URI_V4"
_TIMEOUT_SECONDS: Final = 2.0
_MAX_ANSWER_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TaskLimits:
    """What ECS grants to the whole task; None where it does not say."""

    cpus: float | None = None
    memory_bytes: int | None = None


def find_task_arn(environ: Mapping[str, str]) -> str | None:
    """Return the ARN of the ECS task, or None when the process does not run in one or the answer fails.

    The ARN lets the platform notice a task that ECS stopped; without it the heartbeat timeout does.
    """
    arn = _describe_task(environ).get("TaskARN")
    return arn if isinstance(arn, str) else None


def find_task_limits(environ: Mapping[str, str]) -> TaskLimits:
    """Return the task's size; the container itself sees more processors than it may use."""
    limits = _describe_task(environ).get("Limits")
    if not isinstance(limits, dict):
        return TaskLimits()
    cpus, memory_mib = limits.get("CPU"), limits.get("Memory")
    return TaskLimits(
        cpus=float(cpus) if isinstance(cpus, int | float) and cpus > 0 else None,
        memory_bytes=memory_mib * MEBIBYTE if isinstance(memory_mib, int) and memory_mib > 0 else None,
    )


def _describe_task(environ: Mapping[str, str]) -> dict[str, Any]:
    address = urlsplit(environ.get(METADATA_VARIABLE, ""))
    if address.scheme != "http" or not address.hostname:
        return {}
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", f"{address.path}/task")
        response = connection.getresponse()
        body = json.loads(response.read(_MAX_ANSWER_BYTES))
    except (OSError, http.client.HTTPException, ValueError) as error:
        logger.warning("task metadata not available", extra={"reason": type(error).__name__})
        return {}
    finally:
        connection.close()
    return body if response.status == http.HTTPStatus.OK and isinstance(body, dict) else {}
