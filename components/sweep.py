"""The sweep: deletes for good what was deleted or left behind, and heals what got lost in the buckets."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.function import FileMount, FunctionPlatform, LambdaFunction, LambdaFunctionArgs
from components.naming import NameKind
from components.policies import Statement, use_key
from components.rules import call_by_rule, next_run_does
from components.settings import RetentionSettings
from components.storage import MediaBuckets, SharedFiles

_SHARED_DIRECTORY = "/mnt/shared"
_TIMEOUT_SECONDS = 240  # below the five minutes between two runs


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepArgs:
    """What is swept, and when.

    Attributes:
        platform: what all functions share.
        buckets: buckets with sources and outputs.
        shared_files: file system of chunked jobs.
        ingest_queue: where lost events are told again.
        messages_key_arn: key that encrypts the queue.
        retention: how long the content of deleted videos is kept.
    """

    platform: FunctionPlatform
    buckets: MediaBuckets
    shared_files: SharedFiles
    ingest_queue: aws.sqs.Queue
    messages_key_arn: pulumi.Input[str]
    retention: RetentionSettings


class Sweep(pulumi.ComponentResource):
    """Creates the sweep function and its schedule. It alone may delete objects of the buckets."""

    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: SweepArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:sweep:Sweep", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        function = self._build_function()
        self._build_schedule(function)
        self.function_name = function.function_name
        self.register_outputs({"function_name": self.function_name})

    def _build_function(self) -> LambdaFunction:
        args = self._args
        return LambdaFunction(
            f"{self._name}-sweep",
            LambdaFunctionArgs(
                platform=args.platform,
                role="sweep",
                reserved_concurrency=args.platform.settings.background_reserved_concurrency or None,
                handler="upkeep.sweep.handler",
                description="Deletes what was deleted or left behind, heals what got lost in the buckets",
                timeout_seconds=_TIMEOUT_SECONDS,
                environment={
                    "INGEST_BUCKET": args.buckets.ingest,
                    "MEDIA_BUCKET": args.buckets.media,
                    "INGEST_QUEUE_URL": args.ingest_queue.url,
                    "DELETED_RETENTION_DAYS": str(args.retention.deleted_retention_days),
                    "SHARED_DIR": _SHARED_DIRECTORY,
                },
                statements=self._statements(),
                mount=FileMount(
                    access_point_arn=args.shared_files.sweep_access_point_arn, path=_SHARED_DIRECTORY
                ),
                after=args.shared_files.mount_targets,
            ),
            opts=self._child,
        )

    def _statements(self) -> list[Statement]:
        buckets, shared = self._args.buckets, self._args.shared_files
        return [
            Statement(
                sid="ListVersions",
                actions=["s3:ListBucketVersions"],
                resources=[buckets.ingest_arn, buckets.media_arn],
            ),
            Statement(
                sid="PurgeDeletedVideos",
                actions=["s3:DeleteObject", "s3:DeleteObjectVersion"],
                resources=[
                    pulumi.Output.concat(buckets.ingest_arn, "/*"),
                    pulumi.Output.concat(buckets.media_arn, "/videos/*"),
                ],
            ),
            shared.mount_statement(shared.sweep_access_point_arn),
            *self._healing(),
        ]

    def _healing(self) -> list[Statement]:
        buckets = self._args.buckets
        sources = pulumi.Output.concat(buckets.ingest_arn, "/uploads/*")
        outputs = pulumi.Output.concat(buckets.media_arn, "/videos/*")
        return [
            Statement(
                sid="ResendLostEvents", actions=["sqs:SendMessage"], resources=[self._args.ingest_queue.arn]
            ),
            use_key("UseMessagesKey", self._args.messages_key_arn, write=True),
            Statement(sid="TagLeftovers", actions=["s3:PutObjectTagging"], resources=[outputs]),
            Statement(
                sid="ListUnfinishedUploads",
                actions=["s3:ListBucketMultipartUploads"],
                resources=[buckets.ingest_arn, buckets.media_arn],
            ),
            Statement(
                sid="AbortUnfinishedUploads",
                actions=["s3:AbortMultipartUpload"],
                resources=[sources, outputs],
            ),
        ]

    def _build_schedule(self, sweep: LambdaFunction) -> None:
        platform = self._args.platform
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-schedule",
            name=platform.names.physical(NameKind.RULE, "video-sweep"),
            description="Runs the sweep function every five minutes",
            schedule_expression="rate(5 minutes)",
            tags=platform.tags.of("sweep"),
            opts=self._child,
        )
        call_by_rule(self._name, rule, sweep, retry=next_run_does(), parent=self)
