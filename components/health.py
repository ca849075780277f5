"""The function that tells without a key whether the API is well, and how often it may be asked."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.cache import CacheAccess
from components.function import FunctionPlatform, LambdaFunction, LambdaFunctionArgs
from components.policies import Statement
from components.routes import HEALTH_PATH

_TIMEOUT_SECONDS = 10  # both stores have given up long before
_RUNS = 2
# Monitors ask some times a minute, and an answer serves for five seconds anyway.
_CALLS_PER_SECOND = 10.0
_CALLS_AT_ONCE = 10


def build_health_function(
    name: str,
    platform: FunctionPlatform,
    redis: CacheAccess,
    cors_origins: Sequence[str],
    *,
    parent: pulumi.Resource,
) -> LambdaFunction:
    """Create a function that may ask the ledger and the cache, and nothing else.

    Args:
        name: logical name.
        platform: what all functions share; where runs are kept free for the API, some are for this one.
        redis: the cache.
        cors_origins: web origins whose pages may read the answer.
        parent: component that it belongs to.
    """
    return LambdaFunction(
        name,
        LambdaFunctionArgs(
            platform=platform,
            role="health",
            handler="metadata_api.health.handler",
            description="Tells whether the API is well",
            timeout_seconds=_TIMEOUT_SECONDS,
            environment={
                "REDIS_HOST": redis.host,
                "REDIS_PORT": pulumi.Output.from_input(redis.port).apply(str),
                "REDIS_SECRET_ARN": redis.secret_arn,
                "CORS_ORIGINS": ",".join(cors_origins),
            },
            statements=[
                Statement(
                    sid="ReadRedisSecret",
                    actions=["secretsmanager:GetSecretValue"],
                    resources=[redis.secret_arn],
                )
            ],
            reserved_concurrency=_RUNS if platform.settings.api_reserved_concurrency else None,
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def throttle_health(
    name: str,
    api: aws.apigateway.RestApi,
    stage: aws.apigateway.Stage,
    *,
    after: pulumi.Resource,
    parent: pulumi.Resource,
) -> None:
    """Limit calls of health for all callers together, since none of them has a key with a plan.

    Args:
        name: start of the logical name.
        api: REST API of the path.
        stage: its stage.
        after: log group that the settings lead to.
        parent: component that the settings belong to.
    """
    aws.apigateway.MethodSettings(
        f"{name}-health-settings",
        rest_api=api.id,
        stage_name=stage.stage_name,
        method_path=f"{HEALTH_PATH}/GET",
        settings=aws.apigateway.MethodSettingsSettingsArgs(
            metrics_enabled=True,
            logging_level="ERROR",
            data_trace_enabled=False,
            throttling_rate_limit=_CALLS_PER_SECOND,
            throttling_burst_limit=_CALLS_AT_ONCE,
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[after]),
    )
