"""What travels between the dispatcher, which knows the ledger, and the sender, which knows the internet."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self


class InvalidMessageError(ValueError):
    """A queue holds something that is no message of ours; whoever sends to it must be corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    def as_json(self) -> str:
        """The text to send."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads what `as_json` wrote.

        Raises:
            InvalidMessageError: It is something else.
        """
        try:
            data = json.loads(text)
            return cls(**{item.name: data[item.name] for item in fields(cls)})
        except (ValueError, KeyError, TypeError) as error:
            message = f"expected a JSON object with the fields of {cls.__name__}: {error!r}"
            raise InvalidMessageError(message) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(_Message):
    """One call to make, signed already: the sender never sees a secret.

    Attributes:
        delivery_id: UUID of the delivery.
        hand_over: Goes back in the report.
        headers: Signature and all else that the endpoint gets.
        send_before: Unix time; later, the signature is too old, and the ledger has the delivery sent anew.
    """

    delivery_id: str
    hand_over: int
    url: str
    headers: Mapping[str, str]
    body: str
    send_before: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(_Message):
    """What came of one call.

    Attributes:
        sent: False when it was too late.
        status_code: The endpoint's answer; None without one.
        error: Why there is none.
        retry_after_seconds: What the endpoint asked for with a refusal.
    """

    delivery_id: str
    hand_over: int
    sent: bool
    status_code: int | None = None
    error: str | None = None
    retry_after_seconds: int | None = None
