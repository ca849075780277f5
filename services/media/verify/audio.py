"""Checks of the sound as people will hear it: every packaged track is decoded whole and measured."""

from collections.abc import Callable, Mapping
from typing import Final

from media.encode import audio_commands
from media.encode.loudness import SILENCE_LUFS, CorrectedLoudness, Correction, Method, parse_loudness
from media.tools.command import MediaInput
from media.tools.errors import ToolFailedError, noted
from media.tools.session import Session
from media.verify.error import fail, failure

_LOUDNESS_TOLERANCE_LU: Final = 1.0
_GATED_TOLERANCE_LU: Final = 3.0
_GATED_PEAK_TOLERANCE_DB: Final = 2.0
"""Where loud moments are few, a codec moves parts across the measurement's gates; their peaks stay."""
_PEAK_TOLERANCE_DB: Final = 6.0
"""What a lossy codec may do to the peak of a click."""
_BASE_SECONDS: Final = 120.0


def loudness_check(
    session: Session, files: Mapping[str, MediaInput], corrections: Mapping[str, Correction], seconds: float
) -> Callable[[], Mapping[str, CorrectedLoudness]]:
    """Give the check that measures finished sound; it finds nothing where the profile leaves the level alone.

    Args:
        session: The job's shared state.
        files: By output name.
        corrections: What brought each of them to its level.
        seconds: Length of the longest.
    """

    def check() -> Mapping[str, CorrectedLoudness]:
        if not files:
            return {}
        measuring = audio_commands.measure_outputs(list(files.values()), session.limits)
        try:
            completed = session.inspect(measuring, seconds=_BASE_SECONDS + seconds)
        except ToolFailedError as error:
            raise failure(f"The sound cannot be read back: {error.message}") from error
        if completed.log.strip():
            raise noted(failure("Reading the sound back gave errors."), completed.log)
        results = parse_loudness(completed.notes, list(files))
        corrected = {
            name: CorrectedLoudness(correction=correction, result=results[name])
            for name, correction in corrections.items()
        }
        for name, track in corrected.items():
            check_loudness(name, track)
        return corrected

    return check


def check_loudness(name: str, track: CorrectedLoudness) -> None:
    """A plain gain reaches its target; a limiter takes away some of it, but never more than it was given."""
    correction, reached = track.correction, track.result.integrated_lufs
    if correction.method is Method.UNMEASURABLE:
        _check_peak(name, track)
        return
    highest = correction.settings.target_lufs
    lowest = highest
    if correction.method is Method.SILENCE:
        lowest, highest = float("-inf"), SILENCE_LUFS
    elif correction.method is Method.LIMITED_GAIN:
        lowest = min(highest, correction.measured.integrated_lufs)
    lenient = _GATED_TOLERANCE_LU if _peak_is_as_planned(track) else _LOUDNESS_TOLERANCE_LU
    if not lowest - lenient <= reached <= highest + lenient:
        wanted = f"{highest:.1f}" if lowest == highest else f"{lowest:.1f} to {highest:.1f}"
        fail(f"{name} has a loudness of {reached:.1f} LUFS instead of {wanted}.")


def _peak_is_as_planned(track: CorrectedLoudness) -> bool:
    """Whether a plain gain has changed the peak as much as it should."""
    correction = track.correction
    planned = correction.measured.true_peak_dbtp + correction.gain_db
    is_near = abs(track.result.true_peak_dbtp - planned) <= _GATED_PEAK_TOLERANCE_DB
    return correction.method is Method.GAIN and is_near


def _check_peak(name: str, track: CorrectedLoudness) -> None:
    """Sound that is too short for a loudness, or silent but for a click, is as high as it was."""
    before, after = track.correction.measured.true_peak_dbtp, track.result.true_peak_dbtp
    if not before - _PEAK_TOLERANCE_DB <= after <= before + _PEAK_TOLERANCE_DB:
        fail(f"{name} has its peak at {after:.1f} dBTP instead of {before:.1f}.")
