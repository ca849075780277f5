"""A processed video plays for a player that has nothing but the link."""

import json
import subprocess
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.platform_client import Platform

BUNNY_SECONDS = 5.28
BUNNY_FRAMES = 132
MPD = "{urn:mpeg:dash:schema:mpd:2011}"


@pytest.fixture(scope="module")
def view(platform: Platform, footage_job: dict[str, Any]) -> dict[str, Any]:
    answer = platform.api("GET", f"/metadata/{footage_job['video_id']}/playback")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def address(platform: Platform, path: str) -> str:
    return str(platform.description["api_url"]).rstrip("/") + path


def run_player(*arguments: str) -> str:
    done = subprocess.run([*arguments], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def streams(link: str) -> list[dict[str, Any]]:
    found = run_player("ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", link)
    return list(json.loads(found)["streams"])


def test_a_player_finds_every_rendition_behind_the_hls_link(platform: Platform, view: dict[str, Any]) -> None:
    found = streams(address(platform, view["hls"]))

    heights = {stream["height"] for stream in found if stream["codec_type"] == "video"}
    assert heights == {rendition["height"] for rendition in view["renditions"]} == {720, 480, 360}
    assert any(stream["codec_type"] == "audio" for stream in found)
    assert abs(view["duration_seconds"] - BUNNY_SECONDS) < 0.5


def test_every_frame_of_sound_and_picture_plays_from_the_hls_link(
    platform: Platform, view: dict[str, Any]
) -> None:
    link = address(platform, view["hls"])
    told = run_player(
        *("ffmpeg", "-v", "error", "-xerror", "-i", link, "-map", "0:v", "-map", "0:a"),
        *("-f", "null", "-progress", "-", "-"),
    )

    frames = [int(line.partition("=")[2]) for line in told.splitlines() if line.startswith("frame=")]
    assert abs(frames[-1] - BUNNY_FRAMES) <= 2


def test_every_representation_of_the_dash_manifest_leads_to_its_media(
    platform: Platform, view: dict[str, Any]
) -> None:
    # ffmpeg's own DASH reader takes no address with an ampersand, so each representation is read by itself.
    manifest = ET.fromstring(platform.http.get(address(platform, view["dash"])).text)  # noqa: S314 -- made by our packager
    found = {}
    for item in manifest.iter(f"{MPD}Representation"):
        (stream,) = streams(item.findtext(f"{MPD}BaseURL") or "")
        found[item.get("height")] = str(stream.get("height") or stream["codec_type"])

    assert found == {"720": "720", "480": "480", "360": "360", None: "audio"}


def test_the_link_without_its_token_is_refused_by_the_api_and_not_by_the_gateway(
    platform: Platform, view: dict[str, Any]
) -> None:
    bare = address(platform, view["hls"].partition("?")[0])

    assert platform.http.get(bare).json()["code"] == "VALIDATION_FAILED"
    assert platform.http.get(f"{bare}?token=made-up").json()["code"] == "PLAYBACK_LINK_INVALID"
    assert platform.http.post(f"{bare}?token=made-up").status_code in {403, 404, 405}


def test_the_poster_is_a_picture(platform: Platform, view: dict[str, Any]) -> None:
    picture = platform.http.get(view["poster_url"])
    assert (picture.status_code, picture.content[:3]) == (200, b"\xff\xd8\xff")
