"""JSON log lines on standard output, with secrets removed by a filter on the handler itself."""

import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

REDACTED: Final = "[redacted]"

_PLAIN_ATTRIBUTES: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_MIN_SECRET_CHARACTERS: Final = 4
_URL_QUERY: Final = re.compile(r"(?P<address>\b[a-z][a-z0-9+.-]*://[^\s\"'?<>]+)\?[^\s\"'<>]+", re.IGNORECASE)
_URL_LOGIN: Final = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/@\"']+@", re.IGNORECASE)
_NAMED_SECRET: Final = re.compile(
    r"(?P<name>x-amz-(?:signature|credential|security-token)|authorization|password|passwd|secret(?:_?access_?key)?"
    r"|(?:auth|task|session|security)_?token)(?P<joint>\\?[\"']?\s*[=:]\s*\\?[\"']?)(?P<value>[^\s\"'&,;}\\]+)",
    re.IGNORECASE,
)


class RedactionFilter(logging.Filter):
    """Removes known secrets, signed URL queries and named secrets from everything a record carries.

    Args:
        secrets: Values that must never be written, such as the task token and passwords.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        long_enough = {secret for secret in secrets if len(secret) >= _MIN_SECRET_CHARACTERS}
        self._secrets = sorted(long_enough, key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record in place and let it pass."""
        record.msg = self.clean_text(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.clean_text(record.exc_text)
        if record.stack_info:
            record.stack_info = self.clean_text(record.stack_info)
        for name in set(vars(record)) - _PLAIN_ATTRIBUTES:
            setattr(record, name, self._clean(getattr(record, name)))
        return True

    def clean_text(self, text: str) -> str:
        """Return `text` without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        text = _URL_QUERY.sub(rf"\g<address>?{REDACTED}", text)
        text = _URL_LOGIN.sub(rf"\g<scheme>{REDACTED}@", text)
        return _NAMED_SECRET.sub(rf"\g<name>\g<joint>{REDACTED}", text)

    def _clean(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {str(key): self._clean_entry(str(key), entry) for key, entry in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean(entry) for entry in value]
        return self.clean_text(str(value))

    def _clean_entry(self, name: str, entry: Any) -> Any:
        named = isinstance(entry, str) and _NAMED_SECRET.fullmatch(f"{name}=x")
        return REDACTED if named else self._clean(entry)


class JsonFormatter(logging.Formatter):
    """Writes one JSON object per record: time, level, logger, event, the bound fields and the record's own.

    Args:
        bound: Fields that every line carries, such as the job and the execution.
    """

    def __init__(self, bound: Mapping[str, Any]) -> None:
        super().__init__()
        self._bound = dict(bound)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **self._bound,
        }
        extras = {name: value for name, value in vars(record).items() if name not in _PLAIN_ATTRIBUTES}
        line.update(extras)
        if record.exc_text:
            line["exception"] = record.exc_text
        return json.dumps(line, default=str)


def configure(
    level: str, *, secrets: Iterable[str], bound: Mapping[str, Any], stream: TextIO | None = None
) -> logging.Handler:
    """Send every logger's lines to one redacting JSON handler.

    Args:
        level: The lowest level to write.
        secrets: Values that must never be written.
        bound: Fields that every line carries.
        stream: Where lines go; standard output by default.

    Returns:
        The installed handler.
    """
    handler = logging.StreamHandler(stream if stream is not None else sys.stdout)
    handler.addFilter(RedactionFilter(secrets))
    handler.setFormatter(JsonFormatter(bound))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These libraries log requests with their headers at DEBUG.
    for name in ("boto3", "botocore", "s3transfer", "urllib3", "psycopg"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    return handler
