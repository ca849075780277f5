"""Where each package stands on its page: columns by hand, rows by the contracts and the imports."""

from typing import Final

from tools.architecture.drawing import Kind

Span = tuple[int, int]
# Left and right border, and kind.
COLUMNS: Final[dict[str, tuple[Span, Kind]]] = {
    "metadata_api": ((16, 216), Kind.FUNCTION),
    "orchestration": ((224, 344), Kind.FUNCTION),
    "upkeep": ((352, 444), Kind.FUNCTION),
    "webhooks": ((452, 556), Kind.FUNCTION),
    "keymaker": ((564, 664), Kind.FUNCTION),
    "processor": ((674, 884), Kind.WORK),
    "runtime": ((160, 664), Kind.FUNCTION),
    "media": ((700, 884), Kind.WORK),
    "ledger": ((160, 684), Kind.STORE),
    "profiles": ((16, 130), Kind.STORE),
    "tools": ((300, 600), Kind.EDGE),
    "components": ((16, 600), Kind.EDGE),
    "local": ((300, 884), Kind.EDGE),
    "workflow": ((16, 216), Kind.EDGE),
    "artifacts": ((300, 600), Kind.EDGE),
}
# What stands a little lower than the package beside it.
HANGS_BELOW: Final = {"profiles": "ledger"}
# Where the arrow of one package to another runs down. It then turns to the side of what it does not meet.
DOWN_AT: Final[dict[tuple[str, str], int]] = {
    ("metadata_api", "runtime"): 188,
    ("metadata_api", "profiles"): 73,
    ("orchestration", "runtime"): 284,
    ("upkeep", "runtime"): 398,
    ("webhooks", "runtime"): 504,
    ("keymaker", "runtime"): 614,
    ("processor", "media"): 792,
    ("processor", "ledger"): 679,
    ("runtime", "ledger"): 386,
    ("media", "profiles"): 792,
    ("tools", "local"): 535,
    ("components", "workflow"): 116,
    ("components", "artifacts"): 365,
    ("local", "components"): 450,
}
