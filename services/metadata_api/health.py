"""The Lambda function that answers `GET /health` and nothing else.

The path needs no key, so whoever likes may call it as often as the gateway lets them. In a function of its
own that takes no run away from the API, and an answer that serves for some seconds takes no connection.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from metadata_api.environment.health import check_health
from metadata_api.environment.stores import Stores
from metadata_api.http.responses import Response
from metadata_api.operations.calls import answer_call, share_the_log
from metadata_api.settings import HealthSettings

KEPT_SECONDS: Final = 5.0


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answers one API Gateway event."""
    return _health().answer(event)


@cache
def _health() -> "Health":
    share_the_log()
    return Health(HealthSettings.from_environment())


class Health:
    """Asks the ledger and the cache, and remembers what they said.

    Args:
        settings: Where both are.
        now: Seconds of a clock that only goes forward.
    """

    def __init__(self, settings: HealthSettings, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._stores = Stores(settings)
        self._now = now
        self._kept: tuple[float, Response] | None = None

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        """Answers one call; bad news are remembered as well as good ones."""
        return answer_call(event, self._settings.cors_origins, lambda _headers, _request_id: self._told())

    def _told(self) -> Response:
        now = self._now()
        if self._kept is None or now - self._kept[0] >= KEPT_SECONDS:
            self._kept = (now, check_health(self._stores))
        return self._kept[1]
