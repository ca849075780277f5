"""Bad input travels the whole path: a stable code, one error mail, no retry, and nothing published."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import media, words_sources
from tests.platform_client import Platform

REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "text named .mp4": (media.make_text, "INPUT_NOT_MEDIA"),
    "empty file": (media.make_empty, "INPUT_EMPTY"),
    "MP4 cut before its index": (media.make_truncated_index_last, "INPUT_TRUNCATED"),
    "MP4 cut after its index": (media.make_truncated_index_first, "INPUT_TRUNCATED"),
    "cut Matroska": (media.make_truncated_matroska, "INPUT_TRUNCATED"),
    "HLS playlist named .mp4": (media.make_hls_playlist, "INPUT_NOT_MEDIA"),
    "sound without a picture": (media.make_audio_only, "INPUT_NO_VIDEO"),
    "16000x16000 picture": (media.make_huge_picture, "LIMIT_EXCEEDED"),
    "protected film": (words_sources.make_cenc, "INPUT_ENCRYPTED"),
    "reference movie": (words_sources.make_reference_movie, "INPUT_NOT_SELF_CONTAINED"),
}


@pytest.mark.long_but(5)
@pytest.mark.parametrize("kind", REFUSED)
def test_bad_input_is_refused_once_with_its_reason_and_nothing_is_published(
    platform: Platform, tmp_path: Path, kind: str
) -> None:
    make, code = REFUSED[kind]
    file = make(tmp_path)
    job = platform.settled(platform.upload(file), timeout_seconds=30)
    assert (job["status"], job["error"]["code"]) == ("FAILED", code), job
    assert job["error"]["message"]
    assert job["error"]["remedy"]
    assert platform.media_objects(job["job_id"]) == {}

    mail = platform.mail(job["job_id"])
    assert file.name in mail["Subject"]
    assert job["error"]["message"] in " ".join(mail.get_content().split())
    assert mail["X-Error-Code"] == code

    execution = platform.ended_execution(job["job_id"])
    assert execution["status"] == "FAILED"
    history = platform.history(execution["executionArn"])
    assert sum(event["type"] == "TaskScheduled" for event in history) == 3, (
        "one task, its record and its mail"
    )
    assert len(platform.mails(job["job_id"])) == 1
