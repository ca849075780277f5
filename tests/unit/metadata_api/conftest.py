"""The API function with nothing behind it, for everything it decides by itself."""

from unittest.mock import Mock

import pytest

from ledger.access.keys import Scope
from metadata_api.access.caller import Caller
from metadata_api.access.callers import Callers
from metadata_api.api import Application
from metadata_api.environment.resources import Resources
from metadata_api.settings import ApiSettings
from tests.api_client import ApiClient


@pytest.fixture
def api_settings() -> ApiSettings:
    return ApiSettings(
        stack="test",
        powertools_service_name="api",
        powertools_log_level="INFO",
        database_host="database.invalid",
        database_port=1,
        database_name="none",
        database_secret_arn="arn:none",
        database_proxied=False,
        redis_host="redis.invalid",
        redis_port=1,
        redis_secret_arn="arn:none",
        signing_secret_arn="arn:none",
        ingest_bucket="ingest-test",
        media_bucket="media-test",
        state_machine_arn="arn:none",
        max_running_jobs=10,
        max_waiting_jobs=100,
        max_upload_bytes=1_000_000,
        deleted_retention_days=7,
        restore_days=3,
        restore_tier="Standard",
        cors_origins=("https://console.example.com",),
        record_access="shared",
        webhook_key_arn="arn:none",
        webhook_trusted_hosts=(),
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
def offline_api(api_settings: ApiSettings) -> ApiClient:
    """Answers only calls that need no server but for whose key it is, which it knows."""
    callers = Mock(Callers)
    callers.of.return_value = Caller(client="default", key_id="k", key_name="first", scope=Scope.OPERATOR)
    return ApiClient(Application(Resources(api_settings), callers), api_settings)
