"""How work enters: files dropped into the ingest bucket, and the sweep that lets no job be forgotten."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.function import FunctionPlatform, LambdaFunction, LambdaFunctionArgs
from components.key_maker import ask_key_maker, key_maker_environment
from components.naming import NameKind
from components.notifications import Topics
from components.policies import Statement, read_sources, restore_sources, use_key
from components.queues import (
    WORK_OFF,
    EventSource,
    RedrivableQueue,
    WorkQueueArgs,
    build_work_queue,
    close_queue,
)
from components.rules import call_by_rule, next_run_does
from components.settings import JobSettings, RestoreSettings
from components.storage import MediaBuckets

_FUNCTION_TIMEOUT_SECONDS = 30
# AWS advises six times the function's timeout, so that a throttled batch is not delivered twice.
_VISIBILITY_SECONDS = 6 * _FUNCTION_TIMEOUT_SECONDS
_ATTEMPTS = 5  # the least that AWS advises for the queue of a function
_BATCH_SIZE = 10
_KEPT_SECONDS = 4 * 86400
_MAINTAIN_TIMEOUT_SECONDS = 55  # below the minute between two runs


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestArgs:
    """Where files arrive and what is started for them.

    Attributes:
        platform: what all functions share.
        buckets: buckets; the ingest bucket reports new objects to EventBridge.
        state_machine_arn: workflow to start.
        state_machine_name: its name.
        topics: topics and the key that encrypts them and the queues.
        restore: how originals are brought back from the archive.
        jobs: largest source that is accepted, how long a job may wait for it, and how many are processed at
            the same time.
    """

    platform: FunctionPlatform
    buckets: MediaBuckets
    state_machine_arn: pulumi.Input[str]
    state_machine_name: pulumi.Input[str]
    topics: Topics
    restore: RestoreSettings
    jobs: JobSettings


class Ingest(pulumi.ComponentResource):
    """Creates the path from S3 events to the workflow, and the maintain function that runs every minute."""

    queue_url: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    ingest_function_name: pulumi.Output[str]
    maintain_function_name: pulumi.Output[str]

    def __init__(self, name: str, args: IngestArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:ingest:Ingest", name, None, opts)
        self._name = name
        self._args = args
        self._names = args.platform.names
        self._child = pulumi.ResourceOptions(parent=self)

        queue, dead_letters = self._build_queues()
        self._build_rule(queue)
        ingest = self._build_ingest_function(queue)
        self._build_mapping(queue, ingest)
        maintain = self._build_maintain_function()
        self._build_schedule(maintain)
        self._redrivable = RedrivableQueue(variable="INGEST", queue=queue, dead_letters=dead_letters)
        self.queue_url = queue.url
        self.dead_letter_queue_url = dead_letters.url
        self.ingest_function_name = ingest.function_name
        self.maintain_function_name = maintain.function_name
        self.register_outputs(
            {
                "queue_url": self.queue_url,
                "dead_letter_queue_url": self.dead_letter_queue_url,
                "ingest_function_name": self.ingest_function_name,
                "maintain_function_name": self.maintain_function_name,
            }
        )

    @property
    def redrivable(self) -> RedrivableQueue:
        """The queue whose dead letters can be given back."""
        return self._redrivable

    def _build_queues(self) -> tuple[aws.sqs.Queue, aws.sqs.Queue]:
        args = self._args
        return build_work_queue(
            self._name,
            WorkQueueArgs(
                names=self._names,
                base_name="video-ingest",
                visibility_seconds=_VISIBILITY_SECONDS,
                kept_seconds=_KEPT_SECONDS,
                attempts=_ATTEMPTS,
                key_arn=args.topics.key_arn,
                tags=args.platform.tags.of("ingest"),
            ),
            parent=self,
        )

    def _build_rule(self, queue: aws.sqs.Queue) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-object-created",
            name=self._names.physical(NameKind.RULE, "video-object-created"),
            description="Objects of the ingest bucket that are new or have come out of the archive",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created", "Object Restore Completed"],
                    "detail": {"bucket": {"name": [self._args.buckets.ingest]}},
                }
            ),
            tags=self._args.platform.tags.of("ingest"),
            opts=self._child,
        )
        source = EventSource(sid="ReceiveObjectEvents", service="events.amazonaws.com", arn=rule.arn)
        policy = close_queue(f"{self._name}-queue-policy", queue, [source], parent=self)
        aws.cloudwatch.EventTarget(
            f"{self._name}-object-created-target",
            rule=rule.name,
            arn=queue.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _build_ingest_function(self, queue: aws.sqs.Queue) -> LambdaFunction:
        args = self._args
        return LambdaFunction(
            f"{self._name}-ingest",
            LambdaFunctionArgs(
                platform=args.platform,
                role="ingest",
                reserved_concurrency=args.platform.settings.background_reserved_concurrency or None,
                handler="orchestration.ingest.handler",
                description="Turns new objects into jobs, starts their workflow, wakes jobs on restored ones",
                timeout_seconds=_FUNCTION_TIMEOUT_SECONDS,
                environment={
                    "INGEST_BUCKET": args.buckets.ingest,
                    "STATE_MACHINE_ARN": args.state_machine_arn,
                    "MAX_RUNNING_JOBS": str(args.jobs.max_running_jobs),
                    "MAX_UPLOAD_BYTES": str(args.jobs.max_upload_bytes),
                    "CLIENT_PREFIXES": ",".join(args.jobs.client_prefixes),
                },
                statements=[
                    Statement(
                        sid="ReceiveEvents",
                        actions=WORK_OFF,
                        resources=[queue.arn],
                    ),
                    *self._inspection(),
                    self._start_workflow(),
                    use_key("UseMessagesKey", args.topics.key_arn, write=False),
                    use_key("UseMediaKey", args.buckets.key_arn, write=False),
                ],
            ),
            opts=self._child,
        )

    def _inspection(self) -> list[Statement]:
        bucket_arn = self._args.buckets.ingest_arn
        return [
            Statement(
                sid="InspectUploads",
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                resources=[pulumi.Output.concat(bucket_arn, "/*")],
            ),
            # So that the lifecycle archives originals alone. Writing tags replaces those that are there.
            Statement(
                sid="MarkOriginals",
                actions=["s3:GetObjectVersionTagging", "s3:PutObjectVersionTagging"],
                resources=[pulumi.Output.concat(bucket_arn, "/*")],
            ),
            # Without ListBucket a deleted upload is reported as forbidden and would be retried in vain.
            Statement(sid="TellMissingUploads", actions=["s3:ListBucket"], resources=[bucket_arn]),
        ]

    def _build_mapping(self, queue: aws.sqs.Queue, function: LambdaFunction) -> None:
        aws.lambda_.EventSourceMapping(
            f"{self._name}-mapping",
            event_source_arn=queue.arn,
            function_name=function.function_name,
            batch_size=_BATCH_SIZE,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=aws.lambda_.EventSourceMappingScalingConfigArgs(
                maximum_concurrency=self._args.platform.settings.ingest_concurrency
            ),
            tags=self._args.platform.tags.of("ingest"),
            # Lambda tests at creation whether the role may receive messages.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function]),
        )

    def _start_workflow(self) -> Statement:
        return Statement(
            sid="StartWorkflow", actions=["states:StartExecution"], resources=[self._args.state_machine_arn]
        )

    def _build_maintain_function(self) -> LambdaFunction:
        args = self._args
        executions = pulumi.Output.concat(
            self._names.arn("states", "execution:"), args.state_machine_name, ":*"
        )
        return LambdaFunction(
            f"{self._name}-maintain",
            LambdaFunctionArgs(
                platform=args.platform,
                role="maintain",
                reserved_concurrency=args.platform.settings.background_reserved_concurrency or None,
                handler="upkeep.maintain.handler",
                description="Starts waiting jobs, reconciles lost ones and keys, delivers announcements",
                timeout_seconds=_MAINTAIN_TIMEOUT_SECONDS,
                environment={
                    "STATE_MACHINE_ARN": args.state_machine_arn,
                    "MAX_RUNNING_JOBS": str(args.jobs.max_running_jobs),
                    "COMPLETION_TOPIC_ARN": args.topics.completion_arn,
                    "ERROR_TOPIC_ARN": args.topics.error_arn,
                    "UPLOAD_EXPIRY_SECONDS": str(args.jobs.upload_expiry_seconds),
                    **args.restore.environment,
                    **key_maker_environment(self._names),
                },
                statements=[
                    self._start_workflow(),
                    ask_key_maker(self._names),
                    Statement(
                        sid="FollowWorkflow", actions=["states:DescribeExecution"], resources=[executions]
                    ),
                    Statement(
                        sid="Announce",
                        actions=["sns:Publish"],
                        resources=[args.topics.completion_arn, args.topics.error_arn],
                    ),
                    use_key("UseMessagesKey", args.topics.key_arn, write=True),
                    *read_sources(args.buckets.ingest_arn),
                    restore_sources(args.buckets.ingest_arn),
                    use_key("UseMediaKey", args.buckets.key_arn, write=False),
                ],
            ),
            opts=self._child,
        )

    def _build_schedule(self, maintain: LambdaFunction) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-maintain-schedule",
            name=self._names.physical(NameKind.RULE, "video-maintain"),
            description="Runs the maintain function every minute",
            schedule_expression="rate(1 minute)",
            tags=self._args.platform.tags.of("ingest"),
            opts=self._child,
        )
        call_by_rule(
            f"{self._name}-maintain",
            rule,
            maintain,
            retry=next_run_does(),
            parent=self,
        )
