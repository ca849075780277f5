"""A queue for events that could not be handled, with TLS-only access."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.policies import Statement, policy_document, tls_only

_KEPT_SECONDS = 14 * 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSource:
    """An AWS resource that may send to a queue.

    Attributes:
        sid: name of the statement, unique in the queue.
        service: service principal, for example ``events.amazonaws.com``.
        arn: the one resource that the service may send for.
    """

    sid: str
    service: str
    arn: pulumi.Input[str]


def build_dead_letter_queue(
    name: str,
    *,
    physical_name: str,
    key_arn: pulumi.Input[str],
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> aws.sqs.Queue:
    """Create an encrypted queue that keeps messages for as long as SQS can, for people to look at."""
    return aws.sqs.Queue(
        name,
        name=physical_name,
        message_retention_seconds=_KEPT_SECONDS,
        kms_master_key_id=key_arn,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def refuse_redrive(name: str, queue: aws.sqs.Queue, *, parent: pulumi.Resource) -> None:
    """Let no other queue use this one as its dead-letter queue; only services send to it."""
    aws.sqs.RedriveAllowPolicy(
        name,
        queue_url=queue.url,
        redrive_allow_policy=json.dumps({"redrivePermission": "denyAll"}),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def close_queue(
    name: str, queue: aws.sqs.Queue, sources: Sequence[EventSource], *, parent: pulumi.Resource
) -> aws.sqs.QueuePolicy:
    """Let only the named sources send to a queue from outside IAM, and nobody without TLS."""
    statements = [
        Statement(
            sid=source.sid,
            principals={"Service": source.service},
            actions=["sqs:SendMessage"],
            resources=[queue.arn],
            conditions={"ArnEquals": {"aws:SourceArn": source.arn}},
        )
        for source in sources
    ]
    return aws.sqs.QueuePolicy(
        name,
        queue_url=queue.url,
        policy=policy_document([*statements, tls_only([queue.arn], ["sqs:*"])]),
        opts=pulumi.ResourceOptions(parent=parent),
    )
