"""What is odd about a source is said everywhere that its job is shown."""

from pathlib import Path

import pytest

from tests.platform_client import Platform
from tests.words_sources import make_many_tracks

pytestmark = pytest.mark.e2e


@pytest.mark.long
def test_what_was_odd_reaches_the_job_the_record_the_history_and_the_mail(
    platform: Platform, tmp_path: Path
) -> None:
    job = platform.settled(platform.upload(make_many_tracks(tmp_path), profile="audio"))

    assert job["status"] == "COMPLETED", job["error"]
    (warning,) = job["warnings"]
    assert (warning["code"], warning["facts"]) == ("TRACKS_LEFT_OUT", {"tracks": 9, "kept": 8})
    assert platform.api("GET", f"/metadata/{job['video_id']}").json()["warnings"] == [warning]
    assert platform.events(job["job_id"])[-1]["data"]["warnings"] == ["TRACKS_LEFT_OUT"]
    body = platform.mail(job["job_id"]).get_body()
    assert body is not None
    assert f"{warning['message']} ({warning['code']})" in " ".join(body.get_content().split())
