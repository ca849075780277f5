"""SQS queues and SNS topics."""

from __future__ import annotations

from typing import Any

from local.apply.context import ApplyContext, present, tag_map, tag_pairs
from local.apply.policies import without_tls_only_denials
from local.apply.registry import handles
from local.monitor import Created, Registration

_QUEUE_ATTRIBUTES = {
    "delaySeconds": "DelaySeconds",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "redrivePolicy": "RedrivePolicy",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "fifoQueue": "FifoQueue",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
}


@handles("aws:sqs/queue:Queue")
def create_queue(context: ApplyContext, resource: Registration) -> Created:
    """Creates a queue."""
    sqs, name = context.client("sqs"), context.name(resource)
    attributes = {
        attribute: _text(resource.inputs[key])
        for key, attribute in _QUEUE_ATTRIBUTES.items()
        if resource.inputs.get(key) is not None
    }
    if resource.inputs.get("policy"):
        attributes |= present(Policy=without_tls_only_denials(context, resource, resource.inputs["policy"]))
    url = sqs.create_queue(QueueName=name, Attributes=attributes, tags=dict(tag_map(resource)))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Created(url, {"arn": arn, "name": name, "url": url})


@handles("aws:sqs/queuePolicy:QueuePolicy")
def set_queue_policy(context: ApplyContext, resource: Registration) -> Created:
    """Sets a queue's policy without what plain HTTP would trip over."""
    url = str(resource.inputs["queueUrl"])
    policy = without_tls_only_denials(context, resource, resource.inputs["policy"])
    if policy is not None:
        context.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return Created(url)


@handles("aws:sqs/redrivePolicy:RedrivePolicy", "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy")
def set_redrive(context: ApplyContext, resource: Registration) -> Created:
    """Says where messages go that nobody could handle, or which queues may send theirs."""
    url = str(resource.inputs["queueUrl"])
    key = "redrivePolicy" if "redrivePolicy" in resource.inputs else "redriveAllowPolicy"
    context.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={_QUEUE_ATTRIBUTES[key]: resource.inputs[key]}
    )
    return Created(url)


@handles("aws:sns/topic:Topic")
def create_topic(context: ApplyContext, resource: Registration) -> Created:
    """Creates a topic."""
    name, inputs = context.name(resource), resource.inputs
    attributes = present(
        DisplayName=inputs.get("displayName"),
        KmsMasterKeyId=inputs.get("kmsMasterKeyId"),
        DeliveryPolicy=inputs.get("deliveryPolicy"),
    )
    arn = context.client("sns").create_topic(Name=name, Attributes=attributes, Tags=tag_pairs(resource))[
        "TopicArn"
    ]
    return Created(arn, {"arn": arn, "name": name})


@handles("aws:sns/topicPolicy:TopicPolicy")
def set_topic_policy(context: ApplyContext, resource: Registration) -> Created:
    """Sets a topic's policy without what plain HTTP would trip over."""
    arn = str(resource.inputs["arn"])
    policy = without_tls_only_denials(context, resource, resource.inputs["policy"])
    if policy is not None:
        context.client("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=policy
        )
    return Created(arn)


@handles("aws:sns/topicSubscription:TopicSubscription")
def subscribe(context: ApplyContext, resource: Registration) -> Created:
    """Subscribes an endpoint to a topic."""
    inputs = resource.inputs
    attributes = present(
        FilterPolicy=inputs.get("filterPolicy"),
        FilterPolicyScope=inputs.get("filterPolicyScope"),
        RedrivePolicy=inputs.get("redrivePolicy"),
        DeliveryPolicy=inputs.get("deliveryPolicy"),
        RawMessageDelivery=_optional_text(inputs.get("rawMessageDelivery")),
    )
    arn = context.client("sns").subscribe(
        TopicArn=inputs["topic"],
        Protocol=inputs["protocol"],
        Endpoint=inputs["endpoint"],
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return Created(arn, {"arn": arn})


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _optional_text(value: Any) -> str | None:
    return None if value is None else _text(value)
