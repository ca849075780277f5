"""S3 that fails three calls of ten, in every way it can: jobs end well, and what they publish is whole."""

import hashlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import boto3
import pytest
from botocore.config import Config

from processor.exchange.storage import CLIENT_CONFIG
from processor.worker import Exit
from tests.fault_map import WHOLE
from tests.integration.processor.conftest import Stage
from tests.integration.processor.faults import Chance, FaultyProxy

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

JOBS = 6 if WHOLE else 1
SHARE = 0.3
SEED = 20_261_121
MAX_TRIES = 5
# One execution starts its task at most this often for transient errors.
MAX_ATTEMPTS = 4
# The SDK waits at most 1, 2, 4 and 8 s between the tries of a call.
LONGEST_DELAY_SECONDS = 8.0
# Deployed are 20 s; a call that is never answered costs a try whatever its timeout is.
IMPATIENT = CLIENT_CONFIG.merge(Config(read_timeout=3))


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the SDK would have waited before each further try."""
    seconds: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=seconds.append))
    return seconds


def attempts_until_completed(stage: Stage, job_id: UUID, s3: Any) -> int:
    """Run attempts as the workflow does: again while the failure is transient."""
    for number in range(1, MAX_ATTEMPTS + 1):
        callback = stage.wait_for_task()
        assert stage.run(job_id, callback, s3=s3) is Exit.ANSWERED
        status, told = callback.result()
        if status == "SUCCEEDED":
            return number
        assert told[0] == "Transient", told
    message = f"job {job_id} did not complete in {MAX_ATTEMPTS} attempts"
    raise AssertionError(message)


def test_with_three_of_ten_s3_calls_failing_every_job_completes_and_no_object_is_damaged(
    stage: Stage, clip: Path, access: dict[str, Any], delays: list[float]
) -> None:
    jobs = [stage.order(clip) for _ in range(JOBS)]
    with FaultyProxy(access["endpoint_url"], Chance(SEED, SHARE)).running() as proxy:
        s3 = boto3.client("s3", config=IMPATIENT, **{**access, "endpoint_url": proxy.url})
        attempts = [attempts_until_completed(stage, job_id, s3) for job_id in jobs]
        s3.close()
    sys.stdout.write(
        f"seed {SEED}: {proxy.failures} of {proxy.requests} requests failed; attempts {attempts};"
        f" most tries of a call {max(proxy.tries.values())}\n"
    )

    assert proxy.failures >= 5
    assert max(proxy.tries.values()) <= MAX_TRIES
    assert len(set(delays)) == len(delays) >= 5, "without jitter equal tries would wait equally long"
    assert max(delays) <= LONGEST_DELAY_SECONDS
    for job_id in jobs:
        assert stage.events(job_id).count("job.completed") == 1
        check_objects(stage, job_id)


def check_objects(stage: Stage, job_id: UUID) -> None:
    """What S3 holds for each output is what its worker encoded."""
    keys = [key for key in stage.published() if f"/{job_id}/" in key]
    (prefix,) = (key.removesuffix("manifest.json") for key in keys if key.endswith("/manifest.json"))
    text = stored(stage, f"{prefix}manifest.json")
    found = {output["name"]: stored(stage, prefix + output["file"]) for output in json.loads(text)["outputs"]}
    found |= {"manifest": text}
    outputs = {output["name"]: output for output in stage.job(job_id).outputs}
    assert found.keys() == outputs.keys()
    for name, body in found.items():
        recorded = (outputs[name]["size_bytes"], outputs[name]["sha256"])
        assert (len(body), hashlib.sha256(body).hexdigest()) == recorded


def stored(stage: Stage, key: str) -> bytes:
    return stage.s3.get_object(Bucket=stage.media_bucket, Key=key)["Body"].read()
