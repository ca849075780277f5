"""A plan is made without encoding anything, also of a source of twelve hours."""

import json
from pathlib import Path
from typing import Any

import pytest

from media.produce.plan_file import main
from tests import media


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of twelve hours."""
    return media.make_very_long(tmp_path_factory.mktemp("film"), hours=12)


def planned(capsys: pytest.CaptureFixture[str], film: Path, *options: str, code: int = 0) -> dict[str, Any]:
    assert main([str(film), *options]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_twelve_hours_are_planned_with_windows_cost_and_decision(
    film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = planned(capsys, film, "--vcpus", "1", "--concurrency", "40")

    assert plan["mode"] == "single", "windows of so small a picture do not pay"
    assert len(plan["windows"]) == 720
    assert plan["windows"][1]["start_seconds"] == 60.0
    assert plan["windows"][-1]["start_seconds"] == 12 * 3600 - 60.0
    assert plan["source"]["duration_seconds"] == 12 * 3600
    assert plan["estimate"]["vcpu_seconds"] > 0
    assert plan["reasons"]


def test_a_film_longer_than_the_operator_allows_is_refused_with_both_lengths(
    film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = planned(capsys, film, "--max-hours", "11", code=1)["error"]

    assert error["code"] == "LIMIT_EXCEEDED"
    assert error["message"] == "The source lasts 43200 seconds; at most 39600 are allowed."
    assert "shorter video" in error["remedy"]
    assert "operator" in error["remedy"]


def test_a_refused_source_is_told_as_the_job_would_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(media.make_text(tmp_path))]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "INPUT_NOT_MEDIA"
    assert main([str(media.BUNNY), "--profile", "nothing"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "UNKNOWN_PROFILE"
    assert main([str(media.BUNNY), "--profile", "thumbnails"]) == 0
    assert json.loads(capsys.readouterr().out)["mode"] == "single"
