"""A whole platform that delivers over the edge: what was uploaded is watched, and deleted no more."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platform_client import Platform, copy_checkout, wait_for
from tests.stack_files import configure

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def delivering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    checkout = copy_checkout(tmp_path_factory.mktemp("checkout"))
    configure(checkout, "dev", delivery="edge", cors_origins=["https://console.example.com"])
    running = Platform.start(tmp_path_factory.mktemp("delivering"), checkout=checkout)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def view(delivering: Platform, short_clip: Path) -> dict[str, Any]:
    job = delivering.settled(delivering.upload(short_clip))
    answer = delivering.api("GET", f"/metadata/{job['video_id']}/playback")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def streams(address: str) -> set[str]:
    """Kinds of the streams that a player without a key finds; it must have nothing to complain about."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return {stream["codec_type"] for stream in json.loads(done.stdout)["streams"]}


def test_ffmpeg_plays_hls_and_dash_over_the_edge(view: dict[str, Any]) -> None:
    assert streams(view["hls_url"]) == streams(view["dash_url"]) == {"video", "audio"}


def test_the_scrub_track_leads_to_its_picture(delivering: Platform, view: dict[str, Any]) -> None:
    track = delivering.http.get(view["scrub_url"], headers={"origin": "https://console.example.com"})
    name = track.text.partition("\n\n")[2].splitlines()[1].partition("#")[0]
    picture = delivering.http.get(view["scrub_url"].rpartition("/")[0] + f"/{name}")

    assert track.headers["access-control-allow-origin"] == "https://console.example.com"
    assert track.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert (picture.status_code, picture.content[:3]) == (200, b"\xff\xd8\xff")


def test_the_key_of_links_is_in_no_file_of_the_platform(delivering: Platform) -> None:
    secrets = delivering.aws("secretsmanager")
    (secret,) = [item for item in secrets.list_secrets()["SecretList"] if "edge-writer" in item["Name"]]
    key = json.loads(secrets.get_secret_value(SecretId=secret["ARN"])["SecretString"])["current"]["key"]
    files = [path for path in delivering.data_dir.rglob("*") if path.suffix in {".json", ".log"}]

    assert [path for path in files if "emulator" not in path.parts and key in path.read_text("utf-8")] == []


def test_no_log_holds_a_link(delivering: Platform, view: dict[str, Any]) -> None:
    token = view["hls_url"].split("/")[4]
    logs = [path for path in delivering.data_dir.rglob("*.log") if path.is_file()]

    assert logs
    assert [path for path in logs if token in path.read_text("utf-8", "replace")] == []


def test_a_deleted_video_is_not_watched_on(delivering: Platform, view: dict[str, Any]) -> None:
    def refused() -> str | None:
        answer = delivering.http.get(view["hls_url"])
        return str(answer.json()["code"]) if answer.status_code == 403 else None

    assert delivering.api("DELETE", f"/metadata/{view['video_id']}").status_code == 204
    assert wait_for("the refusal", refused) == "LINK_REVOKED"
