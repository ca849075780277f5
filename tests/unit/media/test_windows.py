"""How a long video is cut into windows, and what is put together from them."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from media.encode.picture_facts import PictureFacts
from media.encode.window import EncodedWindow, join_facts
from media.encode.window_commands import join_list, window_start
from media.plan.overrides import TrimSpan
from media.plan.plan import Plan, make_plan
from media.plan.windows import MOST_WINDOWS, Window, cell_frames, check_frames, cut_windows
from media.tools.errors import InvalidInputError
from tests.unit.media.test_plan import SOURCE, WEB

PLAN = make_plan(SOURCE, WEB)
NTSC = replace(PLAN, frame_rate=Fraction(30000, 1001), gop_frames=60)


@pytest.mark.parametrize("plan", [PLAN, NTSC], ids=["whole", "ntsc"])
def test_windows_begin_on_segments_and_leave_no_frame_out(plan: Plan) -> None:
    windows = cut_windows(replace(plan, expected_seconds=7200.0), 60.0)

    assert all(window.start_frame % (plan.gop_frames * plan.gops_per_segment) == 0 for window in windows)
    assert [window.end_frame for window in windows[:-1]] == [window.start_frame for window in windows[1:]]
    assert windows[0].start_frame == 0
    assert windows[-1].end_frame is None
    assert len(windows) == 120


@pytest.mark.parametrize(("declared", "count"), [(1.0, 1), (89.0, 1), (91.0, 2), (149.0, 2), (151.0, 3)])
def test_the_last_window_is_at_least_half_as_long_as_the_others(declared: float, count: int) -> None:
    assert len(cut_windows(replace(PLAN, expected_seconds=declared), 60.0)) == count


def test_windows_of_a_part_cover_its_frames_and_no_other() -> None:
    trim = TrimSpan(Fraction(600), Fraction(900))
    plan = replace(PLAN, trim=trim, expected_seconds=trim.length(7200.0))

    windows = cut_windows(plan, 60.0)

    assert len(windows) == 5
    assert windows[0].start_frame == 0
    assert windows[-1].end_frame == int(300 * plan.frame_rate)
    assert window_start(windows[1], plan) == 660


@pytest.mark.parametrize(("hours", "seconds", "count"), [(12, 60.0, 720), (24, 60.0, 982), (24, 2.0, 982)])
def test_windows_grow_before_there_are_too_many_of_them(hours: int, seconds: float, count: int) -> None:
    windows = cut_windows(replace(PLAN, expected_seconds=hours * 3600.0), seconds)

    assert len(windows) == count <= MOST_WINDOWS
    # The worker takes names of this form only.
    assert all(len(window.name) == len("window-0000") for window in windows)


def test_every_small_picture_falls_into_exactly_one_window() -> None:
    windows = cut_windows(replace(NTSC, expected_seconds=300.0), 30.0)
    sprite = replace(PLAN.sprite, interval_seconds=3, columns=10, rows=10)

    found = [
        window.start_frame + frame
        for window in windows
        for frame in cell_frames(window, sprite, NTSC.frame_rate)
    ]

    assert found == [int(cell * 3 * NTSC.frame_rate) for cell in range(100)]


def test_lengths_in_the_list_add_up_without_rounding_errors() -> None:
    files = [(Path(f"/w/{number}.mp4"), 101) for number in range(1000)]

    lengths = [
        line.split()[1] for line in join_list(files, NTSC.frame_rate).splitlines() if "duration" in line
    ]

    total = sum(Fraction(length) for length in lengths)
    assert abs(total - Fraction(101_000) / NTSC.frame_rate) < Fraction(1, 1_000_000)


def test_a_path_with_a_quote_never_reaches_the_list() -> None:
    with pytest.raises(ValueError, match="quote"):
        join_list([(Path("/w/it's.mp4"), 1)], PLAN.frame_rate)


def test_windows_behind_the_end_of_the_video_may_be_empty() -> None:
    windows = cut_windows(replace(PLAN, expected_seconds=240.0), 60.0)
    full = windows[0].frames or 0

    assert check_frames(windows, [full, 17, 0, 0]) == full + 17


def test_pictures_behind_a_window_that_ended_early_are_refused() -> None:
    windows = cut_windows(replace(PLAN, expected_seconds=180.0), 60.0)
    full = windows[0].frames or 0

    with pytest.raises(InvalidInputError, match="damaged"):
        check_frames(windows, [full - 1, full, 3])


def test_what_windows_measured_becomes_the_measure_of_the_whole() -> None:
    def measured(
        index: int, frames: int, ssim: float, black: tuple[tuple[float, float], ...]
    ) -> EncodedWindow:
        window = Window(index=index, start_frame=100 * index, end_frame=100 * index + 100)
        facts = PictureFacts(ssim={"360p": ssim}, black=black, frozen=())
        return EncodedWindow(window=window, directory=Path(), frames=frames, picture=facts)

    rate = replace(PLAN, frame_rate=Fraction(25))
    joined = join_facts(
        [
            measured(0, 100, 0.9, ((0.5, 0.8), (3.4, 4.0))),
            measured(1, 50, 0.6, ((0.0, 0.7), (1.0, 1.4))),
        ],
        rate,
    )

    assert joined.ssim == {"360p": 0.8}
    assert joined.black == ((3.4, 4.7),)
