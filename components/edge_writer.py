"""The edge's key value store, the secret whose keys it holds, and the one function that writes to it."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.edge_settings import DeliverySettings
from components.function import FunctionPlatform, LambdaFunction, LambdaFunctionArgs
from components.policies import Statement, use_key
from components.queues import WORK_OFF, WorkQueueArgs, build_work_queue, close_queue
from components.settings import ProtectionSettings

_TIMEOUT_SECONDS = 60
_QUEUE_FACTOR = 6  # AWS advises a visibility of six times the function's timeout
_ATTEMPTS = 100
_KEPT_SECONDS = 4 * 86400
_RULINGS_AT_ONCE = 10
_LEAST_CONCURRENCY = 2  # Lambda takes no smaller limit for a queue


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeAccess:
    """What the API must know to link over the edge.

    Attributes:
        url: where the edge is, without a slash at the end.
        secret_arn: secret with the keys that links are signed with.
        queue: takes which videos may be watched.
    """

    url: pulumi.Input[str]
    secret_arn: pulumi.Input[str]
    queue: aws.sqs.Queue


def edge_environment(edge: EdgeAccess | None, delivery: DeliverySettings) -> dict[str, pulumi.Input[str]]:
    """Name the edge to the API; without one each variable is empty."""
    return {
        "EDGE_URL": "" if edge is None else edge.url,
        "EDGE_SECRET_ARN": "" if edge is None else edge.secret_arn,
        "EDGE_QUEUE_URL": "" if edge is None else edge.queue.url,
        "VIEWING_LEAST_HOURS": str(delivery.viewing_least_hours),
        "VIEWING_MOST_HOURS": str(delivery.viewing_most_hours),
    }


def edge_statements(edge: EdgeAccess | None) -> list[Statement]:
    """Let the API sign links and tell which videos may be watched."""
    if edge is None:
        return []
    return [
        Statement(sid="ReadEdgeKeys", actions=["secretsmanager:GetSecretValue"], resources=[edge.secret_arn]),
        Statement(sid="RuleOnVideos", actions=["sqs:SendMessage"], resources=[edge.queue.arn]),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeWriterArgs:
    """What the writer needs.

    Attributes:
        platform: what all functions share.
        protection: whether the secret stays recoverable for longer.
        secrets_key_arn: key that encrypts the secret.
        messages_key_arn: key that encrypts the queue.
    """

    platform: FunctionPlatform
    protection: ProtectionSettings
    secrets_key_arn: pulumi.Input[str]
    messages_key_arn: pulumi.Input[str]


class EdgeWriter(pulumi.ComponentResource):
    """Creates an empty store, an empty secret, a queue, and the function that fills the first two.

    No key is in the stack's state: the function makes the first one when the deployment calls it, and is the
    only one that writes entries. It runs outside of the network, because the store's address is public, and
    knows no ledger.
    """

    store_arn: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: EdgeWriterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:edge_writer:EdgeWriter", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        names, tags = args.platform.names, args.platform.tags

        store = aws.cloudfront.KeyValueStore(
            f"{name}-store",
            name=f"video-platform-edge-{names.stack}",
            comment="Keys of links, and what is refused",
            opts=self._child,
        )
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            description="Keys that links over the edge are signed with",
            kms_key_id=args.secrets_key_arn,
            recovery_window_in_days=args.protection.secret_recovery_days,
            tags=tags.of("delivery"),
            opts=self._child,
        )
        self.queue, _ = build_work_queue(
            f"{name}-rulings",
            WorkQueueArgs(
                names=names,
                base_name="video-edge-rulings",
                visibility_seconds=_QUEUE_FACTOR * _TIMEOUT_SECONDS,
                kept_seconds=_KEPT_SECONDS,
                attempts=_ATTEMPTS,
                key_arn=args.messages_key_arn,
                tags=tags.of("delivery"),
            ),
            parent=self,
        )
        close_queue(f"{name}-rulings-policy", self.queue, [], parent=self)
        function = self._build_function(store, secret)
        self.key_told = self._call(function)
        self.store_arn = store.arn
        self.secret_arn = secret.arn
        self.function_name = function.function_name
        self.register_outputs(
            {
                "store_arn": self.store_arn,
                "secret_arn": self.secret_arn,
                "function_name": self.function_name,
            }
        )

    def _build_function(
        self, store: aws.cloudfront.KeyValueStore, secret: aws.secretsmanager.Secret
    ) -> LambdaFunction:
        args = self._args
        return LambdaFunction(
            f"{self._name}-edge",
            LambdaFunctionArgs(
                platform=args.platform,
                role="edge",
                reserved_concurrency=args.platform.settings.background_reserved_concurrency or None,
                handler="upkeep.edge.handler",
                description="Writes the keys of links and what is refused to the edge",
                timeout_seconds=_TIMEOUT_SECONDS,
                environment={"EDGE_STORE_ARN": store.arn, "EDGE_SECRET_ARN": secret.arn},
                statements=[
                    Statement(
                        sid="WriteEdgeStore",
                        actions=[
                            "cloudfront-keyvaluestore:DescribeKeyValueStore",
                            "cloudfront-keyvaluestore:ListKeys",
                            "cloudfront-keyvaluestore:UpdateKeys",
                        ],
                        resources=[store.arn],
                    ),
                    Statement(
                        sid="MakeFirstKey",
                        actions=["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
                        resources=[secret.arn],
                    ),
                    use_key("UseSecretsKey", args.secrets_key_arn, write=True),
                    Statement(sid="ReceiveRulings", actions=WORK_OFF, resources=[self.queue.arn]),
                    use_key("UseMessagesKey", args.messages_key_arn, write=False),
                ],
                outside=True,
            ),
            opts=self._child,
        )

    def _call(self, function: LambdaFunction) -> aws.lambda_.Invocation:
        args = self._args
        aws.lambda_.EventSourceMapping(
            f"{self._name}-rulings-mapping",
            event_source_arn=self.queue.arn,
            function_name=function.function_name,
            batch_size=_RULINGS_AT_ONCE,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=aws.lambda_.EventSourceMappingScalingConfigArgs(
                maximum_concurrency=_LEAST_CONCURRENCY
            ),
            tags=args.platform.tags.of("delivery"),
            # Lambda tests at creation whether the role may receive messages.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function]),
        )
        return aws.lambda_.Invocation(
            f"{self._name}-run",
            function_name=function.function_name,
            input="{}",
            triggers={"store": function.arn},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function]),
        )
