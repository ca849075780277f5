"""The 95 % interval of a ratio that was measured in pairs."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_STUDENT: Final = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
                   2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
                   2.052, 2.048, 2.045)  # fmt: skip
"""Student's t for 97.5 %, by degrees of freedom from 1; beyond the table, that of 29."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio with its 95 % interval.

    Attributes:
        low: Its lower end.
        high: Its upper end.
    """

    middle: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of the interval, as a share of the ratio."""
        return (self.high - self.low) / 2 / self.middle

    def __str__(self) -> str:
        return f"{self.middle:.4f} ({self.low:.4f} to {self.high:.4f})"


def paired_ratio(over: Sequence[float], under: Sequence[float]) -> Ratio | None:
    """The geometric mean of the pairs' ratios; None for fewer than two pairs.

    Args:
        over: The numerators.
        under: The denominators, measured beside them.
    """
    logs = [math.log(one / other) for one, other in zip(over, under, strict=True)]
    if len(logs) < 2:
        return None
    mean, error = statistics.fmean(logs), statistics.stdev(logs) / math.sqrt(len(logs))
    reach = _STUDENT[min(len(logs) - 1, len(_STUDENT)) - 1] * error
    return Ratio(math.exp(mean), math.exp(mean - reach), math.exp(mean + reach))
