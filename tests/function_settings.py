"""Settings of functions whose ledger a test gives them itself: their own address of it leads nowhere."""

from typing import Any, TypeVar

from runtime.settings import FunctionSettings
from tests.ledger_support import STACK

Settings = TypeVar("Settings", bound=FunctionSettings)


def settings_of(kind: type[Settings], role: str, **own: Any) -> Settings:
    """Give a function's settings: what all functions have, and what only this kind has."""
    common: dict[str, Any] = {
        "stack": STACK,
        "powertools_service_name": role,
        "powertools_log_level": "INFO",
        "database_host": "h",
        "database_port": 1,
        "database_name": "n",
        "database_secret_arn": "a",
        "database_proxied": False,
    }
    return kind(**(common | own))
