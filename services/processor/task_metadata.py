"""Where this task runs, as told by the ECS task metadata endpoint."""

import http.client
import json
import logging
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

logger = logging.getLogger(__name__)

# Given by ECS itself, not by the task definition, so it is no field of the settings.
METADATA_VARIABLE: Final = "ECS_CONTAINER_METADATA_URI_V4"
_TIMEOUT_SECONDS: Final = 2.0
_MAX_ANSWER_BYTES: Final = 1024 * 1024


def find_task_arn(environ: Mapping[str, str]) -> str | None:
    """Return the ARN of the ECS task, or None when the process does not run in one or the answer fails.

    The ARN lets the platform notice a task that ECS stopped; without it the heartbeat timeout does.
    """
    address = urlsplit(environ.get(METADATA_VARIABLE, ""))
    if address.scheme != "http" or not address.hostname:
        return None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", f"{address.path}/task")
        response = connection.getresponse()
        body = json.loads(response.read(_MAX_ANSWER_BYTES))
        arn = body["TaskARN"] if response.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        logger.warning("task metadata not available", extra={"reason": type(error).__name__})
        return None
    finally:
        connection.close()
    return arn if isinstance(arn, str) else None
