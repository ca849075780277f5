"""How long data and logs are kept, and where they move as they age."""

from pathlib import Path
from typing import Any

from components.buckets import (
    ORIGINAL_TAG_KEY,
    ORIGINAL_TAG_VALUE,
    SUPERSEDED_TAG_KEY,
    SUPERSEDED_TAG_VALUE,
)
from local.program import ProgramRun
from processor.exchange import superseded
from runtime import archive
from tests.synthesised import one, resources, synthesised_with


def lifecycle(run: ProgramRun, bucket: str) -> dict[str, dict[str, Any]]:
    return {rule["id"]: rule for rule in one(run, f"storage-{bucket}-lifecycle").inputs["rules"]}


def test_every_bucket_drops_stale_uploads_old_versions_and_lone_markers(run: ProgramRun) -> None:
    for bucket in ("ingest", "media", "logs"):
        rules = lifecycle(run, bucket)
        abort = rules["abort-stale-uploads"]["abortIncompleteMultipartUpload"]
        assert abort == {"daysAfterInitiation": 1}, bucket
        assert rules["delete-superseded-versions"]["noncurrentVersionExpiration"]["noncurrentDays"] >= 1
        assert rules["delete-lone-markers"]["expiration"] == {"expiredObjectDeleteMarker": True}, bucket
        assert all(rule["status"] == "Enabled" for rule in rules.values()), bucket


def test_originals_move_to_instant_retrieval_and_then_to_deep_archive(run: ProgramRun) -> None:
    rules = lifecycle(run, "ingest")
    moves = {
        transition["storageClass"]: transition["days"]
        for rule in rules.values()
        for transition in rule.get("transitions", [])
    }
    assert set(moves) == {"GLACIER_IR", "DEEP_ARCHIVE"}
    assert moves["DEEP_ARCHIVE"] >= moves["GLACIER_IR"] + 90, "AWS bills Glacier Instant for 90 days"


def test_only_what_carries_the_tag_of_an_original_is_archived(run: ProgramRun) -> None:
    """The pictures that jobs lay over videos are in the same bucket and must stay readable."""
    tag = {"key": ORIGINAL_TAG_KEY, "value": ORIGINAL_TAG_VALUE}
    filters = [rule["filter"] for rule in lifecycle(run, "ingest").values() if rule.get("transitions")]
    assert filters == [{"tag": tag}, {"tag": tag}]
    assert archive.ORIGINAL_TAG == (ORIGINAL_TAG_KEY, ORIGINAL_TAG_VALUE)


def test_originals_and_renditions_never_expire_by_age(run: ProgramRun) -> None:
    """Only the tag of a superseded attempt lets a rendition go."""
    for bucket in ("ingest", "media"):
        for rule in lifecycle(run, bucket).values():
            if "days" in rule.get("expiration", {}):
                assert rule["filter"] == {"tag": {"key": SUPERSEDED_TAG_KEY, "value": SUPERSEDED_TAG_VALUE}}


def test_the_worker_sets_the_tag_that_the_lifecycle_rule_looks_for() -> None:
    assert (superseded.TAG_KEY, superseded.TAG_VALUE) == (SUPERSEDED_TAG_KEY, SUPERSEDED_TAG_VALUE)


def test_outputs_of_superseded_attempts_are_deleted_in_the_media_bucket_only(run: ProgramRun) -> None:
    assert "delete-superseded-attempts" in lifecycle(run, "media")
    assert "delete-superseded-attempts" not in lifecycle(run, "ingest")
    assert "delete-superseded-attempts" not in lifecycle(run, "logs")


def test_the_configured_retention_reaches_every_bucket(tmp_path: Path) -> None:
    run = synthesised_with("dev", tmp_path, superseded_retention_days=3)
    for bucket in ("ingest", "media", "logs"):
        rule = lifecycle(run, bucket)["delete-superseded-versions"]
        assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 3}
    assert lifecycle(run, "media")["delete-superseded-attempts"]["expiration"] == {"days": 3}


def test_every_log_group_keeps_lines_as_long_as_configured(tmp_path: Path) -> None:
    run = synthesised_with("prod", tmp_path, log_retention_days=400)
    groups = resources(run, ":LogGroup")
    assert len(groups) >= 15
    assert {group.inputs["retentionInDays"] for group in groups} == {400}


def test_access_logs_are_kept_as_long_as_other_logs(prod: ProgramRun) -> None:
    assert lifecycle(prod, "logs")["delete-old-objects"]["expiration"] == {"days": 365}


def test_access_logs_of_both_buckets_go_to_the_log_bucket(run: ProgramRun) -> None:
    log_bucket = run.created[one(run, "storage-logs-bucket").urn].outputs["bucket"]
    settings = resources(run, ":BucketLogging")
    assert {entry.name for entry in settings} == {"storage-ingest-logging", "storage-media-logging"}
    assert {entry.inputs["targetBucket"] for entry in settings} == {log_bucket}


def test_files_in_the_shared_file_system_get_cheaper_when_nobody_reads_them(run: ProgramRun) -> None:
    (system,) = resources(run, ":FileSystem")
    assert system.inputs["throughputMode"] == "elastic"
    assert {"transitionToIa": "AFTER_7_DAYS"} in system.inputs["lifecyclePolicies"]
    assert {"transitionToPrimaryStorageClass": "AFTER_1_ACCESS"} in system.inputs["lifecyclePolicies"]
    assert resources(run, ":BackupPolicy")[0].inputs["backupPolicy"] == {"status": "ENABLED"}


def test_the_cache_delivers_its_slow_and_engine_log(run: ProgramRun) -> None:
    (group,) = resources(run, ":ReplicationGroup")
    logs = {entry["logType"]: entry for entry in group.inputs["logDeliveryConfigurations"]}
    assert set(logs) == {"slow-log", "engine-log"}
    names = {entry.inputs["name"] for entry in resources(run, ":LogGroup")}
    assert {entry["destination"] for entry in logs.values()} <= names
    assert {entry["logFormat"] for entry in logs.values()} == {"json"}
