"""The API function against real servers."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest

import ledger.database.settings
from ledger.database.connection import LedgerConnection
from local.servers.emulator import ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY, EmulatorServer
from local.servers.redis import RedisServer
from local.servers.tls import Authority
from metadata_api.api import Application
from metadata_api.environment.resources import Resources
from metadata_api.settings import ApiSettings
from tests.api_client import (
    ApiClient,
    ParallelCalls,
    call_in_parallel,
    forget_clients,
)
from tests.buckets import make_bucket
from tests.integration.functions.sweep_world import World, make_buckets, make_world
from tests.integration.functions.webhook_system import WebhookSystem
from tests.receiver import Receiver, receiver

MAX_UPLOAD_BYTES = 1_000_000
MAX_RUNNING_JOBS = 100
MAX_WAITING_JOBS = 250
DELETED_RETENTION_DAYS = 7
CORS_ORIGIN = "https://console.example.com"


@pytest.fixture(scope="session")
def account(emulator: EmulatorServer) -> boto3.session.Session:
    """The emulator's account, for what all tests share."""
    return boto3.session.Session(
        aws_access_key_id=ROOT_ACCESS_KEY_ID,
        aws_secret_access_key=ROOT_SECRET_ACCESS_KEY,
        region_name=emulator.region,
    )


@pytest.fixture
def aws(
    emulator: EmulatorServer, account: boto3.session.Session, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Makes plain boto3 clients talk to the emulator."""
    for name, value in {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_REGION": emulator.region,
        "AWS_DEFAULT_REGION": emulator.region,
        "AWS_ACCESS_KEY_ID": ROOT_ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET_ACCESS_KEY,
    }.items():
        monkeypatch.setenv(name, value)
    # A session of its own would keep the credentials it saw first, and read the services' descriptions anew.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", account)
    forget_clients()
    yield boto3
    forget_clients()


@pytest.fixture
def swept(
    emulator: EmulatorServer,
    account: boto3.session.Session,
    aws: Any,
    ledger_database: Any,
    ledger_conn: LedgerConnection,
    tmp_path: Path,
) -> Iterator[World]:
    """What the sweep works on; the buckets are of its own, because a scan sees all of them."""
    buckets = make_buckets(account.client("s3", endpoint_url=emulator.url), emulator.region)
    made = make_world(aws, buckets, ledger_database, ledger_conn, tmp_path)
    yield made
    made.services.keeper.close()


@pytest.fixture(scope="session")
def ingest_bucket(emulator: EmulatorServer) -> str:
    return make_bucket(emulator, "ingest")


@pytest.fixture(scope="session")
def state_machine_arn(emulator: EmulatorServer, account: boto3.session.Session) -> str:
    role_name = f"machine-{secrets.token_hex(6)}"
    trust = {"Version": "2012-10-17", "Statement": []}
    iam = account.client("iam", endpoint_url=emulator.url)
    role = iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=json.dumps(trust))
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    made = account.client("stepfunctions", endpoint_url=emulator.url).create_state_machine(
        name=role_name, definition=json.dumps(definition), roleArn=role["Role"]["Arn"]
    )
    return str(made["stateMachineArn"])


@pytest.fixture(scope="session")
def secret_arns(
    emulator: EmulatorServer, account: boto3.session.Session, ledger_template: Any, redis_server: RedisServer
) -> Mapping[str, str]:
    """Logins of the shared servers, as the deployed function finds them."""
    client = account.client("secretsmanager", endpoint_url=emulator.url)
    login = ledger_template.application.current()
    return {
        "database": store_secret(client, {"username": login.username, "password": login.password}),
        "redis": store_secret(client, {"auth_token": redis_server.auth_token}),
        "signing": store_secret(client, {"current": {"id": "1", "key": secrets.token_hex(16)}}),
    }


@pytest.fixture(scope="session")
def webhook_key_arn(emulator: EmulatorServer, account: boto3.session.Session) -> str:
    return str(account.client("kms", endpoint_url=emulator.url).create_key()["KeyMetadata"]["Arn"])


@pytest.fixture
def api_settings(
    aws: Any,
    ledger_database: Any,
    redis_server: RedisServer,
    secret_arns: Mapping[str, str],
    ingest_bucket: str,
    state_machine_arn: str,
    webhook_key_arn: str,
) -> ApiSettings:
    return ApiSettings(
        stack="test",
        powertools_service_name="api",
        powertools_log_level="INFO",
        database_host=ledger_database.settings.host,
        database_port=ledger_database.settings.port,
        database_name=ledger_database.settings.name,
        database_secret_arn=secret_arns["database"],
        database_proxied=False,
        redis_host=redis_server.host,
        redis_port=redis_server.port,
        redis_secret_arn=secret_arns["redis"],
        signing_secret_arn=secret_arns["signing"],
        ingest_bucket=ingest_bucket,
        media_bucket="media-test",
        state_machine_arn=state_machine_arn,
        max_running_jobs=MAX_RUNNING_JOBS,
        max_waiting_jobs=MAX_WAITING_JOBS,
        max_upload_bytes=MAX_UPLOAD_BYTES,
        deleted_retention_days=DELETED_RETENTION_DAYS,
        restore_days=3,
        restore_tier="Standard",
        cors_origins=(CORS_ORIGIN,),
        record_access="shared",
        webhook_key_arn=webhook_key_arn,
        webhook_trusted_hosts=("127.0.0.1",),
        ingest_queue_url="https://sqs.invalid/ingest",
        ingest_dead_letter_queue_url="https://sqs.invalid/ingest-dead",
        webhook_queue_url="https://sqs.invalid/webhook",
        webhook_dead_letter_queue_url="https://sqs.invalid/webhook-dead",
        webhook_report_queue_url="https://sqs.invalid/webhook_report",
        webhook_report_dead_letter_queue_url="https://sqs.invalid/webhook_report-dead",
        key_maker_function_name="video-key-maker-test",
        edge_url=(),
        edge_secret_arn=(),
        edge_queue_url=(),
        viewing_least_hours=12,
        viewing_most_hours=48,
    )


@pytest.fixture
def parallel(api: ApiClient) -> ParallelCalls:
    """Makes calls at once in environments of their own."""
    return partial(call_in_parallel, api)


@pytest.fixture
def api(api_settings: ApiSettings, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> ApiClient:
    monkeypatch.setattr(ledger.database.settings, "CA_BUNDLE_PATH", authority.ca_path)
    return ApiClient(Application(Resources(api_settings)), api_settings)


def store_secret(client: Any, content: Mapping[str, Any]) -> str:
    """Keeps a secret in the emulator and gives its ARN."""
    made = client.create_secret(Name=f"secret-{secrets.token_hex(6)}", SecretString=json.dumps(content))
    return str(made["ARN"])


@pytest.fixture
def webhooks(
    aws: Any, api: ApiClient, ledger_database: Any, ledger_conn: LedgerConnection
) -> Iterator[WebhookSystem]:
    """Both functions of webhooks with queues of their own."""
    sqs = aws.client("sqs")
    urls = [sqs.create_queue(QueueName=f"webhooks-{secrets.token_hex(6)}")["QueueUrl"] for _ in range(2)]
    settings = replace(api.settings, webhook_report_queue_url=urls[1])
    client = replace(api, application=Application(Resources(settings)), settings=settings)
    yield WebhookSystem(client, ledger_database, ledger_conn, sqs, *urls)
    for url in urls:
        sqs.delete_queue(QueueUrl=url)


@pytest.fixture(scope="module")
def receiving() -> Iterator[Receiver]:
    """A server that takes webhooks."""
    with receiver() as running:
        yield running


@pytest.fixture
def endpoint(receiving: Receiver) -> Receiver:
    """The same without memory of the tests before."""
    receiving.calls.clear()
    receiving.answers.clear()
    return receiving
