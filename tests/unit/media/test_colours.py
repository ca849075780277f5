"""What the colours of a picture are is told from its labels, and assumed by its size where there are none."""

from dataclasses import replace

import pytest

from media.headers.colours import BT709, Colours, read_colours
from media.headers.declared_picture import Crop, DeclaredPicture
from media.headers.dolby_vision import check_base_layer
from media.inspect.ffprobe import StreamDocument
from media.tools.errors import InvalidInputError


def _stream(
    width: int,
    height: int,
    *,
    matrix: str = "",
    primaries: str = "",
    transfer: str = "",
    pixels: str = "yuv420p",
) -> StreamDocument:
    return StreamDocument(
        width=width,
        height=height,
        color_space=matrix,
        color_primaries=primaries,
        color_transfer=transfer,
        pix_fmt=pixels,
    )


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1280, 720, ("bt709", "bt709")),
        (720, 576, ("smpte170m", "bt470bg")),
        (720, 480, ("smpte170m", "smpte170m")),
        (640, 360, ("smpte170m", "bt709")),
        (360, 640, ("bt709", "bt709")),
    ],
)
def test_a_picture_without_labels_is_taken_as_players_take_its_size(
    width: int, height: int, expected: tuple[str, str]
) -> None:
    colours, warnings = read_colours(_stream(width, height), None)

    assert (colours.matrix, colours.primaries) == expected
    assert colours.transfer == "bt709"
    assert not colours.convertible
    assert warnings == ()


def test_the_container_is_believed_only_where_the_bitstream_is_silent() -> None:
    told = DeclaredPicture(matrix=9, primaries=9, transfer=16, full_range=True)

    silent, _ = read_colours(_stream(640, 360), told)
    telling, _ = read_colours(_stream(640, 360, matrix="bt709", primaries="bt709", transfer="bt709"), told)

    assert silent == Colours(matrix="bt2020nc", primaries="bt2020", transfer="smpte2084", full_range=True)
    assert replace(telling, full_range=False) == BT709


@pytest.mark.parametrize(
    "labels",
    [
        {"matrix": "reserved"},
        {"primaries": "reserved"},
        {"transfer": "smpte428"},
        {"transfer": "arib-std-b67"},
        {"transfer": "smpte2084", "primaries": "bt2020"},
    ],
)
def test_what_had_to_be_assumed_against_a_label_is_said(labels: dict[str, str]) -> None:
    _, warnings = read_colours(_stream(1280, 720, **labels), None)

    assert [warning.code for warning in warnings] == ["COLOURS_ASSUMED"]


@pytest.mark.parametrize(
    ("labels", "converted"),
    [
        ({"matrix": "smpte170m", "primaries": "smpte170m", "transfer": "smpte170m"}, False),
        ({"primaries": "smpte240m"}, False),
        ({"transfer": "iec61966-2-1"}, False),
        ({"matrix": "smpte240m"}, True),
        ({"matrix": "ycgco"}, True),
        ({"primaries": "smpte432"}, True),
        ({"transfer": "linear"}, True),
        ({"pixels": "gbrp"}, True),
        ({"pixels": "bgr0", "matrix": "bt709"}, True),
        ({"matrix": "gbr"}, False),  # nonsense beside YUV pixels
    ],
)
def test_what_players_would_show_wrongly_is_converted_to_bt709(
    labels: dict[str, str], converted: bool
) -> None:
    colours, _ = read_colours(_stream(1280, 720, **labels), None)

    assert colours.convertible is converted
    assert colours.result.matrix in {"bt709", "smpte170m"}
    assert not converted or colours.result == BT709


def test_a_crop_turns_with_the_picture() -> None:
    crop = Crop(left=1, top=2, right=3, bottom=4)

    assert crop.turned(0) == crop
    assert crop.turned(90) == Crop(left=4, top=1, right=2, bottom=3)
    assert crop.turned(180) == Crop(left=3, top=4, right=1, bottom=2)
    assert crop.turned(270) == Crop(left=2, top=3, right=4, bottom=1)


@pytest.mark.parametrize(
    ("profile", "compatibility", "refused"),
    [(5, 0, True), (10, 0, True), (10, 1, False), (7, 6, False), (8, 1, False), (8, 4, False), (4, 2, False)],
)
def test_dolby_vision_is_refused_where_other_players_have_no_picture(
    profile: int, compatibility: int, refused: bool
) -> None:
    record = {"dv_profile": profile, "dv_bl_signal_compatibility_id": compatibility}
    stream = StreamDocument(side_data_list=[record])

    if refused:
        with pytest.raises(InvalidInputError, match="Dolby Vision"):
            check_base_layer(stream, BT709)
    else:
        check_base_layer(stream, BT709)


def test_a_stream_named_for_players_of_dolby_vision_alone_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Dolby Vision"):
        check_base_layer(StreamDocument(codec_tag_string="dvh1"), BT709)
