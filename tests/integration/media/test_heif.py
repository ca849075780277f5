"""HEIC and AVIF pictures become what people see of them, or are refused with the reason."""

import subprocess
from pathlib import Path

import pytest

from media.pictures.heif import convert_heif
from media.pictures.picture_file import PictureFile
from media.plan.overrides import Overrides, Watermark
from media.tools.errors import ErrorCode, InvalidInputError, LimitExceededError
from media.tools.limits import Budget, Limits
from media.tools.session import Session
from tests import heif_sources as heif
from tests import media
from tests.integration.media.conftest import Produce
from tests.media_pictures import display_p3
from tests.pictures_seen import is_near, only_large, pixel, pixel_of, sizes

pytestmark = pytest.mark.integration

RED, LIME, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def _still(*properties: bytes, kind: bytes = b"hvc1", pixel_format: str = "yuv420p") -> heif.Item:
    return heif.picture(kind, heif.QUARTERS, 128, 64, *properties, pixel_format=pixel_format)


def _plain(colour: str, *properties: bytes) -> heif.Item:
    return heif.picture(b"hvc1", f"color={colour}:size=64x64", 64, 64, *properties)


def _decode(directory: Path, data: bytes, limits: Limits | None = None) -> tuple[PictureFile, Path]:
    source, workdir = directory / "a.heic", directory / "work"
    source.write_bytes(data)
    workdir.mkdir()
    session = Session(workdir=workdir, limits=limits or Limits(), budget=Budget(30), threads=1)
    file, opened = convert_heif(session, source)
    return file, opened.path


def _shape(path: Path) -> str:
    argv = ["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", "stream=width,height,pix_fmt"]
    return subprocess.run([*argv, str(path)], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.long_but(1)
@pytest.mark.parametrize("kind", [b"hvc1", b"av01"], ids=["heic", "avif"])
def test_a_picture_of_a_telephone_becomes_sizes(make: Produce, tmp_path: Path, kind: bytes) -> None:
    source = tmp_path / "source"
    source.write_bytes(heif.heif([_still(kind=kind), heif.Item(b"Exif", b"where it was")]))

    production = make(source, profile=only_large())

    assert sizes(production) == {"large-webp": (128, 64), "large-jpeg": (128, 64)}
    for place, colour in (((20, 16), RED), ((100, 16), LIME), ((20, 48), BLUE), ((100, 48), RED)):
        assert is_near(pixel(production, "large-jpeg", *place), colour)
    assert production.technical["container"] == {b"hvc1": "HEIC", b"av01": "AVIF"}[kind]
    assert production.technical["picture"]["metadata"] == ["exif"]


@pytest.mark.long_but(1)
# Where the four colours go: above left, above right, below left, below right.
@pytest.mark.parametrize(
    ("properties", "size", "colours"),
    [
        ((heif.turn(1),), (64, 128), (LIME, RED, RED, BLUE)),
        ((heif.turn(2),), (128, 64), (RED, BLUE, LIME, RED)),
        ((heif.turn(3),), (64, 128), (BLUE, RED, RED, LIME)),
        ((heif.mirror(1),), (128, 64), (LIME, RED, RED, BLUE)),
        ((heif.mirror(0),), (128, 64), (BLUE, RED, RED, LIME)),
        ((heif.crop(64, 32, 64, 0),), (64, 32), (LIME, LIME, RED, RED)),
    ],
    ids=["left", "half", "right", "mirrored", "upside-down", "cropped"],
)
def test_turns_mirrors_and_crops_are_obeyed(
    tmp_path: Path,
    properties: tuple[bytes, ...],
    size: tuple[int, int],
    colours: tuple[tuple[int, int, int], ...],
) -> None:
    _, png = _decode(tmp_path, heif.heif([_still(*properties)]))

    width, height = size
    assert _shape(png) == f"{width},{height},rgb24"
    places = [(x, y) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    assert all(is_near(pixel_of(png, *place), colour) for place, colour in zip(places, colours, strict=True))


def test_tiles_are_joined_and_cut_to_their_picture(tmp_path: Path) -> None:
    whole = heif.Item(b"grid", heif.grid(1, 2, 120, 60), (heif.size(120, 60),))
    items = [whole, _plain("red"), _plain("blue")]
    _, png = _decode(tmp_path, heif.heif(items, [(b"dimg", 1, [2, 3])]))

    assert _shape(png) == "120,60,rgb24"
    assert is_near(pixel_of(png, 30, 30), RED)
    assert is_near(pixel_of(png, 100, 30), BLUE)


def test_transparency_stays_and_becomes_white_in_jpeg(make: Produce, tmp_path: Path) -> None:
    half = "color=white:size=128x64,drawbox=x=64:y=0:w=64:h=64:color=black:t=fill"
    beside = heif.picture(b"av01", half, 128, 64, heif.alpha(), pixel_format="gray")
    source = tmp_path / "source"
    source.write_bytes(heif.heif([_still(kind=b"av01"), beside], [(b"auxl", 2, [1])]))

    production = make(source, profile=only_large())

    assert is_near(pixel(production, "large-jpeg", 20, 48), BLUE)
    assert is_near(pixel(production, "large-jpeg", 100, 16), (255, 255, 255))
    webp = next(file.path for file in production.files if file.name == "large-webp")
    assert _shape(webp) == "128,64,yuva420p"


@pytest.mark.long_but(1)
@pytest.mark.parametrize("label", [heif.profile(display_p3()), heif.numbers(12, 13)], ids=["icc", "numbers"])
def test_a_wide_colour_space_is_brought_to_srgb(make: Produce, tmp_path: Path, label: bytes) -> None:
    source = tmp_path / "source"
    source.write_bytes(heif.heif([_plain("0xc86432", label)]))

    production = make(source, profile=only_large())

    # LittleCMS makes 215, 93, 31 of the source's 200, 100, 50; the rest is HEVC and JPEG.
    assert pixel(production, "large-jpeg", 32, 32) == pytest.approx((215, 93, 31), abs=8)


@pytest.mark.long
def test_ten_bits_stay_until_the_sizes_are_made(tmp_path: Path) -> None:
    _, png = _decode(tmp_path, heif.heif([_still(pixel_format="yuv420p10le")]))

    assert _shape(png) == "128,64,rgb48be"
    assert is_near(pixel_of(png, 100, 16), LIME)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("hidden", [False, True], ids=["shown", "hidden"])
def test_of_several_pictures_the_primary_one_is_taken(tmp_path: Path, hidden: bool) -> None:
    configuration, data = heif.coded(b"hvc1", "color=blue:size=64x64")
    second = heif.Item(b"hvc1", data, (configuration, heif.size(64, 64)), hidden)
    _, png = _decode(tmp_path, heif.heif([_plain("red"), second, _plain("red")], primary=2))

    assert is_near(pixel_of(png, 32, 32), BLUE)


@pytest.mark.long
def test_a_sequence_gives_its_first_picture(tmp_path: Path) -> None:
    path = tmp_path / "moving.avif"
    media.ffmpeg(
        *("-f", "lavfi", "-i", "color=red:size=64x64:rate=5:duration=1,hue=H=PI*t*2"),
        *("-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv420p", str(path)),
    )
    data = path.read_bytes()
    _, png = _decode(tmp_path, data)

    assert data[8:12] == b"avis"
    assert is_near(pixel_of(png, 32, 32), RED)


def test_a_picture_with_a_content_of_noise_is_refused(tmp_path: Path) -> None:
    configuration, data = heif.coded(b"hvc1", heif.QUARTERS)
    noise = heif.Item(b"hvc1", bytes(len(data)), (configuration, heif.size(128, 64)))
    with pytest.raises(InvalidInputError) as refused:
        _decode(tmp_path, heif.heif([noise]))

    assert refused.value.code is ErrorCode.INPUT_UNREADABLE


def test_pixels_are_counted_before_a_tool_starts(tmp_path: Path) -> None:
    limits = Limits(max_pixels=64 * 64)
    tiles = [heif.Item(b"grid", heif.grid(1, 5, 64, 64), (heif.size(64, 64),)), _plain("red")]
    for name, data in (
        ("one", heif.heif([_still()])),
        ("tiles", heif.heif(tiles, [(b"dimg", 1, [2] * 5)])),
    ):
        directory = tmp_path / name
        directory.mkdir()
        with pytest.raises(LimitExceededError, match="4096 pixels"):
            _decode(directory, data, limits)
        assert list((directory / "work").iterdir()) == []


def test_a_picture_larger_than_announced_is_measured_again(make: Produce, tmp_path: Path) -> None:
    configuration, data = heif.coded(b"hvc1", heif.QUARTERS)
    source = tmp_path / "source"
    source.write_bytes(heif.heif([heif.Item(b"hvc1", data, (configuration, heif.size(64, 64)))]))
    profile = only_large()
    narrow = profile.picture.model_copy(update={"max_source_pixels": 64 * 64})
    with pytest.raises(LimitExceededError, match="The picture is larger"):
        make(source, profile=profile.model_copy(update={"picture": narrow}))


def test_a_picture_over_a_video_is_none_of_these(make: Produce, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    mark.write_bytes(heif.heif([_still()]))
    watermark = Watermark(path=mark, position="center", opacity=1, width_percent=50)
    with pytest.raises(
        InvalidInputError, match="watermark cannot be used: It is a picture in HEIC"
    ) as refused:
        make(media.BIKES, overrides=Overrides(watermark=watermark))

    assert "JPEG, PNG, WebP or GIF" in refused.value.remedy
