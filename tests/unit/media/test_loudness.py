"""Loudness is read from ffmpeg's own measurement, and corrected without harm where that is possible."""

from dataclasses import replace

import pytest

from media.encode.loudness import Loudness, Method, choose_correction, parse_loudness
from media.tools.errors import ProcessingFailedError
from profiles import LoudnessSettings

SETTINGS = LoudnessSettings(target_lufs=-23.0, max_true_peak_dbtp=-1.0)
QUIET = Loudness(integrated_lufs=-34.1, range_lu=3.0, true_peak_dbtp=-13.5, threshold_lufs=-44.5)
SUMMARY = """[ebur128@track{track} @ 0x559c42259240] [info] Summary:

  Integrated loudness:
    I:         {loudness} LUFS
    Threshold: -44.5 LUFS

  Loudness range:
    LRA:         3.0 LU
    Threshold: -53.8 LUFS
    LRA low:   -35.9 LUFS
    LRA high:  -32.9 LUFS

  True peak:
    Peak:      {peak} dBFS
"""


def test_the_measurement_of_each_track_is_found_whatever_order_they_end_in() -> None:
    notes = SUMMARY.format(track=1, loudness=-70.0, peak="-inf") + "[info] size=N/A\n"
    notes += SUMMARY.format(track=0, loudness=-34.1, peak=-13.5)

    found = parse_loudness(notes, ["audio", "audio-fre"])
    assert found["audio"] == QUIET
    assert found["audio-fre"].is_silence
    assert found["audio-fre"].facts() is None


def test_a_track_that_was_not_measured_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(ProcessingFailedError, match="2 audio tracks was to be measured; 1 were"):
        parse_loudness(SUMMARY.format(track=0, loudness=-20, peak=-1), ["audio", "audio-fre"])


@pytest.mark.parametrize(
    ("change", "method", "gain"),
    [
        ({}, Method.GAIN, 11.1),
        ({"true_peak_dbtp": -12.2}, Method.GAIN, 11.1),
        ({"true_peak_dbtp": -12.0}, Method.LIMITED_GAIN, 11.1),
        ({"integrated_lufs": -9.0, "true_peak_dbtp": 1.0}, Method.GAIN, -14.0),
        ({"integrated_lufs": -70.0}, Method.UNMEASURABLE, 0.0),
        ({"integrated_lufs": -70.0, "true_peak_dbtp": -70.0}, Method.SILENCE, 0.0),
        ({"integrated_lufs": float("-inf"), "true_peak_dbtp": float("-inf")}, Method.SILENCE, 0.0),
    ],
)
def test_the_level_is_changed_by_a_plain_gain_unless_peaks_would_pass_the_limit(
    change: dict[str, float], method: Method, gain: float
) -> None:
    correction = choose_correction(replace(QUIET, **change), SETTINGS)

    assert correction.method is method
    assert correction.gain_db == pytest.approx(gain)
