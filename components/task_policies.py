"""What the two roles of the processing task may do: the one that starts it, the one it works with. Pure."""

import pulumi

from components.cache import CacheAccess
from components.function import DatabaseAccess
from components.policies import Statement, read_sources, use_key, write_logs
from components.storage import MediaBuckets, SharedFiles


def execution_statements(
    *,
    log_group_arn: str,
    database: DatabaseAccess,
    redis: CacheAccess,
    repository_arn: pulumi.Input[str] | None,
) -> list[Statement]:
    """Give what ECS needs to start a task: its log, its secrets, and an image that is in this account."""
    statements = [
        write_logs(log_group_arn),
        Statement(
            sid="ReadTaskSecrets",
            actions=["secretsmanager:GetSecretValue"],
            resources=[database.secret_arn, redis.secret_arn],
        ),
        use_key("DecryptSecrets", database.key_arn, write=False),
    ]
    if repository_arn is not None:
        pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
        statements += [
            Statement(sid="PullImageLogin", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
            Statement(sid="PullImage", actions=pull, resources=[repository_arn]),
        ]
    return statements


def task_statements(buckets: MediaBuckets, shared: SharedFiles) -> list[Statement]:
    """Give what a running task needs: sources, outputs, its task token, and the shared file system."""
    return [
        *read_sources(buckets.ingest_arn),
        Statement(
            sid="PublishRenditions",
            actions=["s3:PutObject", "s3:AbortMultipartUpload", "s3:GetObject"],
            resources=[pulumi.Output.concat(buckets.media_arn, "/videos/*")],
        ),
        *_superseded_statements(buckets.media_arn),
        use_key("UseMediaKey", buckets.key_arn, write=True),
        Statement(
            sid="AnswerTaskTokens",
            actions=["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"],
            resources=["*"],
        ),
        shared.mount_statement(shared.access_point_arn),
    ]


def _superseded_statements(media_arn: pulumi.Input[str]) -> list[Statement]:
    """What a task needs to find and tag the outputs of the attempts that came before it."""
    videos = {"StringLike": {"s3:prefix": "videos/*"}}
    objects = pulumi.Output.concat(media_arn, "/videos/*")
    return [
        Statement(
            sid="FindSupersededOutputs", actions=["s3:ListBucket"], resources=[media_arn], conditions=videos
        ),
        Statement(sid="TagSupersededOutputs", actions=["s3:PutObjectTagging"], resources=[objects]),
    ]
