"""What the edge of a stack runs, by what the program made."""

from collections.abc import Mapping
from typing import Any

from local.apply import Applied
from local.state import PlatformState

_FUNCTION = "aws:cloudfront/function:Function"
_STORE = "aws:cloudfront/keyValueStore:KeyValueStore"
_HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"


def edge_settings(applied: Applied, state: PlatformState) -> Mapping[str, Any] | None:
    """Give what the edge process must know; None for a stack without an edge.

    Args:
        applied: Resources of the stack.
        state: Where the emulator is.
    """
    functions = applied.by_type(_FUNCTION)
    if not functions:
        return None
    (function,), (store,), (headers,) = functions, applied.by_type(_STORE), applied.by_type(_HEADERS)
    return {
        "emulator_url": state.emulator_url,
        "region": state.region,
        "ca_path": state.ca_path,
        "bucket": str(applied.exports["media_bucket"]),
        "store_arn": store.outputs["arn"],
        "code": function.inputs["code"],
        "headers_policy": headers.inputs,
    }
