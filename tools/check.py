"""The answer of one check before a deployment."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The result of one check.

    Attributes:
        name: what was looked at.
        found: what was found, good or bad.
        remedy: what to do about it; None when nothing has to be done.
        advice: what would be better, although nothing stops without it.
    """

    name: str
    found: str
    remedy: str | None = None
    advice: str | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing has to be done."""
        return self.remedy is None
