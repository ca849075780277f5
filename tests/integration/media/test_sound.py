"""The sound: every language is kept, and all of it becomes equally loud."""

import re
import subprocess
from pathlib import Path
from typing import Any

import m3u8
import pytest

from media.plan.overrides import Overrides
from media.produce.catalogue import ProducedFile
from media.produce.produce import produce
from media.produce.production import Production
from media.tools.limits import Limits
from profiles import get_profile
from tests import media
from tests.integration.media.conftest import Produce
from tests.this_machine import THIS_MACHINE

pytestmark = pytest.mark.integration


def _file(production: Production, name: str) -> ProducedFile:
    return next(file for file in production.files if file.name == name)


def _loudness(path: Path) -> float:
    """Measure an output with a tool run of our own."""
    argv = ["ffmpeg", "-nostdin", "-hide_banner", "-i", str(path), "-af", "ebur128", "-f", "null", "-"]
    log = subprocess.run(argv, check=True, capture_output=True, timeout=60).stderr.decode()
    return float(re.findall(r"I:\s+(\S+) LUFS", log)[-1])


def _details(production: Production, name: str) -> dict[str, Any]:
    loudness: dict[str, Any] = _file(production, name).details["loudness"]
    return loudness


def test_real_sound_is_brought_to_the_broadcast_level_and_both_measurements_are_kept(make: Produce) -> None:
    production = make(media.BUNNY, overrides=Overrides(max_height=360))

    details = _details(production, "audio")
    assert (details["method"], details["target_lufs"]) == ("gain", -23.0)
    assert details["source"]["integrated_lufs"] == pytest.approx(-34.1, abs=0.3)
    assert details["result"]["integrated_lufs"] == pytest.approx(-23.0, abs=0.2)
    assert _loudness(_file(production, "audio").path) == pytest.approx(-23.0, abs=0.5)
    assert details["result"]["true_peak_dbtp"] <= -1.0


@pytest.fixture(scope="module")
def languages(tmp_path_factory: pytest.TempPathFactory) -> Production:
    """A source of three languages, produced once for the tests that only look at it."""
    source, workdir = (tmp_path_factory.mktemp(name) for name in ("source", "work"))
    path = media.make_many_languages(source)
    return produce(
        path,
        profile=get_profile("web"),
        workdir=workdir,
        limits=Limits(),
        size=THIS_MACHINE,
        report=lambda _: None,
    )


def test_every_language_is_a_rendition_of_its_own_in_both_manifests(languages: Production) -> None:
    names = [file.name for file in languages.files if file.kind == "audio"]
    assert names == ["audio", "audio-fre", "audio-3"]
    assert [_file(languages, name).details["language"] for name in names] == ["eng", "fre", "fre"]
    assert [_file(languages, name).details["channels"] for name in names] == [2, 1, 2]
    for name in names:
        assert _loudness(_file(languages, name).path) == pytest.approx(-23.0, abs=0.7)
    master = m3u8.loads(_file(languages, "hls").path.read_text())
    assert [(item.uri, item.language, item.name, item.default) for item in master.media] == [
        ("audio.m3u8", "en", "eng", "YES"),
        ("audio-fre.m3u8", "fr", "fre", "NO"),
        ("audio-3.m3u8", "fr", "fre 3", "NO"),
    ]
    dash = _file(languages, "dash").path.read_text()
    assert re.findall(r'contentType="audio" lang="(..)"', dash) == ["en", "fr", "fr"]
    assert len(languages.technical["audio_tracks"]) == 3
    assert [record.step for record in languages.commands].count("encode-audio") == 1


def test_the_download_holds_every_language(languages: Production) -> None:
    argv = ["ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", "stream_tags=language"]
    argv += ["-of", "csv=p=0", str(_file(languages, "mp4").path)]
    found = subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout.decode().split()
    assert found == ["eng", "fre", "fre"]


@pytest.mark.long
def test_silence_is_left_alone(make: Produce, tmp_path: Path) -> None:
    production = make(media.make_silence(tmp_path))

    details = _details(production, "audio")
    assert (details["method"], details["source"], details["result"]) == ("silence", None, None)


@pytest.mark.long
def test_sound_whose_peaks_forbid_a_gain_is_limited_and_stays_at_48_khz(
    make: Produce, tmp_path: Path
) -> None:
    production = make(media.make_loud_peaks(tmp_path))

    details = _details(production, "audio")
    assert details["method"] == "limited-gain"
    assert details["result"]["integrated_lufs"] > details["source"]["integrated_lufs"] + 1
    assert details["result"]["true_peak_dbtp"] <= -0.5
    assert _file(production, "audio").details["sample_rate_hz"] == 48_000
