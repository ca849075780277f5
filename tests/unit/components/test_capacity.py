"""How much each part may run at once, and on what it runs."""

from pathlib import Path
from typing import Any

import pytest

from artifacts.image import image_content_hash
from components.function import lambda_log_level
from local.program import ProgramRun
from tests.synthesised import container, one, resources, synthesised_with
from tools.account_needs import reserved_runs

BACKGROUND = (
    "ingest-ingest-function",
    "ingest-maintain-function",
    "sweep-sweep-function",
    "webhooks-dispatch-function",
    "webhooks-sender-function",
    "workflow-outcome-function",
)
OUTSIDE = {"keys-maker-function", "webhooks-sender-function"}
FED_BY = {
    "ingest-mapping": "ingest-ingest-function",
    "webhooks-calls-mapping": "webhooks-sender-function",
    "webhooks-reports-mapping": "webhooks-dispatch-function",
}


def reserved(run: ProgramRun) -> dict[str, Any]:
    return {
        entry.name: entry.inputs.get("reservedConcurrentExecutions")
        for entry in resources(run, "function:Function")
    }


def test_dev_reserves_nothing_because_new_accounts_have_ten_runs(dev: ProgramRun) -> None:
    assert set(reserved(dev).values()) == {None}


def test_prod_reserves_runs_for_the_api_for_health_and_for_each_background_function(prod: ProgramRun) -> None:
    found = reserved(prod)
    assert found.pop("api-metadata-function") == 100
    assert found.pop("api-health-function") == 2
    assert found.pop("migrations-migrate-function") is None
    assert found.pop("workflow-order-function") is None  # as often as people click
    assert found.pop("keys-maker-function") is None  # as often as operators make and revoke keys
    assert found == dict.fromkeys(BACKGROUND, 20)


def test_preview_reckons_with_the_runs_that_the_program_reserves(prod: ProgramRun) -> None:
    assert reserved_runs(prod.settings.parsed()) == sum(runs or 0 for runs in reserved(prod).values())


def test_a_reserve_never_throttles_what_the_queue_may_start(run: ProgramRun) -> None:
    assert {entry.name for entry in resources(run, ":EventSourceMapping")} == set(FED_BY)
    for mapping, function in FED_BY.items():
        limit = reserved(run)[function]
        assert limit is None or limit >= one(run, mapping).inputs["scalingConfig"]["maximumConcurrency"]


def test_the_configured_numbers_reach_functions_and_queue(tmp_path: Path) -> None:
    run = synthesised_with(
        "dev",
        tmp_path,
        background_reserved_concurrency=7,
        api_reserved_concurrency=9,
        ingest_concurrency=6,
    )
    assert reserved(run)["api-metadata-function"] == 9
    assert {reserved(run)[name] for name in BACKGROUND} == {7}
    assert one(run, "ingest-mapping").inputs["scalingConfig"] == {"maximumConcurrency": 6}
    assert one(run, "webhooks-calls-mapping").inputs["scalingConfig"] == {"maximumConcurrency": 7}


def test_functions_run_python_3_12_on_arm_and_all_but_those_outside_in_the_private_subnets(
    run: ProgramRun,
) -> None:
    private = run.exports["private_subnet_ids"]
    for entry in resources(run, "function:Function"):
        assert entry.inputs["runtime"] == "python3.12", entry.name
        assert entry.inputs["architectures"] == ["arm64"], entry.name
        assert entry.inputs["memorySize"] == 512, entry.name
        subnets = entry.inputs.get("vpcConfig", {}).get("subnetIds")
        assert subnets == (None if entry.name in OUTSIDE else private), entry.name
        assert entry.inputs["tracingConfig"] == {"mode": "Active"}, entry.name


def test_an_image_that_another_one_replaces_stays_for_the_retries_of_running_jobs(run: ProgramRun) -> None:
    # The tag is the name of the resource that awsx makes, and docker-build deletes from the registry as well.
    assert [entry.name for entry in run.registrations.values() if entry.retained] == ["processing-image"]


@pytest.mark.parametrize(
    ("level", "expected"), [("DEBUG", "DEBUG"), ("INFO", "INFO"), ("WARNING", "INFO"), ("ERROR", "INFO")]
)
def test_lambdas_own_filter_lets_metrics_pass_at_every_log_level(level: str, expected: str) -> None:
    assert lambda_log_level(level) == expected


def test_images_are_scanned_immutable_and_encrypted(run: ProgramRun) -> None:
    (repository,) = resources(run, "ecr:Repository")
    key = run.created[one(run, "encryption-tasks").urn].outputs["arn"]
    assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
    assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository.inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": key}]
    assert repository.inputs["lifecyclePolicy"]["rules"]


def test_the_image_tag_names_the_architecture_because_tags_are_final(run: ProgramRun) -> None:
    assert one(run, "processing-image").inputs["imageTag"] == f"{image_content_hash()}-x86_64"


def test_tasks_and_their_image_are_x86_64_where_functions_are_arm64(run: ProgramRun) -> None:
    assert one(run, "processing-image").inputs["platform"] == "linux/amd64"
    assert one(run, "task-definition").inputs["runtimePlatform"]["cpuArchitecture"] == "X86_64"


def test_scratch_disks_are_encrypted_with_the_key_that_fargate_may_use_for_this_cluster(
    run: ProgramRun,
) -> None:
    (cluster,) = resources(run, "ecs/cluster:Cluster")
    key = one(run, "encryption-tasks")
    storage = cluster.inputs["configuration"]["managedStorageConfiguration"]
    assert storage == {"fargateEphemeralStorageKmsKeyId": run.created[key.urn].outputs["arn"]}
    assert cluster.inputs["name"] in key.inputs["policy"]


def test_a_log_service_that_is_away_does_not_stop_the_task(run: ProgramRun) -> None:
    options = container(run)["logConfiguration"]["options"]
    assert options["mode"] == "non-blocking"
    assert options["max-buffer-size"].endswith("m")


@pytest.mark.parametrize("kind", ["FARGATE", "FARGATE_SPOT"])
def test_the_cluster_knows_both_kinds_of_capacity(run: ProgramRun, kind: str) -> None:
    (providers,) = resources(run, ":ClusterCapacityProviders")
    assert kind in providers.inputs["capacityProviders"]
