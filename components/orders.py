"""The function that takes the orders of executions that people start in the Step Functions console."""

import pulumi

from components.function import FunctionPlatform, LambdaFunction, LambdaFunctionArgs
from components.policies import read_sources, use_key
from components.settings import JobSettings, RestoreSettings
from components.storage import MediaBuckets

_TIMEOUT_SECONDS = 25  # below the 30 s that the workflow waits for it


def build_order_function(
    name: str,
    platform: FunctionPlatform,
    jobs: JobSettings,
    restore: RestoreSettings,
    buckets: MediaBuckets,
    *,
    parent: pulumi.Resource,
) -> LambdaFunction:
    """Create the function, which checks an order as the API does and makes its job; it starts nothing.

    Args:
        name: Logical name.
        platform: What all functions share.
        jobs: What orders are checked against.
        restore: How their files come out of the archive.
        buckets: Where the files of orders are.
        parent: Component that it belongs to.
    """
    return LambdaFunction(
        name,
        LambdaFunctionArgs(
            platform=platform,
            role="order",
            handler="metadata_api.console.handler",
            description="Takes orders of executions",
            timeout_seconds=_TIMEOUT_SECONDS,
            environment={
                "INGEST_BUCKET": buckets.ingest,
                "MAX_WAITING_JOBS": str(jobs.max_waiting_jobs),
                "MAX_UPLOAD_BYTES": str(jobs.max_upload_bytes),
                **restore.environment,
            },
            statements=[
                *read_sources(buckets.ingest_arn),
                use_key("UseMediaKey", buckets.key_arn, write=False),
            ],
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )
