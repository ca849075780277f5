"""Queues with TLS-only access, and queues for what could not be handled."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.naming import NameKind, Names
from components.policies import Statement, policy_document, tls_only

_KEPT_SECONDS = 14 * 86400
# What Lambda does with a function's queue, by the function's role.
WORK_OFF = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RedrivableQueue:
    """A queue and its dead letters, for whoever gives them back.

    Attributes:
        variable: start of the environment variables that name the two.
        queue: where the messages came from.
        dead_letters: where they wait.
    """

    variable: str
    queue: aws.sqs.Queue
    dead_letters: aws.sqs.Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkQueueArgs:
    """A queue that a function works off.

    Attributes:
        names: physical names of the stack.
        base_name: start of the physical names.
        visibility_seconds: how long a message is hidden from others while one handles it.
        kept_seconds: how long a message waits to be handled.
        attempts: how often it is tried before it goes to the dead letters.
        key_arn: key that encrypts both queues.
        tags: tags of both queues.
    """

    names: Names
    base_name: str
    visibility_seconds: int
    kept_seconds: int
    attempts: int
    key_arn: pulumi.Input[str]
    tags: dict[str, str]


def build_work_queue(
    name: str, args: WorkQueueArgs, *, parent: pulumi.Resource
) -> tuple[aws.sqs.Queue, aws.sqs.Queue]:
    """Create a queue, whose policy is the caller's business, and its closed dead-letter queue."""
    child = pulumi.ResourceOptions(parent=parent)
    dead_letters = build_dead_letter_queue(
        f"{name}-dead-letters",
        physical_name=args.names.physical(NameKind.QUEUE, f"{args.base_name}-dead-letters"),
        key_arn=args.key_arn,
        tags=args.tags,
        parent=parent,
    )
    queue = aws.sqs.Queue(
        f"{name}-queue",
        name=args.names.physical(NameKind.QUEUE, args.base_name),
        visibility_timeout_seconds=args.visibility_seconds,
        message_retention_seconds=args.kept_seconds,
        receive_wait_time_seconds=20,
        kms_master_key_id=args.key_arn,
        redrive_policy=pulumi.Output.json_dumps(
            {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": args.attempts}
        ),
        tags=args.tags,
        opts=child,
    )
    aws.sqs.RedriveAllowPolicy(
        f"{name}-dead-letters-sources",
        queue_url=dead_letters.url,
        redrive_allow_policy=pulumi.Output.json_dumps(
            {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
        ),
        opts=child,
    )
    close_queue(f"{name}-dead-letters-policy", dead_letters, [], parent=parent)
    return queue, dead_letters


def redrive_environment(queues: Sequence[RedrivableQueue]) -> dict[str, pulumi.Input[str]]:
    """Name queues and dead letters to the function that gives them back."""
    variables: dict[str, pulumi.Input[str]] = {}
    for item in queues:
        variables[f"{item.variable}_QUEUE_URL"] = item.queue.url
        variables[f"{item.variable}_DEAD_LETTER_QUEUE_URL"] = item.dead_letters.url
    return variables


def redrive_statements(queues: Sequence[RedrivableQueue]) -> list[Statement]:
    """Allow taking dead letters and giving them back to their queues."""
    return [
        Statement(
            sid="TakeDeadLetters", actions=WORK_OFF, resources=[item.dead_letters.arn for item in queues]
        ),
        Statement(
            sid="GiveBackMessages",
            actions=["sqs:SendMessage"],
            resources=[item.queue.arn for item in queues],
        ),
    ]


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
