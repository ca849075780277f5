"""The picture that comes out is the one that a good player shows: whole, upright, and in its shape."""

import re
import subprocess
from pathlib import Path

import pytest

from media.produce.production import Production
from tests import picture_sources
from tests.integration.media.conftest import Produce
from tests.picture_points import distance, points, stream_of

pytestmark = pytest.mark.integration

_WHITE = (255, 255, 255)


def _top(production: Production) -> Path:
    return next(file.path for file in production.files if file.kind == "rendition")


def _size(path: Path) -> tuple[int, int]:
    stream = stream_of(path)
    return stream["width"], stream["height"]


def _likeness(one: tuple[str, ...], path: Path, graph: str) -> float:
    argv = ["ffmpeg", "-nostdin", "-hide_banner", *one, "-i", str(path), "-filter_complex", graph]
    log = subprocess.run([*argv, "-f", "null", "-"], check=True, capture_output=True, timeout=60).stderr
    found = re.search(rb"SSIM Y:([\d.]+)", log)
    assert found is not None
    return float(found[1])


def test_what_matroska_cuts_off_is_not_in_the_picture(make: Produce, tmp_path: Path) -> None:
    path = _top(make(picture_sources.make_matroska_crop(tmp_path)))

    assert _size(path) == (320, 180)
    rows = points(path, [(0.02, 0.01 + at / 10) for at in range(10)])
    assert all(distance(row, _WHITE) > 100 for row in rows)
    assert _likeness(picture_sources.moving(), path, "[0][1]ssim") > 0.9


@pytest.mark.long
def test_columns_that_the_bitstream_cuts_off_at_the_left_are_not_squeezed_into_the_picture(
    make: Produce, tmp_path: Path
) -> None:
    path = _top(make(picture_sources.make_cropped_bitstream(tmp_path)))

    assert _size(path) == (304, 172)
    assert distance(points(path, [(0.004, 0.9)])[0], _WHITE) > 100
    assert _likeness(picture_sources.moving(), path, "[0]crop=304:172:10:6[a];[a][1]ssim") > 0.9


@pytest.mark.long
@pytest.mark.parametrize("degrees", [45, 10, 130])
def test_a_turn_that_is_no_quarter_is_not_obeyed(make: Produce, tmp_path: Path, degrees: int) -> None:
    production = make(picture_sources.make_turned(tmp_path, degrees))

    for path in (file.path for file in production.files if file.kind in {"rendition", "download"}):
        assert _size(path) == (320, 180)
        assert _likeness(picture_sources.moving(), path, "[0][1]ssim") > 0.9
    poster = next(file.path for file in production.files if file.name == "poster")
    assert (
        _likeness(picture_sources.moving(), poster, "[0]trim=end_frame=1[a];[1]scale=320:180[b];[a][b]ssim")
        > 0.8
    )


@pytest.mark.long
def test_a_quarter_turn_is_obeyed(make: Produce, tmp_path: Path) -> None:
    source = picture_sources.make_turned(tmp_path, 90)
    path = _top(make(source))

    assert _size(path) == (180, 320)
    assert _likeness(("-i", str(source)), path, "[0][1]ssim") > 0.9


@pytest.mark.long
@pytest.mark.parametrize("first", ["tff", "bff"])
def test_single_fields_of_hevc_are_woven_to_whole_pictures_of_their_shape(
    make: Produce, tmp_path: Path, first: str
) -> None:
    production = make(picture_sources.make_single_fields(tmp_path, first))
    path = _top(production)

    width, height = _size(path)
    assert width / height == pytest.approx(16 / 9, abs=0.02)
    assert float(stream_of(path)["duration"]) == pytest.approx(1.0, abs=0.05)
    assert stream_of(path)["avg_frame_rate"] == "25/1"
    assert stream_of(path)["color_primaries"] == "bt470bg", "as of a picture with 576 lines"
    still = picture_sources.moving("720x576", "25")
    assert _likeness(still, path, f"[0]scale={width}:{height}[a];[a][1]ssim") > 0.9
