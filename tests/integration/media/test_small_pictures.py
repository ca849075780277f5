"""Pictures of a few pixels, and ribbons, come out in their size; what cannot be made ends with a reason."""

from pathlib import Path

import pytest

from media.tools.errors import ErrorCode, InvalidInputError
from tests import picture_sources
from tests.integration.media.conftest import Produce
from tests.picture_points import stream_of

pytestmark = pytest.mark.integration


@pytest.mark.long_but(1)
@pytest.mark.parametrize("size", ["2x2", "16x16", "8x64", "480x16"])
def test_a_tiny_picture_is_made_and_what_was_not_measured_is_said(
    make: Produce, tmp_path: Path, size: str
) -> None:
    production = make(picture_sources.make_of_size(tmp_path, size))

    (rendition,) = [file for file in production.files if file.kind == "rendition"]
    assert f"{rendition.width}x{rendition.height}" == size
    stream = stream_of(rendition.path)
    assert f"{stream['width']}x{stream['height']}" == size
    assert rendition.details["frames"] == 25
    assert [warning.code for warning in production.warnings] == ["QUALITY_NOT_MEASURED"]


@pytest.mark.parametrize("profile", ["web-hevc", "web-av1"])
def test_an_encoder_with_a_smallest_size_is_not_even_started_below_it(
    make: Produce, tmp_path: Path, profile: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make(picture_sources.make_of_size(tmp_path, "36x36"), profile=profile)

    assert caught.value.code is ErrorCode.PICTURE_TOO_SMALL


@pytest.mark.long
@pytest.mark.parametrize("size", ["2x2", "480x16"])
def test_thumbnails_of_a_tiny_picture_are_made(make: Produce, tmp_path: Path, size: str) -> None:
    production = make(picture_sources.make_of_size(tmp_path, size), profile="thumbnails")

    assert {f"{file.width}x{file.height}" for file in production.files if file.kind == "thumbnail"} == {size}
