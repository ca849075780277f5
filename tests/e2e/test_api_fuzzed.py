"""The API keeps its own description for made-up requests; `make test-api` asks far more."""

import pytest

from tests.fuzz.run import fuzz
from tests.platform_client import Platform


@pytest.mark.timeout(300)
def test_made_up_requests_get_the_documented_answers(platform: Platform) -> None:
    report = fuzz(platform, ["--phases", "fuzzing", "--max-examples", "2"], timeout_seconds=280)

    assert report.passed, report.text
    assert report.cases >= 80
