"""How other systems are told: a function that signs and records, and one outside the network that calls."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.function import FunctionPlatform, LambdaFunction, LambdaFunctionArgs
from components.naming import NameKind
from components.policies import Statement, use_key
from components.queues import (
    WORK_OFF,
    EventSource,
    RedrivableQueue,
    WorkQueueArgs,
    build_work_queue,
    close_queue,
)
from components.rules import call_by_rule, next_run_does

_DISPATCH_TIMEOUT_SECONDS = 30
_SENDER_TIMEOUT_SECONDS = 60  # the name, five seconds for each address that is silent, and 15 s for the call
_QUEUE_FACTOR = 6  # AWS advises a visibility of six times the function's timeout
_SEND_ATTEMPTS = 3
# A report is worth keeping for as long as the database may be away.
_REPORT_ATTEMPTS = 100
_KEPT_SECONDS = 4 * 86400
_REPORTS_AT_ONCE = 10
_SENDERS = 10
_RECORDERS = 2
_LEAST_CONCURRENCY = 2  # Lambda takes no smaller limit for a queue


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAccess:
    """What the API must know to take up endpoints.

    Attributes:
        key_arn: key that seals their secrets.
        trusted_hosts: hosts that may be reached without TLS and anywhere.
    """

    key_arn: pulumi.Input[str]
    trusted_hosts: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksArgs:
    """What webhooks need.

    Attributes:
        platform: what all functions share.
        messages_key_arn: key that encrypts the queues.
        secrets_key_arn: key that seals the endpoints' secrets.
        state_machine_arn: workflow whose end is worth telling at once.
        trusted_hosts: hosts that may be reached without TLS and anywhere; for receivers on one machine.
    """

    platform: FunctionPlatform
    messages_key_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    state_machine_arn: pulumi.Input[str]
    trusted_hosts: Sequence[str]


class Webhooks(pulumi.ComponentResource):
    """Creates the function that signs deliveries and records reports, the one that calls, and their queues.

    The sender has no way to the network of the stores and no secret; the other has no way to an endpoint.
    The two feed each other for as long as deliveries are due, so both are let off Lambda's loop detection.
    What bounds the chain is the ledger: a delivery is tried ten times, and a report is recorded once.
    """

    queue_url: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    report_queue_url: pulumi.Output[str]
    report_dead_letter_queue_url: pulumi.Output[str]
    function_name: pulumi.Output[str]
    sender_function_name: pulumi.Output[str]

    def __init__(self, name: str, args: WebhooksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:webhooks:Webhooks", name, None, opts)
        self._name = name
        self._args = args
        self._names = args.platform.names
        self._child = pulumi.ResourceOptions(parent=self)

        calls, dead_calls = self._build_queue(
            "calls", "video-webhooks", _SENDER_TIMEOUT_SECONDS, _SEND_ATTEMPTS
        )
        reports, dead_reports = self._build_queue(
            "reports", "video-webhook-reports", _DISPATCH_TIMEOUT_SECONDS, _REPORT_ATTEMPTS
        )
        dispatcher = self._build_dispatcher(calls, reports)
        sender = self._build_sender(calls, reports)
        self._feed("calls", calls, sender, batch_size=1, concurrency=_SENDERS)
        self._feed("reports", reports, dispatcher, batch_size=_REPORTS_AT_ONCE, concurrency=_RECORDERS)
        self._build_rules(dispatcher)
        self._redrivable = (
            RedrivableQueue(variable="WEBHOOK", queue=calls, dead_letters=dead_calls),
            RedrivableQueue(variable="WEBHOOK_REPORT", queue=reports, dead_letters=dead_reports),
        )
        self.queue_url = calls.url
        self.dead_letter_queue_url = dead_calls.url
        self.report_queue_url = reports.url
        self.report_dead_letter_queue_url = dead_reports.url
        self.function_name = dispatcher.function_name
        self.sender_function_name = sender.function_name
        self.register_outputs(
            {
                "queue_url": self.queue_url,
                "dead_letter_queue_url": self.dead_letter_queue_url,
                "report_queue_url": self.report_queue_url,
                "report_dead_letter_queue_url": self.report_dead_letter_queue_url,
                "function_name": self.function_name,
                "sender_function_name": self.sender_function_name,
            }
        )

    @property
    def access(self) -> WebhookAccess:
        """What the API needs to know."""
        return WebhookAccess(key_arn=self._args.secrets_key_arn, trusted_hosts=self._args.trusted_hosts)

    @property
    def redrivable(self) -> Sequence[RedrivableQueue]:
        """The queues whose dead letters can be given back."""
        return self._redrivable

    def _build_queue(
        self, role: str, base_name: str, function_timeout_seconds: int, attempts: int
    ) -> tuple[aws.sqs.Queue, aws.sqs.Queue]:
        queue, dead_letters = build_work_queue(
            f"{self._name}-{role}",
            WorkQueueArgs(
                names=self._names,
                base_name=base_name,
                visibility_seconds=_QUEUE_FACTOR * function_timeout_seconds,
                kept_seconds=_KEPT_SECONDS,
                attempts=attempts,
                key_arn=self._args.messages_key_arn,
                tags=self._args.platform.tags.of("webhooks"),
            ),
            parent=self,
        )
        sources: list[EventSource] = []  # only this account's functions send, by their own roles
        close_queue(f"{self._name}-{role}-queue-policy", queue, sources, parent=self)
        return queue, dead_letters

    def _build_dispatcher(self, calls: aws.sqs.Queue, reports: aws.sqs.Queue) -> LambdaFunction:
        args = self._args
        return LambdaFunction(
            f"{self._name}-dispatch",
            LambdaFunctionArgs(
                platform=args.platform,
                role="webhooks",
                reserved_concurrency=args.platform.settings.background_reserved_concurrency or None,
                handler="webhooks.dispatcher.handler",
                description="Signs webhooks, hands them to the sender and records what came of them",
                timeout_seconds=_DISPATCH_TIMEOUT_SECONDS,
                environment={"WEBHOOK_KEY_ARN": args.secrets_key_arn, "WEBHOOK_QUEUE_URL": calls.url},
                statements=[
                    Statement(sid="ReceiveReports", actions=WORK_OFF, resources=[reports.arn]),
                    Statement(sid="HandOverCalls", actions=["sqs:SendMessage"], resources=[calls.arn]),
                    use_key("UseMessagesKey", args.messages_key_arn, write=True),
                    use_key("OpenSecrets", args.secrets_key_arn, write=False),
                ],
                recursive=True,
            ),
            opts=self._child,
        )

    def _build_sender(self, calls: aws.sqs.Queue, reports: aws.sqs.Queue) -> LambdaFunction:
        args = self._args
        return LambdaFunction(
            f"{self._name}-sender",
            LambdaFunctionArgs(
                platform=args.platform,
                role="webhook-sender",
                reserved_concurrency=args.platform.settings.background_reserved_concurrency or None,
                handler="webhooks.sender.handler",
                description="Calls webhook endpoints on the internet",
                timeout_seconds=_SENDER_TIMEOUT_SECONDS,
                environment={
                    "WEBHOOK_REPORT_QUEUE_URL": reports.url,
                    "WEBHOOK_TRUSTED_HOSTS": ",".join(args.trusted_hosts),
                },
                statements=[
                    Statement(sid="ReceiveCalls", actions=WORK_OFF, resources=[calls.arn]),
                    Statement(sid="ReportCalls", actions=["sqs:SendMessage"], resources=[reports.arn]),
                    use_key("UseMessagesKey", args.messages_key_arn, write=True),
                ],
                outside=True,
                recursive=True,
            ),
            opts=self._child,
        )

    def _feed(
        self, role: str, queue: aws.sqs.Queue, function: LambdaFunction, *, batch_size: int, concurrency: int
    ) -> None:
        # More runs than are kept free would be throttled, and throttled messages count as tried.
        reserve = self._args.platform.settings.background_reserved_concurrency
        aws.lambda_.EventSourceMapping(
            f"{self._name}-{role}-mapping",
            event_source_arn=queue.arn,
            function_name=function.function_name,
            batch_size=batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=aws.lambda_.EventSourceMappingScalingConfigArgs(
                maximum_concurrency=min(concurrency, max(_LEAST_CONCURRENCY, reserve or concurrency))
            ),
            tags=self._args.platform.tags.of("webhooks"),
            # Lambda tests at creation whether the role may receive messages.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function]),
        )

    def _build_rules(self, dispatcher: LambdaFunction) -> None:
        ended = {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {
                "stateMachineArn": [self._args.state_machine_arn],
                "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
            },
        }
        sweep = aws.cloudwatch.EventRule(
            f"{self._name}-sweep",
            name=self._names.physical(NameKind.RULE, "video-webhooks"),
            description="Runs the webhooks function every minute",
            schedule_expression="rate(1 minute)",
            tags=self._args.platform.tags.of("webhooks"),
            opts=self._child,
        )
        at_once = aws.cloudwatch.EventRule(
            f"{self._name}-job-ended",
            name=self._names.physical(NameKind.RULE, "video-webhooks-job-ended"),
            description="Runs the webhooks function when a job has ended",
            event_pattern=pulumi.Output.json_dumps(ended),
            tags=self._args.platform.tags.of("webhooks"),
            opts=self._child,
        )
        for role, rule in (("sweep", sweep), ("job-ended", at_once)):
            call_by_rule(
                f"{self._name}-{role}",
                rule,
                dispatcher,
                retry=next_run_does(),
                parent=self,
            )
