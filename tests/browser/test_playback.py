"""HLS and DASH outputs play in Chromium: duration, seeking, change of rung, picture and sound in step.

Runs by `make test-browser`, which installs Chromium and the players; skipped where they are missing.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from media.produce.produce import produce
from media.produce.production import Production
from media.tools.limits import Limits
from profiles import get_profile
from tests import media
from tests.browser.browsing import INSTALLED, Site, site
from tests.this_machine import THIS_MACHINE

_START_TOLERANCE_SECONDS = 0.010
_MANIFESTS = {"hls": "master.m3u8", "dash": "manifest.mpd"}

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not INSTALLED, reason="run make test-browser"),
]


def _made(source: Path, workdir: Path) -> Production:
    workdir.mkdir()
    profile = get_profile("web")
    return produce(
        source, profile=profile, workdir=workdir, limits=Limits(), size=THIS_MACHINE, report=lambda _: None
    )


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Real footage of three rungs, and a source with two languages whose sound starts late at 29.97 fps."""
    scratch = tmp_path_factory.mktemp("outputs")
    late = scratch / "late.mkv"
    media.ffmpeg(
        *(*media.picture("854x480", "30000/1001", 6), "-itsoffset", "0.7", *media.tone(5), *media.tone(6)),
        *("-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt"),
        *("yuv420p", "-c:a", "aac", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fre"),
        str(late),
    )
    return {
        "bunny": _made(media.BUNNY, scratch / "bunny").workdir / "output",
        "late": _made(late, scratch / "made").workdir / "output",
    }


@pytest.fixture(scope="module")
def page(outputs: dict[str, Path]) -> Iterator[Site]:
    with site(outputs) as served:
        yield served


@pytest.mark.parametrize(
    ("name", "seconds", "rungs", "sounds"),
    [("bunny", 5.28, [360, 480, 720], 1), ("late", 6.006, [360, 480], 2)],
)
@pytest.mark.parametrize("kind", ["hls", "dash"])
def test_a_player_shows_seeks_and_changes_the_rung(
    page: Site,
    tmp_path: Path,
    kind: str,
    name: str,
    seconds: float,
    rungs: list[int],
    sounds: int,
) -> None:
    seen = page.call(tmp_path, "play", kind, f"/{name}/{_MANIFESTS[kind]}")

    assert seen["errors"] == []
    assert seen["duration"] == pytest.approx(seconds, abs=0.06)
    assert sorted(seen["rungs"]) == rungs
    assert seen["shown"] == [rungs[0], rungs[-1]]
    assert seen["reached"] >= seen["target"] - 0.05
    assert seen["sounds"] == sounds
    assert seen["frames"] > 20
    assert seen["corrupted"] == 0
    kinds = sorted(one["type"].split("/")[0] for one in seen["starts"])
    assert kinds == ["audio", "video"]
    for one in seen["starts"]:
        assert abs(one["start"]) <= _START_TOLERANCE_SECONDS, one


def test_the_scrub_track_leads_to_pictures_on_the_sheet(page: Site, tmp_path: Path) -> None:
    seen = page.call(tmp_path, "scrub", "/bunny")

    assert [cue["start"] for cue in seen["cues"]] == [0, 2, 4]
    assert seen["cues"][-1]["end"] == pytest.approx(5.28, abs=0.001)
    for cue in seen["cues"]:
        x, y, width, height = (int(value) for value in cue["text"].split("#xywh=")[1].split(","))
        assert x + width <= seen["width"]
        assert y + height <= seen["height"]
