"""A plan is made without encoding anything, also of a source of two hours."""

import json
from pathlib import Path

import pytest

from media.produce.plan_file import main
from tests import media
from tests.media import ffmpeg


@pytest.mark.long
def test_two_hours_are_planned_with_windows_cost_and_decision(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "long.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=gray:size=640x360:rate=1:duration=7200"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)),
    )

    assert main([str(path), "--vcpus", "1", "--concurrency", "40"]) == 0

    plan = json.loads(capsys.readouterr().out)
    assert plan["mode"] in {"chunked", "single"}
    assert len(plan["windows"]) == 120
    assert plan["windows"][1]["start_seconds"] == 60.0
    assert plan["estimate"]["vcpu_seconds"] > 0
    assert plan["reasons"]


def test_a_refused_source_is_told_as_the_job_would_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(media.make_text(tmp_path))]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "INPUT_NOT_MEDIA"
    assert main([str(media.BUNNY), "--profile", "nothing"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "UNKNOWN_PROFILE"
    assert main([str(media.BUNNY), "--profile", "thumbnails"]) == 0
    assert json.loads(capsys.readouterr().out)["mode"] == "single"
