"""The waits that a call can meet add up to what callers are promised; no clock is needed to see that."""

from ledger.database.connection import _PROBE_TIMEOUT_SECONDS
from metadata_api.environment.live_progress import TIMEOUT_SECONDS
from metadata_api.environment.stores import ANSWER_TIMEOUT_SECONDS
from metadata_api.settings import ApiSettings
from runtime.database import database_settings

PROMISED_SECONDS = 3.0


def test_a_hanging_database_is_given_up_in_time(api_settings: ApiSettings) -> None:
    connect_seconds = database_settings(api_settings).connect_timeout_seconds

    # Either a trusted connection does not answer, or an old one fails its probe and a new one is tried.
    assert ANSWER_TIMEOUT_SECONDS < PROMISED_SECONDS
    assert _PROBE_TIMEOUT_SECONDS + connect_seconds < PROMISED_SECONDS


def test_a_hanging_cache_costs_a_quarter_of_a_second() -> None:
    assert TIMEOUT_SECONDS <= 0.25
