"""The topics that tell people about every finished and every failed job."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.naming import NameKind, Names
from components.policies import Statement, policy_document, tls_only
from components.tags import Tags


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationsArgs:
    """Who is told, and how messages are protected.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        emails: addresses subscribed to both topics; each confirms by a link that AWS mails.
        key_arn: key that encrypts messages at rest.
    """

    names: Names
    tags: Tags
    emails: Sequence[str]
    key_arn: pulumi.Input[str]


class Notifications(pulumi.ComponentResource):
    """Creates the completion and the error topic, each encrypted and reachable over TLS only."""

    completion_topic_arn: pulumi.Output[str]
    error_topic_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("video-platform:notifications:Notifications", name, None, opts)
        self._name = name
        self._args = args
        self.completion_topic_arn = self._build_topic("completion", "Video processing completed")
        self.error_topic_arn = self._build_topic("error", "Video processing failed")
        self.register_outputs(
            {"completion_topic_arn": self.completion_topic_arn, "error_topic_arn": self.error_topic_arn}
        )

    def _build_topic(self, role: str, display_name: str) -> pulumi.Output[str]:
        args = self._args
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{self._name}-{role}",
            name=args.names.physical(NameKind.TOPIC, f"video-processing-{role}"),
            display_name=display_name,
            kms_master_key_id=args.key_arn,
            tags=args.tags.of("notifications"),
            opts=child,
        )
        aws.sns.TopicPolicy(
            f"{self._name}-{role}-policy",
            arn=topic.arn,
            policy=policy_document(self._statements(topic.arn)),
            opts=child,
        )
        for address in args.emails:
            # Named after the address, so that removing one leaves the other subscriptions confirmed.
            digest = hashlib.sha256(address.encode()).hexdigest()[:8]
            aws.sns.TopicSubscription(
                f"{self._name}-{role}-email-{digest}",
                topic=topic.arn,
                protocol="email",
                endpoint=address,
                opts=child,
            )
        return topic.arn

    def _statements(self, topic_arn: pulumi.Output[str]) -> list[Statement]:
        return [
            Statement(
                sid="OwnerManagesTopic",
                principals={"AWS": self._args.names.account_root},
                actions=["sns:Publish", "sns:Subscribe", "sns:GetTopicAttributes", "sns:SetTopicAttributes"],
                resources=[topic_arn],
            ),
            tls_only([topic_arn], ["sns:Publish"]),
        ]
