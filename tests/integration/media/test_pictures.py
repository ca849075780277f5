"""The image profile: pictures come out upright, small, bare of metadata, or are refused with the reason."""

import subprocess
from pathlib import Path

import pytest

from media.tools.errors import ErrorCode, InvalidInputError, LimitExceededError
from tests import media, media_pictures
from tests.integration.media.conftest import Produce
from tests.pictures_seen import is_near, only_large, pixel, sizes

pytestmark = pytest.mark.integration


@pytest.mark.long_but(2)
@pytest.mark.parametrize("orientation", range(1, 9), ids=lambda number: f"orientation-{number}")
def test_a_photograph_is_turned_as_its_camera_noted(make: Produce, tmp_path: Path, orientation: int) -> None:
    production = make(media_pictures.make_photograph(tmp_path, orientation), profile=only_large())

    assert set(sizes(production).values()) == {(120, 80)}
    for name in ("large-webp", "large-jpeg"):
        assert is_near(pixel(production, name, 20, 20), (255, 0, 0))
        assert is_near(pixel(production, name, 100, 20), (0, 255, 0))
        assert is_near(pixel(production, name, 20, 60), (0, 0, 255))
    assert production.technical["picture"]["orientation"] == orientation
    assert "exif" in production.technical["picture"]["metadata"]


@pytest.mark.parametrize("name", ["wide.jpg", "wide.png"])
def test_a_wide_colour_space_is_brought_to_srgb(make: Produce, tmp_path: Path, name: str) -> None:
    production = make(media_pictures.make_wide(tmp_path, name), profile=only_large())

    for output in ("large-webp", "large-jpeg"):
        seen = pixel(production, output, 32, 32)
        # LittleCMS makes 215, 93, 31 of the source's 200, 100, 50; the rest is JPEG and WebP.
        assert seen == pytest.approx((215, 93, 31), abs=6)
    assert "icc" in production.technical["picture"]["metadata"]


def test_a_large_picture_becomes_four_sizes_in_two_formats(make: Produce, tmp_path: Path) -> None:
    source = media_pictures.make_picture(tmp_path, "large.png", size="3000x2000")

    production = make(source, profile="image")

    assert sizes(production) == {
        f"{name}-{form}": size
        for name, size in {
            "large": (2048, 1365),
            "medium": (1024, 683),
            "small": (512, 341),
            "tiny": (160, 107),
        }.items()
        for form in ("webp", "jpeg")
    }
    types = {file.name: file.content_type for file in production.files}
    assert (types["large-webp"], types["large-jpeg"]) == ("image/webp", "image/jpeg")
    assert all(file.kind == "image" and b"Exif" not in file.path.read_bytes() for file in production.files)


def test_transparency_stays_in_webp_and_becomes_white_in_jpeg(make: Produce, tmp_path: Path) -> None:
    production = make(media_pictures.make_transparent(tmp_path), profile="image")

    assert is_near(pixel(production, "large-jpeg", 40, 50), (255, 0, 0))
    assert is_near(pixel(production, "large-jpeg", 160, 50), (255, 255, 255))
    webp = next(file.path for file in production.files if file.name == "large-webp")
    argv = ["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", "stream=pix_fmt", str(webp)]
    assert subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip() == "yuva420p"
    assert all(b"Somebody" not in file.path.read_bytes() for file in production.files)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif"])
def test_every_accepted_format_is_accepted(make: Produce, tmp_path: Path, name: str) -> None:
    production = make(media_pictures.make_picture(tmp_path, name, size="321x181"), profile=only_large())

    assert sizes(production) == {"large-webp": (321, 181), "large-jpeg": (321, 181)}


def test_an_animated_gif_gives_its_first_frame(make: Produce, tmp_path: Path) -> None:
    production = make(media_pictures.make_animation(tmp_path, "moving.gif"), profile=only_large())

    assert sizes(production)["large-jpeg"] == (160, 120)


def test_a_picture_of_one_pixel_is_a_picture(make: Produce, tmp_path: Path) -> None:
    assert sizes(make(media_pictures.make_picture(tmp_path, "dot.png", size="1x1"), profile="image"))[
        "tiny-webp"
    ] == (1, 1)


@pytest.mark.long_but(4)
@pytest.mark.parametrize(
    ("source", "code"),
    [
        (lambda path: media.make_landscape(path, seconds=1), ErrorCode.INPUT_NOT_MEDIA),
        (media.make_text, ErrorCode.INPUT_NOT_MEDIA),
        (media.make_hls_playlist, ErrorCode.INPUT_NOT_MEDIA),
        (media.make_noise, ErrorCode.INPUT_NOT_MEDIA),
        (media.make_empty, ErrorCode.INPUT_EMPTY),
        (lambda path: media.cut(media_pictures.make_picture(path, "a.jpg"), 0.5), ErrorCode.INPUT_TRUNCATED),
        (lambda path: media.cut(media_pictures.make_picture(path, "a.png"), 0.5), ErrorCode.INPUT_TRUNCATED),
        (lambda path: media.cut(media_pictures.make_picture(path, "a.webp"), 0.5), ErrorCode.INPUT_TRUNCATED),
        (lambda path: media_pictures.make_animation(path, "moving.webp"), ErrorCode.CODEC_NOT_ALLOWED),
    ],
    ids=["video", "text", "playlist", "noise", "empty", "cut-jpeg", "cut-png", "cut-webp", "animated-webp"],
)
def test_what_is_no_whole_still_picture_is_refused(
    make: Produce, tmp_path: Path, source: object, code: ErrorCode
) -> None:
    assert callable(source)
    with pytest.raises(InvalidInputError) as refused:
        make(source(tmp_path), profile="image")

    assert refused.value.code == code


def test_a_damaged_picture_is_refused_and_not_published_grey(make: Produce, tmp_path: Path) -> None:
    path = media_pictures.make_picture(tmp_path, "a.png")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    path.write_bytes(data)

    with pytest.raises(InvalidInputError) as refused:
        make(path, profile="image")

    assert refused.value.code == ErrorCode.INPUT_UNREADABLE


def test_a_picture_that_claims_too_many_pixels_is_refused_before_it_is_decoded(
    make: Produce, tmp_path: Path
) -> None:
    with pytest.raises(LimitExceededError, match="64000000 pixels"):
        make(media_pictures.make_picture_bomb(tmp_path), profile="image")


@pytest.mark.long_but(1)
@pytest.mark.parametrize("profile", ["web", "audio", "thumbnails", "passthrough"])
def test_no_other_profile_takes_a_picture(make: Produce, tmp_path: Path, profile: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        make(media_pictures.make_picture(tmp_path, "a.png"), profile=profile)

    assert refused.value.code == ErrorCode.INPUT_IS_PICTURE
