"""The token broker serves Step Functions and nothing else."""

import pytest

from local.agent.broker import TokenBroker
from local.agent.endpoint import Request
from local.agent.tokens import TokenRegistry
from local.aws import AwsAccess


@pytest.mark.parametrize("headers", [{}, {"X-Amz-Target": "AmazonSQS.SendMessage"}])
def test_calls_of_other_services_are_refused_and_not_forwarded(headers: dict[str, str]) -> None:
    nobody = AwsAccess("http://127.0.0.1:1", "ap-northeast-1")
    broker = TokenBroker(nobody, TokenRegistry())

    answer = broker.handle(Request("GET", "/bucket/key", headers, b""))

    assert answer.status == 400
