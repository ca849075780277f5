"""The topics that tell people and systems about every finished and every failed job."""

import hashlib
import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.naming import NameKind, Names
from components.policies import Statement, policy_document, tls_only
from components.queues import EventSource, build_dead_letter_queue, close_queue, refuse_redrive
from components.settings import NotificationSettings
from components.tags import Tags

# About an hour of attempts; SNS itself adds no jitter, and allows an hour at most.
_HTTPS_DELIVERY = {
    "healthyRetryPolicy": {
        "numRetries": 20,
        "numNoDelayRetries": 1,
        "minDelayTarget": 5,
        "numMinDelayRetries": 3,
        "maxDelayTarget": 300,
        "numMaxDelayRetries": 8,
        "backoffFunction": "exponential",
    },
    "throttlePolicy": {"maxReceivesPerSecond": 10},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The two topics, for those who publish.

    Attributes:
        completion_arn: topic for finished jobs.
        error_arn: topic for failed jobs.
        key_arn: key that encrypts both, and the queues.
    """

    completion_arn: pulumi.Input[str]
    error_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationsArgs:
    """Who is told, and how messages are protected.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        settings: mail addresses and HTTPS endpoints, subscribed to both topics once each has confirmed what
            it gets first; telephone numbers in E.164 form, subscribed to the error topic only.
        key_arn: key that encrypts messages at rest.
    """

    names: Names
    tags: Tags
    settings: NotificationSettings
    key_arn: pulumi.Input[str]


class Notifications(pulumi.ComponentResource):
    """Creates the completion and the error topic, each encrypted and reachable over TLS only.

    What a subscriber did not take after all attempts waits in one dead-letter queue.
    """

    completion_topic_arn: pulumi.Output[str]
    error_topic_arn: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]

    def __init__(
        self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("video-platform:notifications:Notifications", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        completion = self._build_topic("completion", "Video processing completed")
        error = self._build_topic("error", "Video processing failed")
        dead_letters, closed = self._build_dead_letters(completion, error)
        for role, topic in (("completion", completion), ("error", error)):
            self._subscribe(role, topic, dead_letters, closed)
        self.completion_topic_arn = completion.arn
        self.error_topic_arn = error.arn
        self.dead_letter_queue_url = dead_letters.url
        self.register_outputs(
            {
                "completion_topic_arn": self.completion_topic_arn,
                "error_topic_arn": self.error_topic_arn,
                "dead_letter_queue_url": self.dead_letter_queue_url,
            }
        )

    @property
    def topics(self) -> Topics:
        """What a publisher needs to know."""
        return Topics(
            completion_arn=self.completion_topic_arn,
            error_arn=self.error_topic_arn,
            key_arn=self._args.key_arn,
        )

    def _build_topic(self, role: str, display_name: str) -> aws.sns.Topic:
        args = self._args
        topic = aws.sns.Topic(
            f"{self._name}-{role}",
            name=args.names.physical(NameKind.TOPIC, f"video-processing-{role}"),
            display_name=display_name,
            kms_master_key_id=args.key_arn,
            tags=args.tags.of("notifications"),
            opts=self._child,
        )
        aws.sns.TopicPolicy(
            f"{self._name}-{role}-policy",
            arn=topic.arn,
            policy=policy_document(self._statements(topic.arn)),
            opts=self._child,
        )
        return topic

    def _build_dead_letters(
        self, completion: aws.sns.Topic, error: aws.sns.Topic
    ) -> tuple[aws.sqs.Queue, aws.sqs.QueuePolicy]:
        args = self._args
        queue = build_dead_letter_queue(
            f"{self._name}-dead-letters",
            physical_name=args.names.physical(NameKind.QUEUE, "video-notifications-dead-letters"),
            key_arn=args.key_arn,
            tags=args.tags.of("notifications"),
            parent=self,
        )
        refuse_redrive(f"{self._name}-dead-letters-sources", queue, parent=self)
        sources = [
            EventSource(sid="KeepCompletions", service="sns.amazonaws.com", arn=completion.arn),
            EventSource(sid="KeepErrors", service="sns.amazonaws.com", arn=error.arn),
        ]
        return queue, close_queue(f"{self._name}-dead-letters-policy", queue, sources, parent=self)

    def _subscribe(
        self, role: str, topic: aws.sns.Topic, dead_letters: aws.sqs.Queue, closed: aws.sqs.QueuePolicy
    ) -> None:
        args = self._args
        endpoints = [("email", address) for address in args.settings.notification_emails]
        endpoints += [("https", address) for address in args.settings.notification_https_endpoints]
        if role == "error":
            endpoints += [("sms", number) for number in args.settings.notification_sms_numbers]
        for protocol, endpoint in endpoints:
            # Named after the endpoint, so that removing one leaves the other subscriptions confirmed.
            digest = hashlib.sha256(endpoint.encode()).hexdigest()[:8]
            aws.sns.TopicSubscription(
                f"{self._name}-{role}-{protocol}-{digest}",
                topic=topic.arn,
                protocol=protocol,
                endpoint=endpoint,
                delivery_policy=json.dumps(_HTTPS_DELIVERY) if protocol == "https" else None,
                redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": dead_letters.arn}),
                # SNS tests at once whether it may send to the queue.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[closed]),
            )

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
