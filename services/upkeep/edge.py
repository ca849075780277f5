"""Function `edge`, outside of the network: the one writer of the edge's key value store.

A deployment asks it to make the key that links are signed with, unless there is one, and to tell it to the
edge. The API tells it through a queue which videos may be watched no more, and which may again. It knows no
ledger: each message says all that is to be done, and the later one of a video wins, in whatever order they
come.
"""

import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ledger.errors import SettingsError
from runtime import clients
from runtime.logs import logger
from runtime.partial_batch import take_each
from upkeep.edge_store import Changes, EdgeStore
from upkeep.settings import EdgeSettings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_FIRST_KEY_ID: Final = "1"
_KEY_BYTES: Final = 48
_RULINGS: Final = frozenset({"deny", "allow"})
_ENTRY: Final = re.compile(r"video\.[0-9a-f]{32}")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Lambda entry point: messages of the queue, or a call of the deployment.

    Raises:
        EdgeStoreError: The store could not be changed; the batch is given again.
    """
    settings = EdgeSettings.from_environment()
    store = EdgeStore(settings.edge_store_arn)
    if "Records" in event:
        rulings: list[Ruling] = []
        answer = take_each(
            event["Records"], lambda body: rulings.append(Ruling.from_json(body)), failure="ruling_unknown"
        )
        changed = store.change(lambda found: ruled(found, rulings, time.time()))
    else:
        keys = signing_keys(clients.secretsmanager(), settings.edge_secret_arn)
        changed = store.change(lambda found: told(found, keys))
        answer = {}
    logger().info("edge_store_changed", extra={"entries": changed})
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """Whether a video may be watched.

    Attributes:
        entry: Name of the entry, ``video.`` and the id as 32 hexadecimal digits.
        ruling: ``deny`` or ``allow``.
        since: When that was decided, in seconds since 1970.
        until: When no link of before can still work, in whole seconds since 1970.
    """

    entry: str
    ruling: str
    since: float
    until: int

    @classmethod
    def from_json(cls, text: str) -> "Ruling":
        """Read a message.

        Raises:
            ValueError: It is of another kind.
        """
        try:
            data = json.loads(text)
            made = cls(
                entry=str(data["entry"]),
                ruling=str(data["ruling"]),
                since=float(data["since"]),
                until=int(data["until"]),
            )
        except (KeyError, TypeError) as error:
            message = "a ruling has entry, ruling, since and until"
            raise ValueError(message) from error
        if made.ruling not in _RULINGS or not _ENTRY.fullmatch(made.entry):
            message = f"ruling {made.ruling!r} on {made.entry!r} is unknown; deny or allow a video"
            raise ValueError(message)
        return made

    @property
    def value(self) -> str:
        """As the store holds it."""
        return f"{self.ruling} {self.since:.6f} {self.until}"


def ruled(found: Mapping[str, str], rulings: Sequence[Ruling], now: float) -> Changes:
    """What messages change: an entry is `RULING SINCE UNTIL`, and goes when no link of before can still work.

    Args:
        found: What the store holds.
        rulings: What is to be so.
        now: Seconds since 1970.
    """
    after: dict[str, str] = {}
    for item in rulings:
        before = after.get(item.entry, found.get(item.entry))
        if before is None or _since(before) <= item.since:
            after[item.entry] = item.value
    ended = [
        entry
        for entry, value in found.items()
        if _ENTRY.fullmatch(entry) and entry not in after and _until(value) <= now
    ]
    return Changes(after, ended)


def told(found: Mapping[str, str], keys: Mapping[str, str]) -> Changes:
    """The keys that the edge does not know yet; none is taken from it here."""
    entries = {f"key.{key_id}": key for key_id, key in keys.items()}
    return Changes({name: key for name, key in entries.items() if found.get(name) != key})


def signing_keys(client: "SecretsManagerClient", secret_arn: str) -> dict[str, str]:
    """The keys in the secret by their ids; makes the first one, so that it stands in no other place.

    Raises:
        SettingsError: The secret holds something else.
    """
    text = _kept(client, secret_arn)
    if text is None:
        made = {"current": {"id": _FIRST_KEY_ID, "key": secrets.token_urlsafe(_KEY_BYTES)}, "previous": None}
        text = json.dumps(made)
        client.put_secret_value(SecretId=secret_arn, SecretString=text)
    try:
        data = json.loads(text)
        kept = (data["current"], data.get("previous"))
        return {str(item["id"]): str(item["key"]) for item in kept if item is not None}
    except (ValueError, KeyError, TypeError, AttributeError):
        message = f"secret {secret_arn} must be JSON with current and previous, each with id and key"
        raise SettingsError(message) from None


def _kept(client: "SecretsManagerClient", secret_arn: str) -> str | None:
    try:
        answer = client.get_secret_value(SecretId=secret_arn)
    except client.exceptions.ResourceNotFoundException:
        return None
    # The emulator gives an empty secret instead of none; bytes that somebody put there are not replaced.
    return answer.get("SecretString", "" if "SecretBinary" in answer else None)


def _since(value: str) -> float:
    return float(value.split()[1])


def _until(value: str) -> float:
    return float(value.split()[2])
