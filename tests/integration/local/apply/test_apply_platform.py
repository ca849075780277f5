"""The repository's own program applied to real servers: what exists is what the program says."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
import redis
from botocore.exceptions import ClientError

from local.apply.modelled_types import MODELLED_TYPES
from local.apply.preparation import lambda_dependencies
from local.synth import run_synthesis
from tests.conftest import TEST_REGION as REGION

if TYPE_CHECKING:
    from local.apply import AppliedResource
    from tests.integration.local.apply.conftest import Platform

pytestmark = pytest.mark.integration


def of_type(platform: "Platform", type_: str) -> "list[AppliedResource]":
    found = platform.applied.by_type(type_)
    assert found, f"the program has no {type_}; this test checks nothing"
    return found


def test_every_resource_of_the_synthesised_program_was_applied(platform: "Platform") -> None:
    synthesised = {
        urn for urn, item in run_synthesis("dev").registrations.items() if item.custom or item.remote
    }

    assert set(platform.applied.resources) == synthesised


def test_the_state_machine_runs_the_definition_that_the_program_sends(platform: "Platform") -> None:
    states = platform.client("stepfunctions")

    for machine in of_type(platform, "aws:sfn/stateMachine:StateMachine"):
        described = states.describe_state_machine(stateMachineArn=machine.id)
        assert json.loads(described["definition"]) == json.loads(machine.inputs["definition"])
        assert described["roleArn"] == machine.inputs["roleArn"]


def test_roles_carry_exactly_the_inline_policies_of_the_program(platform: "Platform") -> None:
    iam = platform.client("iam")
    expected: dict[str, dict[str, Any]] = {}
    for policy in of_type(platform, "aws:iam/rolePolicy:RolePolicy"):
        document = json.loads(policy.inputs["policy"])
        expected.setdefault(policy.inputs["role"], {})[policy.outputs["name"]] = document

    for role in of_type(platform, "aws:iam/role:Role"):
        names = iam.list_role_policies(RoleName=role.id)["PolicyNames"]
        actual = {
            name: iam.get_role_policy(RoleName=role.id, PolicyName=name)["PolicyDocument"] for name in names
        }
        assert actual == expected.get(role.id, {}), role.name


def test_functions_have_the_handler_role_limits_and_environment_of_the_program(platform: "Platform") -> None:
    client = platform.client("lambda")

    for function in of_type(platform, "aws:lambda/function:Function"):
        actual = client.get_function_configuration(FunctionName=function.id)
        assert actual["Handler"] == function.inputs["handler"]
        assert actual["Role"] == function.inputs["role"]
        assert actual["Timeout"] == function.inputs["timeout"]
        assert actual["MemorySize"] == function.inputs["memorySize"]
        assert actual["Environment"]["Variables"] == variables_here(platform, function.inputs)


def variables_here(platform: "Platform", inputs: Mapping[str, Any]) -> dict[str, str]:
    """Give a function's variables as the program writes them, with the directories of this machine."""
    variables, mount = dict(inputs["environment"]["variables"]), inputs.get("fileSystemConfig")
    variables["PYTHONPATH"] = str(lambda_dependencies())
    if mount is None:
        return variables
    directory = platform.applied.mounts[mount["arn"].rpartition("/")[2]]
    assert mount["localMountPath"] in variables.values()
    return {
        name: str(directory) if value == mount["localMountPath"] else value
        for name, value in variables.items()
    }


def test_the_task_definition_is_registered_as_written(platform: "Platform") -> None:
    ecs = platform.client("ecs")

    for definition in of_type(platform, "aws:ecs/taskDefinition:TaskDefinition"):
        actual = ecs.describe_task_definition(taskDefinition=definition.outputs["arn"])["taskDefinition"]
        expected = json.loads(definition.inputs["containerDefinitions"])
        for wanted, container in zip(expected, actual["containerDefinitions"], strict=True):
            assert {key: container.get(key) for key in wanted} == wanted
        assert actual["taskRoleArn"] == definition.inputs["taskRoleArn"]
        assert actual["executionRoleArn"] == definition.inputs["executionRoleArn"]


def test_rules_send_events_where_the_program_says(platform: "Platform") -> None:
    events = platform.client("events")
    expected: dict[str, set[str]] = {}
    for target in of_type(platform, "aws:cloudwatch/eventTarget:EventTarget"):
        expected.setdefault(target.inputs["rule"], set()).add(target.inputs["arn"])

    for rule in of_type(platform, "aws:cloudwatch/eventRule:EventRule"):
        actual = events.list_targets_by_rule(Rule=rule.id)["Targets"]
        assert {target["Arn"] for target in actual} == expected[rule.id]


def test_buckets_are_encrypted_versioned_and_closed_as_the_program_says(platform: "Platform") -> None:
    s3 = platform.client("s3")

    for versioning in of_type(platform, "aws:s3/bucketVersioning:BucketVersioning"):
        status = s3.get_bucket_versioning(Bucket=versioning.id)["Status"]
        assert status == versioning.inputs["versioningConfiguration"]["status"]
    for block in of_type(platform, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"):
        actual = s3.get_public_access_block(Bucket=block.id)["PublicAccessBlockConfiguration"]
        assert set(actual.values()) == {True}
    encryption_type = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    for encryption in of_type(platform, encryption_type):
        rules = s3.get_bucket_encryption(Bucket=encryption.id)["ServerSideEncryptionConfiguration"]["Rules"]
        wanted = encryption.inputs["rules"][0]["applyServerSideEncryptionByDefault"]["sseAlgorithm"]
        assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == wanted


def test_the_stage_writes_its_access_log_where_the_program_says(platform: "Platform") -> None:
    for stage in of_type(platform, "aws:apigateway/stage:Stage"):
        actual = platform.client("apigateway").get_stage(
            restApiId=stage.inputs["restApi"], stageName=stage.inputs["stageName"]
        )
        assert actual["accessLogSettings"] == stage.inputs["accessLogSettings"]


def test_only_statements_that_demand_tls_are_left_out(platform: "Platform") -> None:
    owners = {line.split(": ", 1)[0] for line in platform.applied.dropped_statements}
    expected = {
        urn
        for urn, resource in platform.applied.resources.items()
        if "aws:SecureTransport" in str(resource.inputs.get("policy")) and resource.type not in MODELLED_TYPES
    }

    assert owners == expected
    assert len(platform.applied.dropped_statements) == len(expected)


def test_modelled_resources_leave_no_trace_in_the_emulator(platform: "Platform") -> None:
    modelled = [item for item in platform.applied.resources.values() if item.type in MODELLED_TYPES]

    assert modelled
    assert platform.client("rds").describe_db_instances()["DBInstances"] == []
    assert platform.client("efs").describe_file_systems()["FileSystems"] == []


def test_the_upload_bucket_of_the_deployment_is_gone(platform: "Platform") -> None:
    names = {bucket["Name"] for bucket in platform.client("s3").list_buckets()["Buckets"]}

    assert names == {bucket.id for bucket in of_type(platform, "aws:s3/bucket:Bucket")}


def test_the_migrations_ran_and_the_application_role_cannot_change_the_schema(platform: "Platform") -> None:
    secret_arn = platform.applied.exports["database_secret_arn"]
    text = platform.client("secretsmanager").get_secret_value(SecretId=secret_arn)["SecretString"]
    secret, postgres = json.loads(text), platform.endpoints.postgres

    with psycopg.connect(
        host=postgres.host,
        port=postgres.port,
        dbname=postgres.database,
        user=secret["username"],
        password=secret["password"],
        sslmode="verify-full",
        sslrootcert=str(postgres.ca_path),
        autocommit=True,
    ) as connection:
        row = connection.execute("SELECT count(*) FROM jobs").fetchone()
        assert row == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DROP TABLE jobs")


def test_redis_accepts_the_token_that_the_program_generated(platform: "Platform") -> None:
    group = of_type(platform, "aws:elasticache/replicationGroup:ReplicationGroup")[0]
    endpoint = platform.endpoints.redis

    for token in (group.inputs["authToken"], endpoint.auth_token):
        client = redis.Redis(
            host=endpoint.host,
            port=endpoint.port,
            password=token,
            ssl=True,
            ssl_ca_certs=str(endpoint.ca_path),
        )
        assert client.ping()
        client.close()


def test_the_gateway_wants_the_key_and_the_function_answers(platform: "Platform") -> None:
    url, key = platform.applied.exports["api_url"], platform.applied.api_key
    assert key is not None

    assert httpx.get(f"{url}/metadata", timeout=30).status_code == 403
    assert httpx.get(f"{url}/metadata", headers={"x-api-key": "wrong"}, timeout=30).status_code == 403
    answer = httpx.get(f"{url}/metadata", headers={"x-api-key": key}, timeout=30)
    assert (answer.status_code, answer.json()["items"]) == (200, [])
    health = httpx.get(f"{url}/health", timeout=30)
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    preflight = httpx.options(f"{url}/metadata", headers={"origin": "https://a.example.com"}, timeout=30)
    # A function would have named its request.
    assert (preflight.status_code, "x-request-id" in preflight.headers) == (204, False)


def test_the_processor_may_publish_but_not_touch_sources(platform: "Platform") -> None:
    definition = of_type(platform, "aws:ecs/taskDefinition:TaskDefinition")[0]
    exports = platform.applied.exports
    s3 = platform.as_role(definition.inputs["taskRoleArn"], "s3")

    s3.put_object(Bucket=exports["media_bucket"], Key="videos/v/j/1/poster.jpg", Body=b"1")
    for bucket, key in (
        (exports["ingest_bucket"], "uploads/j/source"),
        (exports["media_bucket"], "elsewhere/poster.jpg"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"1")


def test_the_key_maker_touches_only_keys_with_its_own_tags_and_reads_none(platform: "Platform") -> None:
    (function,) = (item for item in of_type(platform, "aws:lambda/function:Function") if "maker" in item.name)
    variables = function.inputs["environment"]["variables"]
    own, plan = json.loads(variables["KEY_TAGS"]), variables["USAGE_PLAN_ID"]
    maker = platform.as_role(function.inputs["role"], "apigateway")
    tagging = platform.as_role(function.inputs["role"], "resourcegroupstaggingapi")
    (deployed,) = of_type(platform, "aws:apigateway/apiKey:ApiKey")
    other_plan = platform.client("apigateway").create_usage_plan(name="other")["id"]

    made = maker.create_api_key(name="made", tags={**own, "ledger-key": "k-1"})["id"]
    maker.create_usage_plan_key(usagePlanId=plan, keyId=made, keyType="API_KEY")
    found = tagging.get_resources(TagFilters=[{"Key": "ledger-key", "Values": ["k-1"]}])
    assert [item["ResourceARN"].rpartition("/")[2] for item in found["ResourceTagMappingList"]] == [made]
    refused: list[Callable[[], object]] = [
        lambda: maker.create_api_key(name="untagged"),
        lambda: maker.create_api_key(name="of prod", tags={**own, "stack": "prod"}),
        lambda: maker.create_usage_plan_key(usagePlanId=other_plan, keyId=made, keyType="API_KEY"),
        lambda: maker.delete_api_key(apiKey=deployed.id),
        lambda: maker.get_api_keys(includeValues=True),
        lambda: maker.get_api_key(apiKey=made, includeValue=True),
        lambda: maker.tag_resource(
            resourceArn=f"arn:aws:apigateway:{REGION}::/apikeys/{deployed.id}", tags=own
        ),
    ]
    for call in refused:
        with pytest.raises(ClientError, match="AccessDenied"):
            call()
    maker.delete_api_key(apiKey=made)
    platform.client("apigateway").delete_usage_plan(usagePlanId=other_plan)


def test_every_exported_value_exists(platform: "Platform") -> None:
    assert {name for name, value in platform.applied.exports.items() if value in (None, "", [])} == set()
