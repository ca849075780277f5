"""JSON log lines for every function, without secrets."""

import logging
import os
from functools import cache, lru_cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

_SECRET_WORDS = (
    "password",
    "secret_string",
    "token",
    "authorization",
    "x-api-key",
    "signature",
    "credential",
)
_REDACTED = "[redacted]"


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Blanks values whose names say that they are secret, at any depth.

    It sits in the formatter because a filter on a parent logger does not see its children's records.
    """

    def serialize(self, log: Any) -> str:
        """The record as one JSON line."""
        return super().serialize(redact(log))


def redact(value: Any) -> Any:
    """A copy of the value with secret entries blanked."""
    if isinstance(value, dict):
        return {key: _REDACTED if _is_secret(key) else redact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    return value


@cache
def logger() -> Logger:
    """The function's logger; name and level come from the POWERTOOLS_* variables.

    Lambda counts a line whose timestamp is not in RFC 3339 as INFO, whatever its level (Lambda Developer
    Guide, "Log-level filtering").
    """
    made = Logger(logger_formatter=RedactingFormatter(utc=True, use_rfc3339=True))
    level = os.environ.get("POWERTOOLS_LOG_LEVEL")
    if level:
        # Powertools would rather take the level of Lambda's own filter, which lets INFO pass for the metrics.
        logging.getLogger(made.name).setLevel(level)
    return made


@lru_cache(maxsize=1_024)
def _is_secret(name: Any) -> bool:
    lowered = str(name).lower()
    return any(word in lowered for word in _SECRET_WORDS)
