"""The families draw the same from the same seed, and what is wrong with a result is found."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from media.tools.errors import ErrorCode
from tests.corpus.families import FAMILIES
from tests.corpus.film import Film
from tests.corpus.member import BLUE, FLAG, RED, Member, Right, Spot, Tone, faults
from tests.corpus.outcome import Outcome, run_source
from tests.corpus.run import draw, run_member

pytestmark = pytest.mark.integration

RIGHT = Right(
    size=(160, 90),
    seconds=1.0,
    rate=25.0,
    spots=FLAG,
    tracks=1,
    tones=(Tone(hertz=440, start=0.2, end=0.8),),
    unsaid=("TRACKS_LEFT_OUT",),
)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_and_a_number_always_draw_the_same_member(family: str) -> None:
    again = [[draw(family, seed, number).name for number in range(20)] for seed in (7, 7, 8)]

    assert again[0] == again[1] != again[2]


def test_numbers_draw_different_members() -> None:
    for family in FAMILIES:
        assert len({draw(family, 1, number).name for number in range(30)}) > 10, family


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    directory = tmp_path_factory.mktemp("film")
    source = Film(size="160x90", seconds=1).write(directory / "a.mp4")
    return run_source(source, directory / "work")


def _judge(right: Right, outcome: Outcome, more: Callable[[Outcome], list[str]] | None = None) -> list[str]:
    return faults(Member(name="film", make=lambda to: to, right=right, more=more), outcome)


def test_a_result_that_is_right_has_no_faults(outcome: Outcome) -> None:
    assert _judge(RIGHT, outcome) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (replace(RIGHT, size=(180, 90)), "is 160x90, not 180x90"),
        (replace(RIGHT, seconds=1.5), "picture lasts 1.000 s, not 1.500"),
        (replace(RIGHT, rate=30.0), "has 25 frames a second, not 30"),
        (replace(RIGHT, spots=(Spot(share=0.85, colour=RED),)), "at 0.85 (0.75, 0.75), not (255, 0, 0)"),
        (replace(RIGHT, spots=(Spot(share=0.2, colour=BLUE),)), "at 0.2 (0.75, 0.75), not (0, 0, 255)"),
        (replace(RIGHT, tracks=2), "has 1 tracks of sound, not 2"),
        (replace(RIGHT, tones=(Tone(hertz=880, start=0.2, end=0.8),)), "sounds like 440 Hz"),
        (replace(RIGHT, said=("SOUND_CHANGES",)), "did not say SOUND_CHANGES"),
        (Right(refused=(ErrorCode.INPUT_ENCRYPTED,)), "was made, not refused with INPUT_ENCRYPTED"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_result_that_is_wrong_is_found(outcome: Outcome, wrong: Right, said: str) -> None:
    assert any(said in fault for fault in _judge(wrong, outcome))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Outcome(code=ErrorCode.INPUT_ENCRYPTED, message="By FairPlay."), ""),
        (Outcome(code=ErrorCode.INPUT_ENCRYPTED, message="It cannot be read."), "does not name its rule"),
        (Outcome(code=ErrorCode.INTERNAL, message="KeyError: 1"), "ended INTERNAL, not INPUT_ENCRYPTED"),
    ],
)
def test_a_refusal_must_be_the_right_one_and_name_its_rule(found: Outcome, said: str) -> None:
    wrong = _judge(Right(refused=(ErrorCode.INPUT_ENCRYPTED,), words="fairplay"), found)

    assert [said in fault for fault in wrong] == [True] * bool(said)


def test_an_error_that_is_none_of_ours_counts_as_internal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError(1)

    monkeypatch.setattr("tests.corpus.outcome.produce", fail)

    wrong, internal = run_member(draw("protected", 1, 0), tmp_path)

    assert internal
    assert "INTERNAL" in wrong[0]


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_members_of_each_family_come_out_right(family: str, tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        assert run_member(draw(family, 1, number), tmp_path / str(number)) == ([], False)
