"""What a security review asks of the synthesised stacks."""

import json
from pathlib import Path

import pytest

from components.policies import WILDCARD_REASONS
from local.program import ProgramRun
from tests.policy.rules_access import WITHOUT_SOURCE_ACCOUNT
from tests.synthesised import container, one, resources, role_statements, statements, synthesised_with

ROLES_OF_SERVICES = (
    "api-health-policy",
    "api-metadata-policy",
    "ingest-ingest-policy",
    "ingest-maintain-policy",
    "sweep-sweep-policy",
    "migrations-migrate-policy",
    "webhooks-dispatch-policy",
    "webhooks-sender-policy",
    "keys-maker-policy",
    "workflow-outcome-policy",
    "task-task-policy",
)


def test_every_policy_statement_has_a_sid(run: ProgramRun) -> None:
    found = list(statements(run))
    assert len(found) > 60
    assert [entry.owner for entry in found if not entry.body.get("Sid")] == []


def test_no_statement_allows_every_action_of_aws_or_of_a_service(run: ProgramRun) -> None:
    for entry in statements(run):
        if entry.allows:
            wide = [action for action in entry.actions if action == "*" or action.endswith(":*")]
            assert not wide, f"{entry.owner} {entry.body['Sid']}"


def test_every_resource_is_allowed_only_where_the_reason_is_recorded(run: ProgramRun, tmp_path: Path) -> None:
    over_edge = synthesised_with("dev", tmp_path, delivery="edge")
    used = {
        entry.body["Sid"]
        for entry in (*statements(run), *statements(over_edge))
        if entry.body["Effect"] == "Allow" and "*" in entry.targets
    }
    assert used == set(WILDCARD_REASONS), "a reason without a statement must go, and the other way round"


def test_no_code_of_a_function_makes_interfaces_in_the_network(run: ProgramRun) -> None:
    functions = [entry for entry in resources(run, "function:Function") if entry.inputs.get("vpcConfig")]
    assert len(functions) == len(resources(run, "function:Function")) - 2
    for function in functions:
        own = role_statements(run, function.name.removesuffix("function") + "policy")
        allowed, denied = own["AttachToNetwork"], own["KeepOwnCodeOffTheNetwork"]
        assert denied.body["Effect"] == "Deny"
        assert denied.actions == allowed.actions
        assert denied.targets == ["*"]
        arn = run.created[function.urn].outputs["arn"]
        assert denied.body["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": arn}}


def test_no_resource_policy_trusts_everybody(run: ProgramRun) -> None:
    for entry in statements(run):
        if entry.allows and "Principal" in entry.body:
            principal = entry.body["Principal"]
            assert principal != "*", entry.owner
            assert principal.get("AWS") != "*", entry.owner


@pytest.mark.parametrize("policy_name", ROLES_OF_SERVICES)
def test_no_running_code_may_call_ecs_or_write_metrics(run: ProgramRun, policy_name: str) -> None:
    for entry in role_statements(run, policy_name).values():
        assert not [action for action in entry.actions if action.startswith(("ecs:", "cloudwatch:"))]


def test_only_the_state_machine_starts_tasks_and_only_those_of_its_family(run: ProgramRun) -> None:
    starters = [entry for entry in statements(run) if "ecs:RunTask" in entry.actions]
    assert [entry.owner for entry in starters] == ["workflow-policy"]
    (target,) = starters[0].targets
    assert target.endswith(f":task-definition/video-processor-{run.settings.stack}:*")
    assert "ecs:cluster" in starters[0].body["Condition"]["ArnEquals"]


def test_the_state_machine_passes_only_the_two_task_roles_and_only_to_ecs(run: ProgramRun) -> None:
    passing = [entry for entry in statements(run) if "iam:PassRole" in entry.actions]
    assert len(passing) == 1
    task = one(run, "task-definition").inputs
    assert set(passing[0].targets) == {task["taskRoleArn"], task["executionRoleArn"]}
    assert passing[0].body["Condition"] == {
        "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    }


def test_task_tokens_are_answered_by_the_task_and_the_outcome_function_only(run: ProgramRun) -> None:
    answering = {
        entry.owner
        for entry in statements(run)
        if entry.allows and any(action.startswith("states:SendTask") for action in entry.actions)
    }
    assert answering == {"task-task-policy", "workflow-outcome-policy"}


def test_log_permissions_name_the_group_with_and_without_its_streams(run: ProgramRun) -> None:
    writing = [
        entry
        for entry in statements(run)
        if entry.allows and entry.kind == "policy" and "logs:PutLogEvents" in entry.actions
    ]
    assert len(writing) == 13
    for entry in writing:
        group, streams = entry.targets
        assert streams == f"{group}:*"
        assert ":log-group:/aws/" in group


def test_only_the_migrate_function_reads_the_master_secret(run: ProgramRun) -> None:
    master = one(run, "migrations-migrate-function").inputs["environment"]["variables"][
        "DATABASE_MASTER_SECRET_ARN"
    ]
    readers = {entry.owner for entry in statements(run) if master in entry.targets}
    assert readers == {"migrations-migrate-policy"}


def test_only_the_task_writes_renditions_and_only_below_videos(run: ProgramRun) -> None:
    writers = [
        entry
        for entry in statements(run)
        if entry.allows and "s3:PutObject" in entry.actions and "Principal" not in entry.body
    ]
    assert {entry.owner for entry in writers} == {"task-task-policy", "api-metadata-policy"}
    prefixes = {entry.owner: entry.targets[0].rpartition(":::")[2].partition("/")[2] for entry in writers}
    assert prefixes == {"task-task-policy": "videos/*", "api-metadata-policy": "uploads/*"}


def test_service_roles_are_assumed_for_this_account_only(run: ProgramRun) -> None:
    for entry in statements(run):
        if entry.kind == "assumeRolePolicy":
            service = entry.body["Principal"]["Service"]
            if service not in WITHOUT_SOURCE_ACCOUNT:
                assert "aws:SourceAccount" in entry.body["Condition"]["StringEquals"], entry.owner


def test_no_security_group_lets_an_address_in(run: ProgramRun) -> None:
    rules = resources(run, ":SecurityGroupIngressRule")
    assert len(rules) >= 5
    for rule in rules:
        assert rule.inputs.get("referencedSecurityGroupId"), rule.name
        assert "cidrIpv4" not in rule.inputs, rule.name
        assert rule.inputs["description"], rule.name
    for group in resources(run, "securityGroup:SecurityGroup"):
        assert "ingress" not in group.inputs, group.name
        assert "egress" not in group.inputs, group.name


def test_the_default_security_group_is_closed(run: ProgramRun) -> None:
    (group,) = resources(run, ":DefaultSecurityGroup")
    assert group.inputs["ingress"] == []
    assert group.inputs["egress"] == []


def test_with_endpoints_nothing_leads_to_the_internet(prod: ProgramRun) -> None:
    for rule in resources(prod, ":SecurityGroupEgressRule"):
        assert "cidrIpv4" not in rule.inputs, rule.name


def test_without_endpoints_only_https_leads_to_the_internet(dev: ProgramRun) -> None:
    outward = [rule for rule in resources(dev, ":SecurityGroupEgressRule") if "cidrIpv4" in rule.inputs]
    assert {rule.name for rule in outward} == {
        "network-ecs-to-aws",
        "network-lambda-to-aws",
        "network-migrate-to-aws",
    }
    assert {(rule.inputs["fromPort"], rule.inputs["toPort"]) for rule in outward} == {(443, 443)}


@pytest.mark.parametrize(
    ("type_suffix", "key", "expected"),
    [
        ("rds/instance:Instance", "storageEncrypted", True),
        ("rds/instance:Instance", "publiclyAccessible", False),
        ("rds/instance:Instance", "multiAz", True),
        ("rds/instance:Instance", "manageMasterUserPassword", True),
        ("rds/instance:Instance", "copyTagsToSnapshot", True),
        (":ReplicationGroup", "atRestEncryptionEnabled", True),
        (":ReplicationGroup", "transitEncryptionEnabled", True),
        (":ReplicationGroup", "multiAzEnabled", True),
        (":ReplicationGroup", "automaticFailoverEnabled", True),
        (":FileSystem", "encrypted", True),
        ("kms/key:Key", "enableKeyRotation", True),
        (":BucketPublicAccessBlock", "blockPublicAcls", True),
        (":BucketPublicAccessBlock", "blockPublicPolicy", True),
        (":BucketPublicAccessBlock", "ignorePublicAcls", True),
        (":BucketPublicAccessBlock", "restrictPublicBuckets", True),
        ("apigateway/stage:Stage", "xrayTracingEnabled", True),
    ],
)
def test_protection_is_switched_on(run: ProgramRun, type_suffix: str, key: str, expected: bool) -> None:
    found = resources(run, type_suffix)
    assert found
    assert {entry.name: entry.inputs.get(key) for entry in found} == {entry.name: expected for entry in found}


@pytest.mark.parametrize(
    ("type_suffix", "key"),
    [
        ("rds/instance:Instance", "kmsKeyId"),
        ("rds/instance:Instance", "performanceInsightsKmsKeyId"),
        ("rds/instance:Instance", "masterUserSecretKmsKeyId"),
        (":ReplicationGroup", "kmsKeyId"),
        (":FileSystem", "kmsKeyId"),
        ("secretsmanager/secret:Secret", "kmsKeyId"),
        ("sns/topic:Topic", "kmsMasterKeyId"),
        ("sqs/queue:Queue", "kmsMasterKeyId"),
        (":LogGroup", "kmsKeyId"),
    ],
)
def test_data_at_rest_is_encrypted_with_a_key_of_the_stack(
    run: ProgramRun, type_suffix: str, key: str
) -> None:
    keys = {one(run, f"encryption-{role}").urn for role in ("media", "database", "messages", "logs", "tasks")}
    found = resources(run, type_suffix)
    assert found
    for entry in found:
        assert str(entry.inputs.get(key)).startswith("arn:aws:kms:"), entry.name
        assert keys & set(entry.dependencies), entry.name


def test_buckets_are_versioned_encrypted_and_refuse_plain_http(run: ProgramRun) -> None:
    buckets = {entry.inputs["bucket"] for entry in resources(run, ":BucketPolicy")}
    assert len(buckets) == len(resources(run, "s3/bucket:Bucket")) == 3
    for suffix in (
        ":BucketVersioning",
        ":BucketServerSideEncryptionConfiguration",
        ":BucketOwnershipControls",
    ):
        assert {entry.inputs["bucket"] for entry in resources(run, suffix)} == buckets, suffix
    for policy in resources(run, ":BucketPolicy"):
        sids = {body["Sid"] for body in json.loads(policy.inputs["policy"])["Statement"]}
        assert "DenyPlainHttp" in sids, policy.name


@pytest.mark.parametrize("type_suffix", [":TopicPolicy", ":QueuePolicy", ":FileSystemPolicy"])
def test_topics_queues_and_files_are_reached_over_tls_only(run: ProgramRun, type_suffix: str) -> None:
    policies = resources(run, type_suffix)
    assert policies
    for policy in policies:
        (denied,) = [
            body for body in json.loads(policy.inputs["policy"])["Statement"] if body["Effect"] == "Deny"
        ]
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_every_queue_has_a_policy(run: ProgramRun) -> None:
    covered = {entry.inputs["queueUrl"] for entry in resources(run, ":QueuePolicy")}
    assert len(covered) == len(resources(run, "queue:Queue")) == 8


def test_passwords_and_tokens_are_secret_wherever_they_go(run: ProgramRun) -> None:
    passwords = [run.created[entry.urn].outputs["result"] for entry in resources(run, ":RandomPassword")]
    assert len(passwords) == 3
    for entry in run.registrations.values():
        for key, value in entry.inputs.items():
            if any(password in json.dumps(value, default=str) for password in passwords):
                assert key in entry.secrets, f"{entry.name}.{key}"


def test_no_secret_is_in_a_plain_environment(run: ProgramRun) -> None:
    plain = {item["name"] for item in container(run)["environment"]}
    for function in resources(run, "function:Function"):
        plain |= set(function.inputs["environment"]["variables"])
    assert not {name for name in plain if "PASSWORD" in name or "TOKEN" in name or name.endswith("_KEY")}


def test_the_container_has_no_more_rights_than_it_needs(run: ProgramRun) -> None:
    found = container(run)
    assert found["user"] == "10001:10001"
    assert found["readonlyRootFilesystem"] is True
    assert found["privileged"] is False
    assert found["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert found["linuxParameters"]["initProcessEnabled"] is False
    assert found["stopTimeout"] == 120
    task = one(run, "task-definition").inputs
    assert task["taskRoleArn"] != task["executionRoleArn"]


def test_the_shared_files_are_mounted_with_tls_and_iam_and_scratch_is_the_only_other_writable_place(
    run: ProgramRun,
) -> None:
    volumes = {volume["name"]: volume for volume in one(run, "task-definition").inputs["volumes"]}
    efs = volumes["shared"]["efsVolumeConfiguration"]
    assert efs["transitEncryption"] == "ENABLED"
    assert efs["authorizationConfig"]["iam"] == "ENABLED"
    mounts = {mount["containerPath"]: mount["sourceVolume"] for mount in container(run)["mountPoints"]}
    assert mounts == {"/scratch": "scratch", "/shared": "shared"}


def test_prod_refuses_to_lose_data(prod: ProgramRun) -> None:
    (database,) = resources(prod, "rds/instance:Instance")
    assert database.inputs["deletionProtection"] is True
    assert database.inputs["skipFinalSnapshot"] is False
    assert database.inputs["finalSnapshotIdentifier"]
    assert not [entry.name for entry in resources(prod, "s3/bucket:Bucket") if entry.inputs["forceDestroy"]]


KEEPERS_OF_DATA = ("rds/instance:Instance", "s3/bucket:Bucket", ":FileSystem", "kms/key:Key")


def test_pulumi_itself_refuses_to_delete_what_keeps_data_in_prod(prod: ProgramRun, dev: ProgramRun) -> None:
    for suffix in KEEPERS_OF_DATA:
        assert resources(prod, suffix)
        assert all(entry.protect for entry in resources(prod, suffix)), suffix
    assert not [entry.name for entry in dev.registrations.values() if entry.protect]


def test_allowing_deletion_does_not_give_up_the_final_snapshots(prod: ProgramRun) -> None:
    (database,) = resources(prod, "rds/instance:Instance")
    (cache,) = resources(prod, ":ReplicationGroup")
    assert prod.settings.values["video-platform:final_snapshots"] == "true"
    assert database.inputs["finalSnapshotIdentifier"] == "videometadata-prod-final"
    assert database.inputs["deleteAutomatedBackups"] is False
    assert cache.inputs["finalSnapshotIdentifier"] == "video-cache-prod-final"


def test_postgres_refuses_connections_without_tls(run: ProgramRun) -> None:
    (group,) = resources(run, "rds/parameterGroup:ParameterGroup")
    parameters = {item["name"]: item["value"] for item in group.inputs["parameters"]}
    assert parameters["rds.force_ssl"] == "1"


def test_every_log_group_forgets(run: ProgramRun) -> None:
    groups = resources(run, ":LogGroup")
    assert len(groups) >= 11
    assert all(group.inputs["retentionInDays"] > 0 for group in groups)


def test_lambda_permissions_name_the_one_caller(run: ProgramRun) -> None:
    permissions = resources(run, "permission:Permission")
    assert len(permissions) == 8
    assert all(entry.inputs["sourceArn"] for entry in permissions)
