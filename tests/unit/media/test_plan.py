"""The plan never enlarges a picture, keeps its shape, and gives every rendition the same rhythm."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.containers.formats import MP4
from media.inspect.probe import AudioStream, Source, SubtitleStream, VideoStream
from media.plan.plan import choose_frame_rate, display_size, make_plan
from media.plan.rungs import choose_rungs, download_rung
from media.plan.tracks import choose_audios, choose_texts, left_out
from media.tools.command import MediaInput
from tests.ladders import ladder

WEB = ladder("web")
VIDEO = VideoStream(
    index=0,
    codec="h264",
    width=1920,
    height=1080,
    pixel_aspect=Fraction(1),
    rotation=0,
    nominal_rate=Fraction(30),
    average_rate=Fraction(30),
    duration_seconds=10.0,
    interlaced=False,
    pixel_format="yuv420p",
    color_transfer="bt709",
)
AUDIO = AudioStream(
    index=1, codec="aac", channels=6, sample_rate_hz=48_000, language="eng", duration_seconds=10.0
)
SOURCE = Source(
    media=MediaInput(path=Path("/scratch/source"), formats=("mov",), codecs=("h264",)),
    container=MP4,
    size_bytes=1,
    duration_seconds=10.0,
    bitrate_kbps=1000,
    video=VIDEO,
    audios=(AUDIO,),
    subtitles=(),
)


def _ladder(width: int, height: int) -> list[tuple[str, int, int]]:
    rungs = choose_rungs((width, height), Fraction(30), WEB.video)
    return [(rung.name, rung.width, rung.height) for rung in rungs]


def test_a_full_hd_source_gets_all_four_rungs() -> None:
    assert _ladder(1920, 1080) == [
        ("1080p", 1920, 1080),
        ("720p", 1280, 720),
        ("480p", 854, 480),
        ("360p", 640, 360),
    ]


def test_a_4k_source_gets_no_rung_above_the_profile() -> None:
    assert _ladder(3840, 2160)[0] == ("1080p", 1920, 1080)


def test_a_portrait_source_uses_the_ladder_by_its_short_side() -> None:
    assert _ladder(1080, 1920) == [
        ("1080p", 1080, 1920),
        ("720p", 720, 1280),
        ("480p", 480, 854),
        ("360p", 360, 640),
    ]


def test_a_wide_picture_is_fitted_into_each_box() -> None:
    assert _ladder(1920, 800)[:2] == [("1080p", 1920, 800), ("720p", 1280, 534)]


def test_a_small_source_gets_one_rung_of_its_own_size() -> None:
    assert _ladder(321, 181) == [("180p", 320, 180)]


def test_a_source_between_two_rungs_also_keeps_its_own_size() -> None:
    assert [name for name, _, _ in _ladder(1600, 900)] == ["900p", "720p", "480p", "360p"]


def test_a_source_just_above_a_rung_does_not_get_a_second_one_of_nearly_that_size() -> None:
    assert [name for name, _, _ in _ladder(1300, 740)] == ["720p", "480p", "360p"]


def test_a_wide_source_whose_short_side_equals_a_smaller_rung_gets_another_name() -> None:
    assert [name for name, _, _ in _ladder(1694, 720)] == ["952p", "720p", "480p", "360p"]


SIDES = st.one_of(st.integers(16, 8192), st.sampled_from([360, 480, 640, 720, 854, 1080, 1280, 1920]))


@given(width=SIDES, height=SIDES)
def test_no_rung_is_larger_than_the_source_or_has_odd_sides_or_another_shape(width: int, height: int) -> None:
    rungs = choose_rungs((width, height), Fraction(30), WEB.video)

    assert rungs
    assert len({rung.name for rung in rungs}) == len(rungs)
    for rung in rungs:
        assert rung.width % 2 == rung.height % 2 == 0
        assert 2 <= rung.width <= width
        assert 2 <= rung.height <= height
        assert abs(rung.width - rung.height * width / height) <= 2 + 2 * width / height
    rates = [rung.max_bitrate_kbps for rung in rungs]
    assert rates == sorted(rates, reverse=True)


def test_high_frame_rates_may_use_more_bits() -> None:
    usual = choose_rungs((1280, 720), Fraction(30), WEB.video)[0]
    fast = choose_rungs((1280, 720), Fraction(60), WEB.video)[0]

    assert fast.max_bitrate_kbps == usual.max_bitrate_kbps * WEB.video.high_frame_rate_factor


@pytest.mark.parametrize(
    ("rotation", "aspect", "expected"),
    [
        (0, Fraction(1), (1920, 1080)),
        (90, Fraction(1), (1080, 1920)),
        (180, Fraction(1), (1920, 1080)),
        (270, Fraction(1), (1080, 1920)),
        (0, Fraction(2), (3840, 1080)),
        (0, Fraction(1, 2), (1920, 2160)),
    ],
)
def test_the_display_size_has_square_pixels_and_stands_upright(
    rotation: int, aspect: Fraction, expected: tuple[int, int]
) -> None:
    assert display_size(replace(VIDEO, rotation=rotation, pixel_aspect=aspect)) == expected


@pytest.mark.parametrize(
    ("nominal", "average", "expected"),
    [
        (Fraction(25), Fraction(25), Fraction(25)),
        (Fraction(30000, 1001), Fraction(30000, 1001), Fraction(30000, 1001)),
        (Fraction(30000, 1001), Fraction(2997, 100), Fraction(30000, 1001)),
        (Fraction(24000, 1001), Fraction(24000, 1001), Fraction(24000, 1001)),
        (Fraction(19001, 317), Fraction(19001, 317), Fraction(60000, 1001)),
        (Fraction(60), Fraction(41), Fraction(48)),
        (Fraction(90000), Fraction(29), Fraction(30000, 1001)),
        (Fraction(1000), Fraction(1000, 34), Fraction(30000, 1001)),
        (Fraction(24_004, 1000), Fraction(24_004, 1000), Fraction(24)),
        (Fraction(23_979, 1000), Fraction(23_979, 1000), Fraction(24000, 1001)),
        (Fraction(29_995, 1000), Fraction(29_995, 1000), Fraction(30)),
        (Fraction(120), Fraction(120), Fraction(60)),
        (Fraction(240), Fraction(240), Fraction(60)),
        (Fraction(100), Fraction(100), Fraction(50)),
        (Fraction(1, 5), Fraction(1, 5), Fraction(10)),
        (Fraction(0), Fraction(0), Fraction(25)),
    ],
)
def test_the_frame_rate_is_kept_when_steady_and_standard_when_not(
    nominal: Fraction, average: Fraction, expected: Fraction
) -> None:
    assert choose_frame_rate(replace(VIDEO, nominal_rate=nominal, average_rate=average), 60) == expected


@given(
    nominal=st.fractions(min_value=Fraction(1, 100), max_value=1000, max_denominator=1001),
    average=st.fractions(min_value=Fraction(1, 100), max_value=240, max_denominator=1001),
)
def test_any_frame_rate_leads_to_a_usable_one(nominal: Fraction, average: Fraction) -> None:
    rate = choose_frame_rate(replace(VIDEO, nominal_rate=nominal, average_rate=average), 60)

    assert 9 < rate <= 60
    assert rate.denominator <= 1001


@pytest.mark.parametrize(
    ("rate", "gop_frames", "gops_per_segment"),
    [
        (Fraction(25), 50, 2),
        (Fraction(30000, 1001), 60, 2),
        (Fraction(24000, 1001), 48, 2),
        (Fraction(60), 120, 2),
    ],
)
def test_a_group_of_pictures_is_twice_the_frame_rate(
    rate: Fraction, gop_frames: int, gops_per_segment: int
) -> None:
    source = replace(SOURCE, video=replace(VIDEO, nominal_rate=rate, average_rate=rate))
    plan = make_plan(source, WEB)

    assert (plan.gop_frames, plan.gops_per_segment) == (gop_frames, gops_per_segment)
    assert plan.segment_seconds == Fraction(gop_frames * gops_per_segment) / rate


def test_surround_sound_becomes_stereo_and_mono_stays_mono() -> None:
    def channels(*sources: int) -> list[int]:
        audios = tuple(replace(AUDIO, channels=count) for count in sources)
        return [track.channels for track in make_plan(replace(SOURCE, audios=audios), WEB).audios]

    assert channels(6, 1, 2, 0, 3) == [2, 1, 2, 1, 2]
    assert channels() == []


def test_a_profile_may_keep_surround_sound() -> None:
    settings = WEB.audio.model_copy(update={"max_channels": 6})
    sources = [replace(AUDIO, channels=count) for count in (8, 6, 5, 2, 1)]

    assert [track.channels for track in choose_audios(sources, settings)] == [6, 6, 2, 2, 1]


def test_every_track_gets_a_name_and_a_label_of_its_own() -> None:
    languages = ("eng", "fre", "fre", None, None)
    tracks = choose_audios([replace(AUDIO, language=language) for language in languages], WEB.audio)

    assert [track.name for track in tracks] == ["audio", "audio-fre", "audio-3", "audio-4", "audio-5"]
    assert [track.label for track in tracks] == ["eng", "fre", "fre 3", "Audio", "Audio 5"]


def test_tracks_beyond_those_that_are_kept_are_told_by_place_and_language() -> None:
    tracks = [AUDIO, replace(AUDIO, language="fre"), replace(AUDIO, language=None)]

    (warning,) = left_out(tracks, 1)

    assert warning.code == "TRACKS_LEFT_OUT"
    assert "the first 1 are kept, not 2 (fre), 3 (no language)" in warning.message
    assert warning.facts == {"tracks": 3, "kept": 1}
    assert left_out(tracks, 3) == ()


def test_no_more_tracks_are_made_than_the_profile_allows() -> None:
    settings = WEB.audio.model_copy(update={"max_tracks": 2})

    assert len(choose_audios([AUDIO] * 5, settings)) == 2


def test_high_dynamic_range_and_fields_are_recognised() -> None:
    plan = make_plan(replace(SOURCE, video=replace(VIDEO, color_transfer="smpte2084", interlaced=True)), WEB)

    assert plan.tone_map
    assert plan.deinterlace


def test_the_download_is_the_largest_rung_within_its_limit() -> None:
    rungs = make_plan(SOURCE, WEB).rungs

    assert download_rung(rungs, 720).name == "720p"
    assert download_rung(rungs, 64).name == "360p"


def test_only_subtitles_that_are_text_are_kept_each_under_its_own_name() -> None:
    kinds = (("subrip", "eng"), ("dvd_subtitle", "eng"), ("ass", "eng"), ("mov_text", None))
    streams = [SubtitleStream(index=3, codec=codec, language=language) for codec, language in kinds]
    tracks = choose_texts(streams, WEB.subtitles)

    assert [track.name for track in tracks] == ["subtitles-eng", "subtitles-2", "subtitles-3"]
    assert [track.label for track in tracks] == ["eng", "eng 2", "Subtitles"]
    assert choose_texts(streams, WEB.subtitles.model_copy(update={"max_tracks": 0})) == ()
