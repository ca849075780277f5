"""Whatever a source says or does not say of its colours, every result has the right ones and is labelled."""

from pathlib import Path

import pytest

from media.produce.production import Production
from media.tools.errors import ErrorCode, InvalidInputError
from tests import picture_sources
from tests.integration.media.conftest import Produce
from tests.picture_points import distance, labels_of, points, seven_bars

pytestmark = pytest.mark.integration

BT709 = ("bt709", "bt709", "bt709", "tv")
_NEAR = 15
"""Steps of 255 that 8 bits, 4:2:0 and lossy encoders take away; a wrong matrix takes more."""

_NEAR_AFTER_CONVERSION = 40
"""Small errors of dark parts grow when colours are made wider; without conversion they are off by 80."""


def _path(production: Production, name: str) -> Path:
    return next(file.path for file in production.files if file.name == name)


def _renditions(production: Production) -> list[Path]:
    return [file.path for file in production.files if file.kind in {"rendition", "download"}]


def _assert_bars(path: Path, near: int = _NEAR) -> None:
    found = seven_bars(path)
    wrong = {
        colour: seen
        for colour, seen in zip(picture_sources.BARS, found, strict=True)
        if distance(colour, seen) > near
    }
    assert not wrong, path.name


@pytest.mark.long_but(1)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_high_dynamic_range_that_only_the_container_knows_is_mapped(
    make: Produce, tmp_path: Path, suffix: str
) -> None:
    production = make(picture_sources.make_labelled_by_container(tmp_path, suffix))

    assert production.technical["video"]["color_transfer"] == "smpte2084"
    assert {labels_of(path) for path in _renditions(production)} == {BT709}
    assert production.warnings == ()


@pytest.mark.long
def test_a_curve_without_primaries_is_taken_for_bt2020_and_that_is_said(
    make: Produce, tmp_path: Path
) -> None:
    production = make(picture_sources.make_pq_without_primaries(tmp_path))

    assert {labels_of(path) for path in _renditions(production)} == {BT709}
    (warning,) = production.warnings
    assert (warning.code, warning.facts["primaries"]) == ("COLOURS_ASSUMED", "bt2020")


@pytest.mark.long
@pytest.mark.parametrize("profile", ["web", "web-hevc", "web-av1"])
def test_wide_colours_of_the_standard_range_become_those_of_bt709(
    make: Produce, tmp_path: Path, profile: str
) -> None:
    production = make(picture_sources.make_wide_standard(tmp_path), profile=profile)

    assert {labels_of(path) for path in _renditions(production)} == {BT709}
    for path in (*_renditions(production), _path(production, "poster")):
        _assert_bars(path, _NEAR_AFTER_CONVERSION)


@pytest.mark.long
def test_rgb_gets_the_matrix_of_high_definition_in_every_rendition(make: Produce, tmp_path: Path) -> None:
    production = make(picture_sources.make_rgb(tmp_path))

    assert {labels_of(path) for path in _renditions(production)} == {BT709}
    for path in (*_renditions(production), _path(production, "poster")):
        _assert_bars(path)
    sheet = points(_path(production, "sprite"), [((at + 0.5) / 7, 0.5) for at in range(7)])
    assert all(distance(*pair) <= _NEAR for pair in zip(sheet, picture_sources.BARS, strict=True))


@pytest.mark.long
def test_a_label_without_meaning_is_not_handed_on_and_the_colours_stay(make: Produce, tmp_path: Path) -> None:
    production = make(picture_sources.make_reserved_labels(tmp_path))

    expected = ("smpte170m", "bt709", "bt709", "tv")
    assert {labels_of(path) for path in _renditions(production)} == {expected}
    _assert_bars(_path(production, "mp4"))
    assert [warning.code for warning in production.warnings] == ["COLOURS_ASSUMED"]


@pytest.mark.long
def test_a_small_picture_without_labels_is_labelled_as_players_take_it(make: Produce, tmp_path: Path) -> None:
    production = make(picture_sources.make_bars_601(tmp_path))

    assert {labels_of(path) for path in _renditions(production)} == {("smpte170m", "bt709", "bt709", "tv")}
    for name in ("mp4", "poster"):
        _assert_bars(_path(production, name))
    assert production.warnings == ()


def test_dolby_vision_without_a_usual_picture_is_refused_by_name(make: Produce, tmp_path: Path) -> None:
    source = picture_sources.make_dolby_vision(tmp_path, profile=5, compatibility=0)

    with pytest.raises(InvalidInputError) as caught:
        make(source)

    assert caught.value.code is ErrorCode.DOLBY_VISION_ONLY
    assert "Dolby Vision" in caught.value.message


def test_dolby_vision_with_a_usual_picture_is_processed(make: Produce, tmp_path: Path) -> None:
    production = make(picture_sources.make_dolby_vision(tmp_path, profile=8, compatibility=2))

    assert production.files
