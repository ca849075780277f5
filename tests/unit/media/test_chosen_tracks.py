"""The film of a file is chosen by length, disposition and programme; what is left out is said."""

from fractions import Fraction
from typing import Any

import pytest

from media.inspect.chosen_tracks import EMPTY, choose_film, choose_sound
from media.inspect.ffprobe import ProbeDocument
from media.inspect.packets import StreamTimes
from media.plan.shape import Shape, needs_box, other_sizes, size_warnings
from media.tools.errors import ErrorCode, InvalidInputError

_SHAPE = Shape(width=640, height=360, pixel_aspect=Fraction(1))


def _video(index: int, **values: Any) -> dict[str, Any]:
    shape = {"codec_type": "video", "codec_name": "h264", "width": 320, "height": 180}
    return {"index": index, **shape, "duration": "10", "nb_frames": "250", **values}


def _audio(index: int, **values: Any) -> dict[str, Any]:
    kind = {"codec_type": "audio", "codec_name": "aac", "channels": 2, "sample_rate": "48000"}
    return {"index": index, **kind, "duration": "10", **values}


def _document(*streams: dict[str, Any], programs: tuple[tuple[int, ...], ...] = ()) -> ProbeDocument:
    listed = [
        {"program_num": number, "streams": [{"index": index} for index in indices]}
        for number, indices in enumerate(programs)
    ]
    document = {"format": {"duration": "30"}, "streams": list(streams), "programs": listed}
    return ProbeDocument.model_validate(document)


@pytest.mark.parametrize(
    ("first", "second", "chosen"),
    [
        ({}, {"width": 640, "height": 360}, 1),
        ({}, {"width": 640, "height": 360, "duration": "0.07", "nb_frames": "2"}, 0),
        ({"duration": None}, {"duration": None, "nb_frames": "1"}, 0),
        ({"duration": "0.5"}, {"width": 64, "height": 36}, 1),
        ({"disposition": {"default": 1}}, {"width": 640, "height": 360}, 0),
        ({"width": 0, "height": 0}, {}, 1),
        ({"codec_name": "magicyuv"}, {}, 1),
        ({"disposition": {"attached_pic": 1}}, {}, 1),
    ],
)
def test_the_film_is_the_picture_that_lasts(
    first: dict[str, Any], second: dict[str, Any], chosen: int
) -> None:
    video = choose_film(_document(_video(0, **first), _video(1, **second))).video
    assert video is not None
    assert video.index == chosen


def test_what_the_packets_say_of_lengths_goes_before_what_ffprobe_tells() -> None:
    film, still = _video(0, duration=None), _video(1, width=640, height=360, duration="10", nb_frames=None)
    times = {0: _times(250), 1: _times(2)}

    found = [choose_film(_document(film, still), times=known).video for known in (None, times)]
    assert [video.index for video in found if video] == [1, 0]


def _times(packets: int) -> StreamTimes:
    return StreamTimes(packets=packets, start_seconds=0, end_seconds=packets / 25)


def test_sound_without_a_programme_belongs_to_all() -> None:
    streams = (_video(0), _audio(1), _video(2), _audio(3), _audio(4))
    chosen = choose_film(_document(*streams, programs=((0, 1), (2, 3))))
    assert [stream.index for stream in chosen.audios] == [1, 4]


def test_a_programme_with_sound_goes_before_one_without() -> None:
    chosen = choose_film(_document(_video(0), _video(1), _audio(2), programs=((0,), (1, 2))))
    assert chosen.video is not None
    assert (chosen.video.index, [stream.index for stream in chosen.audios]) == (1, [2])


def test_each_reason_is_one_warning_with_the_numbers_that_people_count() -> None:
    streams = (
        _video(0),
        _audio(1, codec_name="unknown", codec_tag_string="apac"),
        _audio(2),
        _audio(3, channels=0),
    )
    warnings = choose_film(_document(*streams), {2: EMPTY}).warnings()
    assert [dict(warning.facts)["tracks"] for warning in warnings] == ["2", "3", "4"]
    assert warnings[0].message == "Track 2 (sound, apac) cannot be read here and is left out."


def test_the_length_is_that_of_the_tracks_that_are_used() -> None:
    document = _document(_video(0), _audio(1, codec_name="sonic", duration="30"))
    assert choose_film(document).duration_seconds(document) == 10
    whole = _document(_video(0), _audio(1))
    assert choose_film(whole).duration_seconds(whole) == 30


@pytest.mark.parametrize(
    ("streams", "code"),
    [
        ((_video(0, codec_name="magicyuv"),), ErrorCode.CODEC_NOT_ALLOWED),
        ((_video(0, width=0),), ErrorCode.INPUT_UNREADABLE),
        ((_audio(0),), ErrorCode.INPUT_NO_VIDEO),
        ((), ErrorCode.INPUT_NO_VIDEO),
    ],
)
def test_a_file_without_a_usable_picture_is_refused_for_its_cause(
    streams: tuple[dict[str, Any], ...], code: ErrorCode
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        choose_film(_document(*streams))
    assert caught.value.code is code


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (_video(0), ErrorCode.INPUT_NO_AUDIO),
        (_audio(0, codec_name="sonic"), ErrorCode.CODEC_NOT_ALLOWED),
    ],
)
def test_sound_that_cannot_be_read_is_another_cause_than_none(
    stream: dict[str, Any], code: ErrorCode
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        choose_sound(_document(stream))
    assert caught.value.code is code


def test_a_change_of_size_is_told_and_bars_are_for_other_aspects_only() -> None:
    line = "filter context - w: 640 h: 360 fmt: 0, incoming frame - w: {} h: {} fmt: 0 pts_time: 2"
    same, other = line.format(320, 180), line.format(320, 240)
    assert other_sizes(f"{same}\n{same}\n{other}") == ((320, 180), (320, 240))
    assert not needs_box(same, _SHAPE)
    assert needs_box(other, _SHAPE)
    assert size_warnings("", _SHAPE) == ()
    assert size_warnings(same, _SHAPE)[0].facts["others"] == "320x180"
