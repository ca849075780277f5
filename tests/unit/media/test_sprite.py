"""The sheet of small pictures covers the whole video, and the track finds every picture on it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.plan.sprite import SpritePlan, plan_sprite, read_track, write_track
from tests.ladders import ladder

SETTINGS = ladder("web").sprite


@pytest.mark.parametrize(
    ("seconds", "interval", "columns", "rows"),
    [
        (0.5, 2, 1, 1),
        (5.28, 2, 3, 1),
        (20.0, 2, 10, 1),
        (20.1, 2, 10, 2),
        (200.0, 2, 10, 10),
        (3600.0, 36, 10, 10),
        (None, 2, 10, 10),
    ],
)
def test_the_sheet_grows_with_the_video_until_the_distance_grows_instead(
    seconds: float | None, interval: int, columns: int, rows: int
) -> None:
    plan = plan_sprite((1920, 1080), seconds, SETTINGS)

    assert (plan.interval_seconds, plan.columns, plan.rows) == (interval, columns, rows)
    assert (plan.width, plan.height) == (160, 90)


def test_a_portrait_video_has_portrait_pictures() -> None:
    plan = plan_sprite((1080, 1920), 10, SETTINGS)

    assert (plan.width, plan.height) == (90, 160)


@given(
    seconds=st.floats(min_value=0.05, max_value=15_000),
    size=st.sampled_from([(1920, 1080), (360, 640), (2, 4000)]),
)
def test_the_track_covers_every_moment_and_stays_on_the_sheet(seconds: float, size: tuple[int, int]) -> None:
    plan = plan_sprite(size, seconds, SETTINGS)
    cues = read_track(write_track(plan, seconds))

    assert len(cues) == plan.cells(seconds) <= SETTINGS.max_cells
    assert cues[0].start_seconds == 0
    assert cues[-1].end_seconds == pytest.approx(seconds, abs=0.001)
    for before, after in itertools.pairwise(cues):
        assert before.end_seconds == after.start_seconds
    assert len({(cue.x, cue.y) for cue in cues}) == len(cues)
    for cue in cues:
        assert cue.x + cue.width <= plan.sheet_size[0]
        assert cue.y + cue.height <= plan.sheet_size[1]


def test_times_are_written_with_hours() -> None:
    plan = SpritePlan(interval_seconds=3600, columns=2, rows=1, width=160, height=90)

    assert "01:00:00.000 --> 01:01:01.500\nsprite.jpg#xywh=160,0,160,90" in write_track(plan, 3661.5)
