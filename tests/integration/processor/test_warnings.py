"""What inspection finds odd reaches the ledger and the manifest, from one task and from many."""

import hashlib
from pathlib import Path
from uuid import UUID

import pytest

from media.tools.warnings import SourceWarning, WarningCode
from processor.exchange.shared_files import ChunkRecord
from tests.integration.processor.conftest import Stage
from tests.integration.processor.test_chunks import Steps, manifest_of, steps
from tests.words_sources import make_many_tracks

__all__ = ["steps"]
pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def many_tracks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds, two windows, nine tracks of sound."""
    return make_many_tracks(tmp_path_factory.mktemp("clip"), seconds=8)


def told(stage: Stage, job_id: UUID) -> tuple[list[str], list[str]]:
    """The codes on the job and in the manifest."""
    manifest = manifest_of(stage, job_id)["warnings"]
    return [one["code"] for one in stage.job(job_id).warnings], [one["code"] for one in manifest]


def find_odd(steps: Steps, job_id: UUID, chunk: str, odd: SourceWarning) -> None:
    """Add to what the worker of a finished chunk found."""
    (path,) = steps.shared(job_id).glob(f"*/chunks/{chunk}-*/chunk.json")
    record = ChunkRecord.model_validate_json(path.read_bytes())
    text = record.model_copy(update={"warnings": (*record.warnings, odd)}).model_dump_json().encode()
    path.write_bytes(text)
    with steps.stage.database.connect() as conn:
        conn.execute(
            "UPDATE chunks SET sha256 = %s WHERE job_id = %s AND name = %s",
            (hashlib.sha256(text).hexdigest(), job_id, chunk),
        )


@pytest.mark.long
def test_a_job_in_chunks_tells_what_one_task_would_and_what_its_chunks_found(
    steps: Steps, many_tracks: Path
) -> None:
    alone, chunked = steps.stage.order(many_tracks), steps.stage.order(many_tracks)

    steps.run(alone, "prepare", chunking_mode="never")
    for name in steps.run(chunked, "prepare")[2]["chunks"]:
        steps.run(chunked, "encode", name)
    odd = SourceWarning(code=WarningCode.TRACKS_LEFT_OUT, message="Only this chunk knows.")
    find_odd(steps, chunked, "window-0000", odd)
    steps.run(chunked, "assemble")

    assert told(steps.stage, alone) == (["TRACKS_LEFT_OUT"], ["TRACKS_LEFT_OUT"])
    of_chunk = {"code": "TRACKS_LEFT_OUT", "message": "Only this chunk knows.", "facts": {}}
    assert steps.stage.job(chunked).warnings == [*steps.stage.job(alone).warnings, of_chunk]
    assert told(steps.stage, chunked) == (["TRACKS_LEFT_OUT"] * 2, ["TRACKS_LEFT_OUT"] * 2)


def test_a_chunk_keeps_what_its_worker_found_odd() -> None:
    odd = SourceWarning(
        code=WarningCode.TRACKS_LEFT_OUT,
        message="m",
        facts={"a": 1, "b": True, "c": 1.5, "d": None, "e": "x"},
    )

    read = ChunkRecord.model_validate_json(ChunkRecord(files={}, warnings=(odd,)).model_dump_json())

    assert read.warnings == (odd,)
