"""Pictures, sound, and jobs with overrides of their own go the whole way, with every permission enforced."""

import subprocess
from typing import Any
from urllib.parse import urljoin

import m3u8
import pytest

from tests import damage_sources, media_pictures
from tests.media import BUNNY
from tests.platform_client import Platform

pytestmark = pytest.mark.e2e
SRT = "1\n00:00:00,200 --> 00:00:00,900\nHello there\n"


@pytest.fixture(scope="module")
def jobs(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """A picture, sound, what is left of a cut film, and a marked part with subtitles: ordered together."""
    directory = tmp_path_factory.mktemp("sources")
    photograph = media_pictures.make_photograph(directory, 6)
    mark = media_pictures.make_picture(directory, "mark.png", size="64x64")
    bucket = platform.exports["ingest_bucket"]
    key = "assets/logo.png"
    platform.aws("s3").put_object(Bucket=bucket, Key=key, Body=mark.read_bytes())
    ordered = {
        "image": platform.upload(photograph, content_type="image/jpeg", profile="image"),
        "audio": platform.upload(BUNNY, profile="audio"),
        "kept": platform.upload(damage_sources.cut_mp4(directory), profile="audio", damage="keep"),
        "overrides": platform.upload(
            BUNNY,
            trim={"start_seconds": 1, "end_seconds": 2},
            max_height=360,
            watermark={"source": {"bucket": bucket, "key": key}},
            subtitles=[{"name": "en", "language": "en", "label": "English", "text": SRT}],
        ),
    }
    return {name: platform.settled(job_id) for name, job_id in ordered.items()}


def test_a_picture_becomes_its_sizes(jobs: dict[str, dict[str, Any]]) -> None:
    job = jobs["image"]

    assert job["status"] == "COMPLETED", job["error"]
    sizes = {
        item["name"]: (item["width"], item["height"]) for item in job["outputs"] if item["kind"] == "image"
    }
    assert len(sizes) == 8
    assert set(sizes.values()) == {(120, 80)}


def test_sound_plays_from_its_link(platform: Platform, jobs: dict[str, dict[str, Any]]) -> None:
    job = jobs["audio"]

    assert job["status"] == "COMPLETED", job["error"]
    assert {"m4a", "opus", "waveform"} <= {item["name"] for item in job["outputs"]}
    assert "audio" in _played(platform, job["video_id"])


def test_a_cut_film_whose_order_keeps_damage_is_completed_with_a_warning(
    jobs: dict[str, dict[str, Any]],
) -> None:
    job = jobs["kept"]

    assert job["status"] == "COMPLETED", job["error"]
    assert job["overrides"] == {"damage": "keep"}
    assert "SOURCE_DAMAGED" in {warning["code"] for warning in job["warnings"]}
    (sound,) = (item for item in job["outputs"] if item["name"] == "m4a")
    expected = damage_sources.SECONDS * damage_sources.KEPT
    assert sound["duration_seconds"] == pytest.approx(expected, abs=0.3)


def test_a_marked_part_plays_with_the_subtitles_that_came_with_it(
    platform: Platform, jobs: dict[str, dict[str, Any]]
) -> None:
    job = jobs["overrides"]

    assert job["status"] == "COMPLETED", job["error"]
    assert job["overrides"]["max_height"] == 360
    renditions = [item for item in job["outputs"] if item["kind"] == "rendition"]
    assert [(item["height"], item["duration_seconds"]) for item in renditions] == [(360, 1.0)]
    assert {"video", "audio"} <= set(_played(platform, job["video_id"]))
    master = _link(platform, job["video_id"])
    told = m3u8.loads(platform.http.get(master).text)
    track = next(item for item in told.media if item.type == "SUBTITLES")
    playlist = urljoin(master, track.uri)
    (segment,) = m3u8.loads(platform.http.get(playlist).text).segments
    assert "Hello there" in platform.http.get(urljoin(playlist, segment.uri)).text


def test_the_mark_itself_started_no_job(platform: Platform, jobs: dict[str, dict[str, Any]]) -> None:
    listed = platform.api("GET", "/jobs?limit=100").json()["items"]

    assert {job["job_id"] for job in jobs.values()} <= {job["job_id"] for job in listed}
    assert [job for job in listed if job["filename"] == "logo.png"] == []


def _played(platform: Platform, video_id: str) -> list[str]:
    """The kinds of streams that a player finds behind the HLS link."""
    argv = ["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", "stream=codec_type"]
    done = subprocess.run(
        [*argv, _link(platform, video_id)], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.split()


def _link(platform: Platform, video_id: str) -> str:
    view = platform.api("GET", f"/metadata/{video_id}/playback").json()
    return str(platform.description["api_url"]).rstrip("/") + str(view["hls"])
