"""How loud the sound is, and what brings it to the wanted level. Pure: measuring is ffmpeg's work."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from media.tools.errors import ErrorCode, ProcessingFailedError
from profiles import LoudnessSettings

SILENCE_LUFS: Final = -70.0
"""EBU R128's absolute gate: quieter sound counts as silence and has no loudness."""

_USUAL_SUMMARIES: Final = 2
"""ffmpeg builds each graph once to look at it, and once to use it; the filter speaks at the end of both."""
_SUMMARY: Final = re.compile(
    r"^\[ebur128@track(?P<track>\d+) @ [^\]]*\] \[info\] Summary:\s+Integrated loudness:\s+"
    r"I:\s+(?P<integrated>\S+) LUFS\s+Threshold:\s+(?P<threshold>\S+) LUFS\s+Loudness range:\s+"
    r"LRA:\s+(?P<range>\S+) LU\s.*?Peak:\s+(?P<peak>\S+) dBFS",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loudness:
    """What EBU R128 measures.

    Attributes:
        integrated_lufs: Loudness of the whole; at most `SILENCE_LUFS` for silence.
        range_lu: Distance of the quiet and the loud parts.
        true_peak_dbtp: Highest peak between the samples; minus infinity for digital silence.
        threshold_lufs: Level below which parts were left out.
    """

    integrated_lufs: float
    range_lu: float
    true_peak_dbtp: float
    threshold_lufs: float

    @property
    def is_silence(self) -> bool:
        """Whether there is nothing to be made louder."""
        return self.integrated_lufs <= SILENCE_LUFS

    def facts(self) -> dict[str, float] | None:
        """The values for people, None for silence."""
        if self.is_silence:
            return None
        return {
            "integrated_lufs": self.integrated_lufs,
            "range_lu": self.range_lu,
            "true_peak_dbtp": self.true_peak_dbtp,
        }


class Method(StrEnum):
    """How a track is brought to the wanted level; one that cannot be measured is left alone."""

    SILENCE = "silence"
    UNMEASURABLE = "unmeasurable"
    GAIN = "gain"
    LIMITED_GAIN = "limited-gain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What is done to one track.

    Attributes:
        gain_db: Change of level.
    """

    measured: Loudness
    settings: LoudnessSettings
    method: Method
    gain_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedLoudness:
    """One track before and after its correction."""

    correction: Correction
    result: Loudness

    def details(self) -> dict[str, Any]:
        """The facts for the output's record."""
        return {
            "target_lufs": self.correction.settings.target_lufs,
            "method": self.correction.method.value,
            "gain_db": round(self.correction.gain_db, 2),
            "source": self.correction.measured.facts(),
            "result": self.result.facts(),
        }


def choose_correction(measured: Loudness, settings: LoudnessSettings) -> Correction:
    """Change the level alone; only peaks that a gain would drive over the limit are held down."""
    gain = settings.target_lufs - measured.integrated_lufs
    if measured.is_silence:
        # Sound shorter than the measurement's block of 0.4 s has no loudness either, but it has peaks.
        heard = measured.true_peak_dbtp > SILENCE_LUFS
        method, gain = Method.UNMEASURABLE if heard else Method.SILENCE, 0.0
    elif measured.true_peak_dbtp + gain <= settings.max_true_peak_dbtp:
        method = Method.GAIN
    else:
        method = Method.LIMITED_GAIN
    return Correction(measured=measured, settings=settings, method=method, gain_db=gain)


def count_restarts(notes: str) -> Counter[int]:
    """How often the filters of each track had to begin anew, by its position: usually never."""
    summaries = Counter(int(summary["track"]) for summary in _SUMMARY.finditer(notes))
    return Counter({track: max(0, count - _USUAL_SUMMARIES) for track, count in summaries.items()})


def parse_loudness(notes: str, names: Sequence[str]) -> Mapping[str, Loudness]:
    """Read the measurements of all tracks from ffmpeg's log.

    Args:
        notes: The log of a command whose filters are called `ebur128@track0`, `ebur128@track1` and so on.
        names: Output names of the tracks in that order.

    Raises:
        ProcessingFailedError: A track was not measured.
    """
    found = {
        int(summary["track"]): Loudness(
            integrated_lufs=float(summary["integrated"]),
            range_lu=float(summary["range"]),
            true_peak_dbtp=float(summary["peak"]),
            threshold_lufs=float(summary["threshold"]),
        )
        for summary in _SUMMARY.finditer(notes)
    }
    if found.keys() != set(range(len(names))):
        raise ProcessingFailedError(
            ErrorCode.ENCODE_FAILED,
            f"The loudness of {len(names)} audio tracks was to be measured; {len(found)} were.",
            "Report this job to the operator; the same source would fail again.",
        )
    return {name: found[position] for position, name in enumerate(names)}
