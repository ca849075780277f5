"""The function that tells without a key whether the API is well, and how often it may be asked."""

from collections.abc import Sequence

import pulumi

from components.cache import CacheAccess
from components.function import FunctionPlatform, LambdaFunction, LambdaFunctionArgs
from components.method_limits import CallLimits
from components.policies import Statement

_TIMEOUT_SECONDS = 10  # both stores have given up long before
_RUNS = 2
# Monitors ask some times a minute, and an answer serves for five seconds anyway.
# For all callers together, since none of them has a key with a plan.
HEALTH_LIMITS = CallLimits(per_second=10.0, at_once=10)


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
                **redis.environment,
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
