"""Which web origins may read the API's answers in a browser; the gateway says what they may send."""

from collections.abc import Mapping, Sequence
from typing import Final

_EXPOSED_HEADERS: Final = "ETag,Location,Retry-After,X-Request-Id"


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
        "Access-Control-Expose-Headers": _EXPOSED_HEADERS,
        # The answer differs by origin, so that a cache must not give it to another one.
        "Vary": "Origin",
    }
