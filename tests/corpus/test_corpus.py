"""Every source that people really have ends verified, or is refused for the right reason.

`make test-corpus` takes all of them; without it only the hardest are taken.
"""

import os
from pathlib import Path

import pytest

from media.produce.produce import produce
from media.produce.production import Production
from media.tools.errors import MediaError
from media.tools.limits import Limits
from profiles import get_profile
from tests import media
from tests.corpus.cases import CASES, HARDEST, Case
from tests.this_machine import THIS_MACHINE

pytestmark = pytest.mark.integration

_WHOLE = os.environ.get("CORPUS") == "whole"


def _selected() -> tuple[Case, ...]:
    if not _WHOLE:
        return tuple(case for case in CASES if case.name in HARDEST)
    from tests.corpus.mixes import MIXES  # choosing the mixes takes seconds

    return (*CASES, *MIXES)


def _produce(source: Path, workdir: Path) -> Production:
    workdir.mkdir()
    return produce(
        source,
        profile=get_profile("web"),
        workdir=workdir,
        limits=Limits(),
        size=THIS_MACHINE,
        report=lambda _: None,
    )


@pytest.mark.parametrize("case", _selected(), ids=lambda case: case.name)
def test_a_source_ends_as_planned_with_every_check_passed(case: Case, tmp_path: Path) -> None:
    media.make_subtitles(tmp_path)
    source = case.make(tmp_path)
    if case.refused is not None:
        with pytest.raises(MediaError) as caught:
            _produce(source, tmp_path / "work")
        assert caught.value.code is case.refused
        return

    files = _produce(source, tmp_path / "work").files

    renditions = [file for file in files if file.kind == "rendition"]
    assert (renditions[0].width, renditions[0].height) == case.size
    for file in renditions:
        if case.rate is not None:
            assert file.frame_rate == pytest.approx(case.rate, abs=0.01)
        assert file.duration_seconds == pytest.approx(case.seconds, abs=0.13)
        assert file.details["ssim"] > 0.8
        assert file.details["samples"]["vmaf"] is None or file.details["samples"]["vmaf"] > 60
    sounds = [file for file in files if file.kind == "audio"]
    assert tuple(file.details["channels"] for file in sounds) == case.channels
    assert len([file for file in files if file.kind == "subtitles"]) == case.texts


def test_the_corpus_is_large_and_names_are_unique() -> None:
    names = [case.name for case in _selected()]

    assert len(CASES) >= 40
    assert len(set(names)) == len(names)
    assert {case.name for case in CASES} >= HARDEST


@pytest.mark.skipif(not _WHOLE, reason="belongs to make test-corpus")
def test_the_mixes_hold_every_pair_that_can_be_made() -> None:
    from tests.corpus.mixes import PAIRS, covered_pairs

    assert covered_pairs() == PAIRS
