"""HLS and DASH outputs play in Chromium: duration, seeking, change of rung, picture and sound in step.

Runs by `make test-browser`, which installs Chromium and the players; skipped where they are missing.
"""

import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from processor.limits import Limits
from processor.produce import Production, produce
from profiles import get_profile
from tests import media

_HERE = Path(__file__).parent
_MODULES = _HERE.parents[1] / ".browser" / "node_modules"
_CHROMIUM = shutil.which("chromium")
_START_TOLERANCE_SECONDS = 0.010

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not (_MODULES.is_dir() and _CHROMIUM), reason="run make test-browser"),
]

Browse = Callable[..., dict[str, Any]]


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves three directories with byte ranges, as object storage does."""

    protocol_version = "HTTP/1.1"
    roots: dict[str, Path]

    def do_GET(self) -> None:
        first, _, rest = self.path.lstrip("/").partition("/")
        path = self.roots[first] / rest if first in self.roots else _HERE / first
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        end = min(int(wanted[2]) if wanted and wanted[2] else len(data) - 1, len(data) - 1)
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(end - start + 1))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
        self.end_headers()
        self.wfile.write(data[start : end + 1])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


def _made(source: Path, workdir: Path) -> Production:
    workdir.mkdir()
    profile = get_profile("web")
    return produce(source, profile=profile, workdir=workdir, limits=Limits(), report=lambda _: None)


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
def origin(outputs: dict[str, Path]) -> Iterator[str]:
    handler = type("Handler", (_Handler,), {"roots": {**outputs, "players": _MODULES}})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def browse(origin: str, tmp_path: Path) -> Browse:
    """Call one function of the page in a browser with a profile of its own."""

    def call(function: str, *values: str) -> dict[str, Any]:
        script = str(_HERE / "drive.mjs")
        argv = ["node", script, str(_MODULES), str(_CHROMIUM), str(tmp_path / "profile"), origin]
        done = subprocess.run(
            [*argv, function, *values], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    return call


@pytest.mark.parametrize(
    ("name", "seconds", "rungs", "sounds"),
    [("bunny", 5.28, [360, 480, 720], 1), ("late", 6.006, [360, 480], 2)],
)
@pytest.mark.parametrize(("kind", "manifest"), [("hls", "master.m3u8"), ("dash", "manifest.mpd")])
def test_a_player_shows_seeks_and_changes_the_rung(
    browse: Browse, kind: str, manifest: str, name: str, seconds: float, rungs: list[int], sounds: int
) -> None:
    seen = browse("play", kind, f"/{name}/{manifest}")

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


def test_the_scrub_track_leads_to_pictures_on_the_sheet(browse: Browse) -> None:
    seen = browse("scrub", "/bunny")

    assert [cue["start"] for cue in seen["cues"]] == [0, 2, 4]
    assert seen["cues"][-1]["end"] == pytest.approx(5.28, abs=0.001)
    for cue in seen["cues"]:
        x, y, width, height = (int(value) for value in cue["text"].split("#xywh=")[1].split(","))
        assert x + width <= seen["width"]
        assert y + height <= seen["height"]
