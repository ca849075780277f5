"""How a scheduled function works: step by step, and one that fails keeps no other from being done."""

from collections.abc import Callable, Mapping

from ledger.database.connection import ConnectionKeeper, LedgerConnection
from ledger.errors import LedgerUnavailableError
from runtime.logs import logger

Step = Callable[[LedgerConnection], int]


class MaintenanceError(Exception):
    """Some steps failed; the others were done. The next run tries again, the alarm tells the operator."""


def run_steps(keeper: ConnectionKeeper, steps: Mapping[str, Step]) -> tuple[dict[str, int], list[str]]:
    """Does every step.

    Returns:
        How many things each step changed, and the names of the steps that failed.

    Raises:
        LedgerUnavailableError: No step could be done.
    """
    counts: dict[str, int] = {}
    failed: list[str] = []
    for name, step in steps.items():
        try:
            with keeper.connection() as conn:
                counts[name] = step(conn)
        except LedgerUnavailableError:
            raise
        except Exception:  # noqa: BLE001 - the other steps must be done all the same
            logger().exception("step_failed", extra={"step": name})
            failed.append(name)
    return counts, failed


def refuse_failures(failed: list[str]) -> None:
    """Lets the run fail when a step has.

    Raises:
        MaintenanceError: Names the steps that failed.
    """
    if failed:
        message = f"steps failed: {', '.join(failed)}; the log tells why"
        raise MaintenanceError(message)
