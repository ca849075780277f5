"""AWS clients, made at first use (import and creation are most of a cold start) and kept."""

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

_CONNECT_TIMEOUT_SECONDS = 2
_READ_TIMEOUT_SECONDS = 5
_TOTAL_ATTEMPTS = 3
_HINT_SECONDS = 1
# The function that makes keys may start anew and asks API Gateway two things; the API itself has 28 seconds.
_MAKING_SECONDS = 24


def client_config() -> "Config":
    """Short timeouts and few attempts: the callers' queues and schedules retry at a higher level."""
    from botocore.config import Config

    return Config(
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        read_timeout=_READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _TOTAL_ATTEMPTS},
    )


@cache
def s3() -> "S3Client":
    """Client for reading object heads."""
    import boto3

    return boto3.client("s3", config=client_config())


@cache
def stepfunctions() -> "SFNClient":
    """Client for executions and task tokens."""
    import boto3

    return boto3.client("stepfunctions", config=client_config())


@cache
def sns() -> "SNSClient":
    """Client for announcements."""
    import boto3

    return boto3.client("sns", config=client_config())


@cache
def secretsmanager() -> "SecretsManagerClient":
    """Client for database logins."""
    import boto3

    return boto3.client("secretsmanager", config=client_config())


@cache
def sqs() -> "SQSClient":
    """Client for messages between functions and for dead letters."""
    import boto3

    return boto3.client("sqs", config=client_config())


@cache
def sqs_for_hints() -> "SQSClient":
    """Client for messages that only make something come sooner: asked once and not for long."""
    import boto3

    return boto3.client("sqs", config=_asked_once(_HINT_SECONDS, connect_timeout_seconds=_HINT_SECONDS))


@cache
def kms() -> "KMSClient":
    """Client for the secrets of webhook endpoints."""
    import boto3

    return boto3.client("kms", config=client_config())


@cache
def lambda_() -> "LambdaClient":
    """Client for the function that makes keys: asked once, because each answer is a key of its own."""
    import boto3

    _keep_answers_out_of_the_log()
    return boto3.client("lambda", config=_asked_once(_MAKING_SECONDS))


@cache
def apigateway() -> "APIGatewayClient":
    """Client for making keys: asked once, because a repeated creation would make a second key."""
    import boto3

    _keep_answers_out_of_the_log()
    return boto3.client("apigateway", config=_asked_once(_READ_TIMEOUT_SECONDS))


@cache
def tagging() -> Any:
    """Client for finding keys by their tags; typed by those who use it."""
    import boto3

    return boto3.client("resourcegroupstaggingapi", config=client_config())


def _asked_once(
    read_timeout_seconds: int, *, connect_timeout_seconds: int = _CONNECT_TIMEOUT_SECONDS
) -> "Config":
    from botocore.config import Config

    return Config(
        connect_timeout=connect_timeout_seconds,
        read_timeout=read_timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": 1},
    )


def _keep_answers_out_of_the_log() -> None:
    """At DEBUG, which Lambda gives the root logger if the stack asks for it, botocore logs whole answers."""
    logging.getLogger("botocore").setLevel(logging.INFO)
