"""What keeps data: PostgreSQL, Redis, EFS and the buckets."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.deployed.stack import DeployedStack

BUCKETS = ("ingest_bucket", "media_bucket")


@pytest.mark.aws_only("RDS is a private PostgreSQL")
def test_the_database_is_multi_az_encrypted_private_and_backed_up(stack: DeployedStack) -> None:
    host = stack.outputs["database_endpoint"].partition(":")[0]
    client = stack.aws("rds")
    (instance,) = client.describe_db_instances(DBInstanceIdentifier=host.partition(".")[0])["DBInstances"]
    assert instance["DBInstanceStatus"] == "available"
    assert instance["MultiAZ"] is True
    assert instance["StorageEncrypted"] is True
    assert instance["PubliclyAccessible"] is False
    assert instance["StorageType"] == "gp3"
    assert instance["AllocatedStorage"] >= 100
    assert instance["MaxAllocatedStorage"] >= 500
    assert instance["BackupRetentionPeriod"] >= 7
    assert instance["PerformanceInsightsEnabled"] is True
    assert instance["EngineVersion"].startswith("16")
    assert instance["MasterUserSecret"]["SecretStatus"] in {"active", "rotating"}


@pytest.mark.aws_only("RDS is a private PostgreSQL")
def test_the_database_refuses_connections_without_tls(stack: DeployedStack) -> None:
    client = stack.aws("rds")
    identifier = stack.outputs["database_endpoint"].partition(".")[0]
    (instance,) = client.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    (group,) = instance["DBParameterGroups"]
    assert group["ParameterApplyStatus"] == "in-sync"
    pages = client.get_paginator("describe_db_parameters")
    found = pages.paginate(DBParameterGroupName=group["DBParameterGroupName"], Source="user")
    parameters = {
        item["ParameterName"]: item["ParameterValue"] for page in found for item in page["Parameters"]
    }
    assert parameters["rds.force_ssl"] == "1"


@pytest.mark.aws_only("ElastiCache is a private Redis")
def test_the_cache_fails_over_and_encrypts(stack: DeployedStack) -> None:
    client = stack.aws("elasticache")
    answer = client.describe_replication_groups(ReplicationGroupId=f"video-cache-{stack.name}")
    (group,) = answer["ReplicationGroups"]
    assert group["Status"] == "available"
    assert group["AutomaticFailover"] == "enabled"
    assert group["MultiAZ"] == "enabled"
    assert group["TransitEncryptionEnabled"] is True
    assert group["AtRestEncryptionEnabled"] is True
    assert group["AuthTokenEnabled"] is True
    assert group["SnapshotRetentionLimit"] >= 5
    members = group["NodeGroups"][0]["NodeGroupMembers"]
    assert len({member["PreferredAvailabilityZone"] for member in members}) >= 2
    endpoints = group["NodeGroups"][0]
    assert endpoints["PrimaryEndpoint"]["Address"] == stack.outputs["redis_primary_endpoint"]
    assert endpoints["ReaderEndpoint"]["Address"] == stack.outputs["redis_reader_endpoint"]


@pytest.mark.aws_only("EFS is a directory")
def test_the_file_system_is_encrypted_elastic_backed_up_and_in_every_zone(stack: DeployedStack) -> None:
    client, file_system_id = stack.aws("efs"), stack.outputs["efs_file_system_id"]
    (file_system,) = client.describe_file_systems(FileSystemId=file_system_id)["FileSystems"]
    assert file_system["Encrypted"] is True
    assert file_system["ThroughputMode"] == "elastic"
    backup = client.describe_backup_policy(FileSystemId=file_system_id)["BackupPolicy"]
    assert backup["Status"] in {"ENABLED", "ENABLING"}
    targets = client.describe_mount_targets(FileSystemId=file_system_id)["MountTargets"]
    assert {target["SubnetId"] for target in targets} == set(stack.outputs["private_subnet_ids"])
    assert {target["LifeCycleState"] for target in targets} == {"available"}


@pytest.mark.parametrize("output", BUCKETS)
def test_a_bucket_is_versioned_encrypted_and_closed_to_the_public(stack: DeployedStack, output: str) -> None:
    client, bucket = stack.aws("s3"), stack.outputs[output]
    assert client.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    block = client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    assert len(block) == 4
    rules = client.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


@pytest.mark.parametrize("output", BUCKETS)
def test_a_bucket_forgets_stale_uploads(stack: DeployedStack, output: str) -> None:
    rules = stack.aws("s3").get_bucket_lifecycle_configuration(Bucket=stack.outputs[output])["Rules"]
    days = [
        rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        for rule in rules
        if "AbortIncompleteMultipartUpload" in rule
    ]
    assert days == [1]


@pytest.mark.aws_only("statements that only demand TLS are left out unless it runs with --emulator-tls")
@pytest.mark.parametrize("output", BUCKETS)
def test_a_bucket_refuses_plain_http(stack: DeployedStack, output: str) -> None:
    document = json.loads(stack.aws("s3").get_bucket_policy(Bucket=stack.outputs[output])["Policy"])
    denied = [item for item in document["Statement"] if item["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [item["Condition"] for item in denied]


def test_the_ingest_bucket_reports_new_objects(stack: DeployedStack) -> None:
    client = stack.aws("s3")
    answer = client.get_bucket_notification_configuration(Bucket=stack.outputs["ingest_bucket"])
    assert "EventBridgeConfiguration" in answer


def test_a_name_that_is_nobodys_is_not_found(stack: DeployedStack) -> None:
    with pytest.raises(ClientError) as refused:
        stack.aws("s3").head_object(Bucket=stack.outputs["media_bucket"], Key="videos/none/manifest.json")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
