"""High dynamic range, many bits and fields all end as a plain picture that every player shows rightly."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from media.produce.production import Production
from tests import media
from tests.integration.media.conftest import Produce

pytestmark = pytest.mark.integration


def _stream(production: Production, name: str) -> dict[str, Any]:
    argv = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(_path(production, name))]
    document = json.loads(subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout)
    stream: dict[str, Any] = document["streams"][0]
    return stream


def _path(production: Production, name: str) -> Path:
    return next(file.path for file in production.files if file.name == name)


def _luma(path: Path, crop: str) -> int:
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-vf", f"{crop},extractplanes=y"]
    planes = subprocess.run([*argv, "-f", "rawvideo", "-"], check=True, capture_output=True, timeout=60)
    return round(sum(planes.stdout) / len(planes.stdout))


def _combed_frames(path: Path) -> int:
    argv = ["ffmpeg", "-nostdin", "-i", str(path), "-vf", "idet", "-f", "null", "-"]
    log = subprocess.run(argv, check=True, capture_output=True, timeout=60).stderr.decode()
    found = re.findall(r"Multi frame detection: TFF:\s*(\d+) BFF:\s*(\d+)", log)[-1]
    return sum(int(count) for count in found)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_high_dynamic_range_becomes_a_standard_picture_with_its_contrast(
    make: Produce, tmp_path: Path, transfer: str
) -> None:
    production = make(media.make_high_dynamic_range(tmp_path, transfer))

    assert production.technical["video"]["color_transfer"] == transfer
    stream = _stream(production, "360p")
    assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")
    assert {stream.get(key) for key in ("color_transfer", "color_primaries", "color_space")} == {"bt709"}
    bright = _luma(_path(production, "360p"), "crop=iw/4:ih:0:0")
    dark = _luma(_path(production, "360p"), "crop=iw/4:ih:3*iw/4:0")
    assert 130 <= bright <= 240
    assert 16 <= dark <= 100


@pytest.mark.long
def test_ten_bits_in_4_2_2_become_eight_bits_in_4_2_0(make: Produce, tmp_path: Path) -> None:
    production = make(media.make_ten_bit(tmp_path))

    assert production.technical["video"]["pixel_format"] == "yuv422p10le"
    assert _stream(production, "360p")["pix_fmt"] == "yuv420p"
    assert _stream(production, "360p")["profile"] == "High"


def test_fields_are_woven_into_whole_pictures(make: Produce, tmp_path: Path) -> None:
    source = media.make_interlaced(tmp_path)
    production = make(source)

    assert production.technical["video"]["interlaced"]
    assert _combed_frames(source) > 50
    assert _combed_frames(_path(production, "480p")) <= 2
    assert _stream(production, "480p")["field_order"] == "progressive"


@pytest.mark.long
def test_the_full_range_is_brought_to_the_usual_one(make: Produce, tmp_path: Path) -> None:
    production = make(media.make_full_range(tmp_path))

    assert _stream(production, "180p").get("color_range", "tv") == "tv"
    assert _luma(_path(production, "180p"), "crop=iw:ih:0:0") == pytest.approx(235, abs=2)
