"""Sound shorter than what loudness is measured in, and shorter than a picture of it has columns."""

import subprocess
from pathlib import Path

import pytest

from media.encode.loudness import CorrectedLoudness, Loudness, choose_correction
from media.produce.production import Production
from media.tools.errors import ProcessingFailedError
from media.verify.audio import check_loudness
from profiles import LoudnessSettings
from tests.integration.media.conftest import Produce
from tests.media import ffmpeg

pytestmark = pytest.mark.integration


def _tone(directory: Path, seconds: float) -> Path:
    path = directory / "short.wav"
    ffmpeg("-f", "lavfi", "-i", f"sine=frequency=1000:sample_rate=48000:duration={seconds}", str(path))
    return path


def _alphas(production: Production) -> bytes:
    wave = next(file.path for file in production.files if file.kind == "waveform")
    argv = ["ffmpeg", "-v", "error", "-i", str(wave), "-vf", "alphaextract", "-f", "rawvideo", "-"]
    return subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout


@pytest.mark.long
@pytest.mark.parametrize("seconds", [0.008, 0.39])
def test_a_short_tone_is_made_with_its_level_and_drawn(make: Produce, tmp_path: Path, seconds: float) -> None:
    production = make(_tone(tmp_path, seconds), profile="audio")

    audio = next(file for file in production.files if file.kind == "audio")
    assert audio.duration_seconds == pytest.approx(seconds, abs=0.05)
    assert audio.details["loudness"]["method"] == "unmeasurable"
    assert any(_alphas(production)), "something is drawn"


def test_a_millisecond_in_ogg_does_not_last_for_days(make: Produce, tmp_path: Path) -> None:
    path = tmp_path / "short.ogg"
    sound = "sine=frequency=1000:sample_rate=22050:duration=0.001"
    ffmpeg("-f", "lavfi", "-i", sound, "-ac", "2", "-c:a", "libvorbis", str(path))

    audio = next(file for file in make(path, profile="audio").files if file.kind == "audio")
    assert audio.duration_seconds == pytest.approx(0.001, abs=0.05)


def test_a_click_whose_peak_is_lost_fails_its_check() -> None:
    click = Loudness(integrated_lufs=-70.0, range_lu=0.0, true_peak_dbtp=-10.0, threshold_lufs=-70.0)
    settings = LoudnessSettings(target_lufs=-23.0, max_true_peak_dbtp=-1.0)
    kept = CorrectedLoudness(correction=choose_correction(click, settings), result=click)
    lost = CorrectedLoudness(
        correction=kept.correction,
        result=Loudness(integrated_lufs=-70.0, range_lu=0.0, true_peak_dbtp=-60.0, threshold_lufs=-70.0),
    )

    check_loudness("audio", kept)
    with pytest.raises(ProcessingFailedError, match="peak at -60"):
        check_loudness("audio", lost)


def _gained(reached_lufs: float, peak_dbtp: float) -> CorrectedLoudness:
    """A track of -43 LUFS with a peak of -34 dBTP after 20 dB of gain."""
    settings = LoudnessSettings(target_lufs=-23.0, max_true_peak_dbtp=-1.0)
    before = Loudness(integrated_lufs=-43.0, range_lu=20.0, true_peak_dbtp=-34.0, threshold_lufs=-53.0)
    after = Loudness(
        integrated_lufs=reached_lufs, range_lu=20.0, true_peak_dbtp=peak_dbtp, threshold_lufs=-33.0
    )
    return CorrectedLoudness(correction=choose_correction(before, settings), result=after)


def test_few_loud_moments_may_come_out_otherwise_if_their_peaks_stay() -> None:
    check_loudness("audio", _gained(-24.3, -12.6))
    for wrong in (_gained(-24.3, -11.0), _gained(-26.3, -14.0)):
        with pytest.raises(ProcessingFailedError, match=r"instead of -23\.0"):
            check_loudness("audio", wrong)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("every_seconds", [0.5, 2])
def test_sound_in_few_moments_is_made(make: Produce, tmp_path: Path, every_seconds: float) -> None:
    wave = f"0.02*sin(6283*t)*lt(mod(t\\,{every_seconds})\\,0.1)"
    path = tmp_path / "moments.wav"
    ffmpeg("-f", "lavfi", "-i", f"aevalsrc={wave}:sample_rate=48000:duration=3", str(path))

    assert any(file.kind == "audio" for file in make(path, profile="audio").files)
