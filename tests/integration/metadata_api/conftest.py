"""The API function against real servers."""

import json
import secrets
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import boto3
import pytest

import ledger.settings
from local.servers.emulator import ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY, EmulatorServer
from local.servers.redis import RedisServer
from local.servers.tls import Authority
from metadata_api.api import Application
from metadata_api.resources import Resources
from metadata_api.settings import ApiSettings
from tests.integration.metadata_api.api_client import (
    ApiClient,
    ParallelCalls,
    call_in_parallel,
    forget_clients,
)

MAX_UPLOAD_BYTES = 1_000_000
CORS_ORIGIN = "https://console.example.com"


@pytest.fixture
def aws(emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes plain boto3 clients talk to the emulator."""
    for name, value in {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_REGION": emulator.region,
        "AWS_DEFAULT_REGION": emulator.region,
        "AWS_ACCESS_KEY_ID": ROOT_ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET_ACCESS_KEY,
    }.items():
        monkeypatch.setenv(name, value)
    forget_clients()
    yield boto3
    forget_clients()


@pytest.fixture
def ingest_bucket(aws: Any) -> str:
    name = f"ingest-{secrets.token_hex(6)}"
    region = boto3.session.Session().region_name
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    return name


@pytest.fixture
def state_machine_arn(aws: Any) -> str:
    role_name = f"machine-{secrets.token_hex(6)}"
    trust = {"Version": "2012-10-17", "Statement": []}
    role = aws.client("iam").create_role(RoleName=role_name, AssumeRolePolicyDocument=json.dumps(trust))
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    made = aws.client("stepfunctions").create_state_machine(
        name=f"machine-{secrets.token_hex(6)}",
        definition=json.dumps(definition),
        roleArn=role["Role"]["Arn"],
    )
    return str(made["stateMachineArn"])


@pytest.fixture
def api_settings(
    aws: Any,
    ledger_database: Any,
    redis_server: RedisServer,
    ingest_bucket: str,
    state_machine_arn: str,
) -> ApiSettings:
    login = ledger_database.application.current()
    return ApiSettings(
        stack="test",
        powertools_service_name="api",
        powertools_log_level="INFO",
        database_host=ledger_database.settings.host,
        database_port=ledger_database.settings.port,
        database_name=ledger_database.settings.name,
        database_secret_arn=store_secret(aws, {"username": login.username, "password": login.password}),
        redis_host=redis_server.host,
        redis_port=redis_server.port,
        redis_secret_arn=store_secret(aws, {"auth_token": redis_server.auth_token}),
        ingest_bucket=ingest_bucket,
        media_bucket="media-test",
        state_machine_arn=state_machine_arn,
        max_upload_bytes=MAX_UPLOAD_BYTES,
        cors_origins=(CORS_ORIGIN,),
    )


@pytest.fixture
def parallel(api: ApiClient) -> ParallelCalls:
    """Makes calls at once in environments of their own."""
    return partial(call_in_parallel, api)


@pytest.fixture
def api(api_settings: ApiSettings, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> ApiClient:
    monkeypatch.setattr(ledger.settings, "CA_BUNDLE_PATH", authority.ca_path)
    return ApiClient(Application(Resources(api_settings)), api_settings)


def store_secret(aws: Any, content: Mapping[str, str]) -> str:
    """Keeps a secret in the emulator and gives its ARN."""
    made = aws.client("secretsmanager").create_secret(
        Name=f"secret-{secrets.token_hex(6)}", SecretString=json.dumps(content)
    )
    return str(made["ARN"])
