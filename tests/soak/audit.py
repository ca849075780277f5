"""What must be true when everything has settled: nothing lost, nothing doubled, nothing left over."""

from collections import Counter
from collections.abc import Iterator
from email import policy
from email.parser import BytesHeaderParser
from typing import Any

from processor.exchange.superseded import TAG_VALUE
from tests.soak.load import DROP_PREFIX, Load
from tests.soak.world import World

SETTLED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


def audit(world: World, load: Load) -> list[str]:
    """Every rule that does not hold, as a sentence; empty when all is well."""
    jobs = {str(row[0]): row for row in world.rows(_JOBS)}
    problems = [*_every_order_is_a_job(jobs, load), *_nothing_is_stuck(world, jobs)]
    problems += _each_success_is_told_once(world, jobs)
    problems += _each_success_has_one_output_set(world, jobs)
    problems += _no_object_is_an_orphan(world, jobs)
    return problems


_JOBS = """
    SELECT j.id, j.status, j.source_key, j.output_prefix, j.error_code, j.announcement_route,
           (SELECT count(*) FROM events e WHERE e.job_id = j.id AND e.type = 'job.completed'),
           (SELECT array_agg(DISTINCT regexp_replace(o.key, '[^/]+$', ''))
              FROM outputs o WHERE o.job_id = j.id)
      FROM jobs j"""


def _every_order_is_a_job(jobs: dict[str, Any], load: Load) -> Iterator[str]:
    for job_id in load.ordered:
        if job_id not in jobs:
            yield f"job {job_id} was promised and is not in the ledger"
    drops = Counter(row[2] for row in jobs.values() if row[2].startswith(DROP_PREFIX))
    for key in load.dropped:
        if drops[key] != 1:
            yield f"the dropped file {key} became {drops[key]} jobs"
    expected = len(load.ordered) + len(load.dropped)
    if len(jobs) != expected:
        yield f"{expected} jobs were submitted and the ledger has {len(jobs)}"


def _nothing_is_stuck(world: World, jobs: dict[str, Any]) -> Iterator[str]:
    for job_id, row in jobs.items():
        if row[1] not in SETTLED:
            yield f"job {job_id} is still {row[1]}"
    for (event_id,) in world.rows("SELECT event_id FROM outbox WHERE delivered_at IS NULL"):
        yield f"announcement {event_id} still waits in the outbox"
    executions = world.platform.aws("stepfunctions").list_executions(
        stateMachineArn=world.platform.exports["state_machine_arn"], statusFilter="RUNNING"
    )
    for execution in executions["executions"]:
        yield f"execution {execution['name']} still runs"
    for pid in world.tasks():
        yield f"process {pid} of a task is still there"


def _each_success_is_told_once(world: World, jobs: dict[str, Any]) -> Iterator[str]:
    parser = BytesHeaderParser(policy=policy.default)
    mails: Counter[str] = Counter()
    for file in (world.data_dir / "mail").glob("*.eml"):
        mails[str(parser.parsebytes(file.read_bytes())["X-Job-Id"])] += 1
    for job_id, row in jobs.items():
        if row[1] in {"COMPLETED", "FAILED"} and mails[job_id] != 1:
            yield f"job {job_id} is {row[1]} and was told {mails[job_id]} times (route {row[5]})"
        if row[1] == "COMPLETED" and row[6] != 1:
            yield f"job {job_id} completed {row[6]} times"
    for job_id in mails.keys() - jobs.keys():
        yield f"a mail tells of job {job_id}, which is not in the ledger"


def _each_success_has_one_output_set(world: World, jobs: dict[str, Any]) -> Iterator[str]:
    present = {key for key, _ in _objects(world, world.platform.exports["media_bucket"])}
    for job_id, row in jobs.items():
        prefixes = row[7] or []
        if row[1] != "COMPLETED":
            if prefixes:
                yield f"job {job_id} is {row[1]} and has outputs"
            continue
        if len(prefixes) != 1 or prefixes[0] != row[3]:
            yield f"job {job_id} has outputs under {prefixes}, its prefix is {row[3]}"
        if f"{row[3]}manifest.json" not in present:
            yield f"job {job_id} is COMPLETED without a manifest"
    for key, job_id in world.rows("SELECT key, job_id FROM outputs"):
        if key not in present:
            yield f"output {key} of job {job_id} is not in the bucket"


def _no_object_is_an_orphan(world: World, jobs: dict[str, Any]) -> Iterator[str]:
    """Outputs of killed attempts stay for the lifecycle rule to delete, which knows them by their tag."""
    client, bucket = world.platform.aws("s3"), world.platform.exports["media_bucket"]
    current = {row[3] for row in jobs.values() if row[1] == "COMPLETED"}
    for key, _ in _objects(world, bucket):
        if key.rsplit("/", 1)[0] + "/" in current:
            continue
        tags = client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        if TAG_VALUE not in {tag["Value"] for tag in tags}:
            yield f"object {key} belongs to no current result and is not marked for deletion"
    sources = {row[2] for row in jobs.values()}
    for key, _ in _objects(world, world.platform.exports["ingest_bucket"]):
        if key not in sources:
            yield f"uploaded object {key} belongs to no job"


def _objects(world: World, bucket: str) -> Iterator[tuple[str, int]]:
    for page in world.platform.aws("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            yield item["Key"], item["Size"]
