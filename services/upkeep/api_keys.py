"""API keys whose making or revoking was given up half-way: what `maintain` does about them."""

from typing import Final

from ledger.access import keys
from ledger.access.keys import KeyState
from ledger.database.connection import LedgerConnection
from runtime.key_making import KeyMaker
from runtime.logs import logger

# The API answers within half a minute; whoever made or revoked a key longer ago is not at it any more. Also
# the time after which a new tag can be found.
_GIVEN_UP_SECONDS: Final = 300


def finish_keys(conn: LedgerConnection, key_maker: KeyMaker) -> int:
    """Takes half-made and half-revoked keys away.

    Nobody was shown the value of a half-made one, so it is of no use to anybody.

    Returns:
        How many are gone now.

    Raises:
        KeyMakerError: One could not be taken away; it opens nothing, and the next run goes on.
    """
    removed = 0
    for key in keys.unfinished(conn, older_than_seconds=_GIVEN_UP_SECONDS):
        # From here on a maker that is still at work is told that it is too late.
        keys.begin_revoking(conn, key.id)
        key_maker.remove(key.id, key.gateway_id)
        keys.revoked(conn, key.id)
        removed += 1
        logger().info(
            "api_key_finished",
            extra={"key_id": str(key.id), "client": key.client, "half_made": key.state is KeyState.MAKING},
        )
    return removed
