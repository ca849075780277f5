"""Which web origins may call the API from a browser, and what they may send and read."""

from collections.abc import Mapping, Sequence
from typing import Final

_ALLOWED_HEADERS: Final = "Content-Type,Idempotency-Key,If-Match,X-Api-Key,X-Request-Id"
_EXPOSED_HEADERS: Final = "ETag,Location,Retry-After,X-Request-Id"
_PREFLIGHT_SECONDS: Final = "600"


def cors_headers(origins: Sequence[str], origin: str | None) -> Mapping[str, str]:
    """The headers that let a page of this origin read the answer; none for any other origin.

    Args:
        origins: The origins that the configuration allows; `*` allows all.
        origin: What the browser says.
    """
    if not origin or not (origin in origins or "*" in origins):
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
        "Access-Control-Expose-Headers": _EXPOSED_HEADERS,
        "Access-Control-Max-Age": _PREFLIGHT_SECONDS,
        # The answer differs by origin, so that a cache must not give it to another one.
        "Vary": "Origin",
    }
