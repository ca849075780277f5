"""What rides along with the only decode: small pictures for seeking, quality, black and frozen parts."""

import re
import subprocess
from pathlib import Path

import pytest

from media.plan.sprite import read_track
from media.produce.catalogue import ProducedFile
from media.produce.production import Production
from tests import media
from tests.integration.media.conftest import Produce

pytestmark = pytest.mark.integration


def _file(production: Production, name: str) -> ProducedFile:
    return next(file for file in production.files if file.name == name)


def _mean_colour(picture: Path, crop: str) -> list[int]:
    argv = ["ffmpeg", "-v", "error", "-i", str(picture), "-vf", f"{crop},scale=1:1:flags=area,format=rgb24"]
    done = subprocess.run([*argv, "-f", "rawvideo", "-"], check=True, capture_output=True, timeout=60)
    return list(done.stdout)


@pytest.mark.long
def test_each_small_picture_is_the_one_at_the_start_of_its_time(make: Produce, tmp_path: Path) -> None:
    production = make(media.make_colour_steps(tmp_path))

    cues = read_track(_file(production, "scrub").path.read_text())
    assert [(cue.start_seconds, cue.end_seconds) for cue in cues] == [(0, 2), (2, 4), (4, 5)]
    sheet = _file(production, "sprite")
    assert (sheet.width, sheet.height) == (480, 90)
    colours = [_mean_colour(sheet.path, f"crop={cue.width}:{cue.height}:{cue.x}:{cue.y}") for cue in cues]
    strongest = [colour.index(max(colour)) for colour in colours]
    assert strongest == [0, 1, 2]


def test_black_and_frozen_parts_are_on_the_record(make: Produce, tmp_path: Path) -> None:
    production = make(media.make_black_opening(tmp_path))

    picture = production.technical["picture"]
    assert picture["black"] == [[0.0, pytest.approx(3.0, abs=0.1)]]
    assert picture["frozen"][0] == [pytest.approx(0.0, abs=0.1), pytest.approx(3.0, abs=0.1)]


@pytest.mark.long
def test_the_recorded_quality_is_what_an_independent_measurement_gives(make: Produce, tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    media.ffmpeg("-t", "2", "-i", str(media.BUNNY), "-c", "copy", str(source))

    production = make(source)

    for name in ("720p", "360p"):
        rendition = _file(production, name)
        graph = f"[1:v]scale={rendition.width}:{rendition.height}:flags=bicubic[s];[0:v][s]ssim"
        argv = ["ffmpeg", "-nostdin", "-i", str(rendition.path), "-i", str(source), "-lavfi", graph]
        done = subprocess.run([*argv, "-f", "null", "-"], check=True, capture_output=True, timeout=60)
        measured = float(re.findall(r"SSIM Y:([\d.]+)", done.stderr.decode())[-1])
        assert rendition.details["ssim"] == pytest.approx(measured, abs=0.002)
