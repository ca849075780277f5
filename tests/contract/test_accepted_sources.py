"""docs/profiles.md says what the code accepts, and ffmpeg knows all of it."""

import subprocess

import pytest

from local.paths import REPOSITORY_ROOT
from media.containers.formats import CONTAINERS
from media.inspect.accepted import BEGIN, PAGE, render
from media.inspect.codecs import AUDIO_CODECS, AUDIO_GROUPS, SOURCE_DECODERS, VIDEO_CODECS, VIDEO_GROUPS


def _listed(kind: str) -> set[str]:
    answer = subprocess.run(
        ["ffmpeg", "-hide_banner", f"-{kind}"], check=True, capture_output=True, text=True, timeout=30
    )
    rows = (line.split() for line in answer.stdout.splitlines())
    return {name for row in rows if len(row) > 1 for name in row[1].split(",")}


def test_the_page_is_what_the_code_generates() -> None:
    page = (REPOSITORY_ROOT / PAGE).read_text(encoding="utf-8")
    assert page == render(page), f"{PAGE} is out of date; run: make docs"


def test_a_page_without_the_marks_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="put them back"):
        render("no marks")
    with pytest.raises(ValueError, match="put them back"):
        render(BEGIN)


def test_every_container_and_every_group_of_codecs_has_its_reason() -> None:
    assert [item.name for item in CONTAINERS if not item.reason] == []
    assert [group for group in (*VIDEO_GROUPS, *AUDIO_GROUPS) if not group.reason] == []


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("decoders", SOURCE_DECODERS),
        ("codecs", (*VIDEO_CODECS, *AUDIO_CODECS)),
        ("demuxers", tuple(demuxer for item in CONTAINERS for demuxer in item.demuxers)),
    ],
)
def test_the_installed_ffmpeg_knows_every_name(kind: str, wanted: tuple[str, ...]) -> None:
    assert sorted(set(wanted) - _listed(kind)) == []


def test_no_decoder_is_listed_twice() -> None:
    assert len(SOURCE_DECODERS) == len(set(SOURCE_DECODERS))
