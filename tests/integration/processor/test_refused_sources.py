"""A source that is not what the job says is refused with a stable code, and nothing is published."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from ledger.jobs.worker import claim
from ledger.models import Claim
from processor.exchange.source import SourceRules, download_source
from processor.task.errors import AttemptError
from processor.worker import Exit, Worker
from tests.integration.processor.conftest import Callback, Stage
from tests.media import make_text, make_very_long

pytestmark = pytest.mark.integration


def wrong_size(stage: Stage, clip: Path) -> UUID:
    return stage.order(clip, declared_size_bytes=clip.stat().st_size + 1)


def wrong_digest(stage: Stage, clip: Path) -> UUID:
    return stage.order(clip, declared_sha256="0" * 64)


def missing(stage: Stage, clip: Path) -> UUID:
    return stage.order(None)


def deleted(stage: Stage, clip: Path) -> UUID:
    job_id = stage.order(clip)
    key = f"uploads/{job_id}/source"
    for version in stage.s3.list_object_versions(Bucket=stage.ingest_bucket, Prefix=key)["Versions"]:
        stage.s3.delete_object(Bucket=stage.ingest_bucket, Key=key, VersionId=version["VersionId"])
    return job_id


def empty(stage: Stage, clip: Path) -> UUID:
    return stage.order(b"")


def no_video(stage: Stage, clip: Path) -> UUID:
    return stage.order(make_text(stage.scratch.parent))


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (wrong_size, "SIZE_MISMATCH"),
        (wrong_digest, "CHECKSUM_MISMATCH"),
        (missing, "SOURCE_MISSING"),
        (deleted, "SOURCE_MISSING"),
        (empty, "INPUT_EMPTY"),
        (no_video, "INPUT_NOT_MEDIA"),
    ],
)
def test_a_bad_source_is_refused_for_good(
    stage: Stage, clip: Path, make: Callable[[Stage, Path], UUID], code: str
) -> None:
    job_id = make(stage, clip)
    callback = stage.wait_for_task()
    assert stage.run(job_id, callback) is Exit.ANSWERED
    status, (error, cause) = callback.result()
    assert (status, error, cause["code"]) == ("FAILED", "InvalidInput", code)
    assert cause["message"]
    assert cause["remedy"]
    assert_nothing_came_of(stage, job_id)
    # The workflow flips the job; a worker that released it would offer it to a retry.
    assert "job.released" not in stage.events(job_id)


def run_with(stage: Stage, job_id: UUID, callback: Callback, **changes: Any) -> Exit:
    settings = stage.settings(job_id, callback, **changes)
    return Worker(settings, stage.context(settings)).run()


def test_a_source_above_the_limit_is_not_downloaded(stage: Stage, clip: Path) -> None:
    job_id, callback = stage.order(clip), stage.wait_for_task()
    run_with(stage, job_id, callback, max_source_bytes=1000)
    _, (error, cause) = callback.result()
    assert (error, cause["code"]) == ("LimitExceeded", "LIMIT_EXCEEDED")
    assert "1000" in cause["message"]
    assert_nothing_came_of(stage, job_id)


def test_a_source_longer_than_the_operator_allows_is_refused_with_both_lengths(
    stage: Stage, tmp_path: Path
) -> None:
    job_id, callback = stage.order(make_very_long(tmp_path, hours=2)), stage.wait_for_task()
    run_with(stage, job_id, callback, max_source_hours=1)
    _, (error, cause) = callback.result()
    assert (error, cause["code"]) == ("LimitExceeded", "LIMIT_EXCEEDED")
    assert cause["message"] == "The source lasts 7200 seconds; at most 3600 are allowed."
    assert "operator" in cause["remedy"]
    assert_nothing_came_of(stage, job_id)


def test_a_source_in_another_bucket_is_refused(stage: Stage, clip: Path) -> None:
    job_id, callback = stage.order(clip), stage.wait_for_task()
    run_with(stage, job_id, callback, ingest_bucket="another-bucket")
    _, (error, cause) = callback.result()
    assert (error, cause["code"]) == ("ProcessingFailed", "ACCESS_DENIED")
    assert_nothing_came_of(stage, job_id)


def assert_nothing_came_of(stage: Stage, job_id: UUID) -> None:
    detail = stage.job(job_id)
    assert detail.job.status == "PROCESSING"
    assert detail.outputs == []
    assert stage.published() == []
    assert stage.leftovers() == []


def hold(stage: Stage, job_id: UUID) -> Claim:
    with stage.database.connect() as conn:
        held = claim(
            conn, job_id=job_id, attempt=1, execution_arn="arn:e", task_arn=None, task_token=str(uuid4())
        )
    assert isinstance(held, Claim)
    return held


def fetch(stage: Stage, held: Claim) -> bytes:
    rules = SourceRules(allowed_bucket=stage.ingest_bucket, max_source_bytes=1024**3)
    source = download_source(stage.s3, held, stage.scratch, rules, stage.stop, lambda _: None)
    assert source.size_bytes == source.path.stat().st_size
    return source.path.read_bytes()


def test_a_job_gets_the_version_that_it_was_made_for(stage: Stage) -> None:
    job_id = stage.order(b"first version")
    stage.s3.put_object(Bucket=stage.ingest_bucket, Key=f"uploads/{job_id}/source", Body=b"second, newer")
    assert fetch(stage, hold(stage, job_id)) == b"first version"


def test_a_replaced_object_is_refused_where_versions_are_not_known(stage: Stage) -> None:
    job_id = stage.order(b"first version")
    stage.s3.put_object(Bucket=stage.ingest_bucket, Key=f"uploads/{job_id}/source", Body=b"second, newer")
    held = replace(hold(stage, job_id), source_version_id=None)
    with pytest.raises(AttemptError) as caught:
        fetch(stage, held)
    assert caught.value.code == "SOURCE_MISSING"
    assert "replaced" in caught.value.message


def test_a_large_source_arrives_whole_in_parts(stage: Stage) -> None:
    body = bytes(range(256)) * 4096 * 40 + b"end"
    ranges: list[str] = []
    stage.s3.meta.events.register(
        "provide-client-params.s3.GetObject", lambda params, **_: ranges.append(params["Range"])
    )
    assert fetch(stage, hold(stage, stage.order(body))) == body
    assert len(ranges) == 3


def test_too_little_scratch_space_is_told_before_the_download(
    stage: Stage, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = hold(stage, stage.order(clip))
    monkeypatch.setattr("processor.exchange.source._SCRATCH_RESERVE_BYTES", 2**60)
    with pytest.raises(AttemptError) as caught:
        fetch(stage, held)
    assert caught.value.code == "OUT_OF_SPACE"
    assert stage.leftovers() == []
