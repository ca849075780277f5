"""Picture and sound are brought to the later of their ends, and only measured ends are believed."""

from dataclasses import replace
from fractions import Fraction

import pytest

from media.inspect.packets import StreamTimes
from media.inspect.probe import Source
from media.plan.lengths import find_lengths
from media.plan.overrides import Overrides, Trim
from media.plan.plan import make_plan
from media.plan.tracks import choose_audios
from tests.unit.media.test_plan import AUDIO, SOURCE, VIDEO, WEB

TIMES = {0: StreamTimes(packets=1, start_seconds=0, end_seconds=1)}


def _source(picture: float, *sounds: float) -> Source:
    audios = tuple(replace(AUDIO, duration_seconds=seconds) for seconds in sounds)
    return replace(SOURCE, video=replace(VIDEO, duration_seconds=picture), audios=audios, times=TIMES)


@pytest.mark.parametrize(
    ("picture", "sound", "held", "filled"),
    [
        (10.0, 10.0, 0, None),
        (10.0, 10.2, 0, None),
        (10.0, 14.0, 120, None),
        (0.04, 4.0, 119, None),
        (10.0, 4.0, 0, 10.0),
        (10.0, 9.9, 0, None),
    ],
)
def test_what_ends_early_is_held_or_followed_by_silence(
    picture: float, sound: float, held: int, filled: float | None
) -> None:
    plan = make_plan(_source(picture, sound), WEB)

    assert (plan.held_frames, plan.audios[0].fill_seconds) == (held, filled)
    assert plan.expected_seconds == max(picture, sound if held else 0)


def test_every_track_of_sound_is_filled_to_the_longest() -> None:
    plan = make_plan(_source(2.0, 1.0, 5.0), WEB)

    assert [track.fill_seconds for track in plan.audios] == [5.0, None]
    assert plan.held_frames == 90


def test_a_part_may_lie_where_the_last_picture_stays() -> None:
    plan = make_plan(_source(2.0, 8.0), WEB, Overrides(trim=Trim(start_seconds=5, end_seconds=7)))

    assert (plan.expected_seconds, plan.held_frames) == (2.0, 180)


def test_lengths_from_headers_alone_lead_to_no_filling() -> None:
    source = replace(_source(2.0, 8.0), times=None)
    lengths = find_lengths(source, choose_audios(source.audios, WEB.audio))

    assert lengths.held_frames(Fraction(30)) == 0
    assert lengths.warnings() == ()
