"""EventBridge rules and CloudWatch log groups."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from local.apply.context import ApplyContext, pascal, present, tag_map, tag_pairs
from local.apply.registry import handles
from local.monitor import Created, Registration


@handles("aws:cloudwatch/logGroup:LogGroup")
def create_log_group(context: ApplyContext, resource: Registration) -> Created:
    """Creates a log group, or adopts the one that a service made on first use."""
    logs, created = context.client("logs"), context.model(resource)
    name = created.outputs["name"]
    try:
        logs.create_log_group(
            logGroupName=name,
            **present(kmsKeyId=resource.inputs.get("kmsKeyId"), tags=dict(tag_map(resource)) or None),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
    if resource.inputs.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=int(resource.inputs["retentionInDays"]))
    return created


@handles("aws:cloudwatch/logResourcePolicy:LogResourcePolicy")
def put_log_policy(context: ApplyContext, resource: Registration) -> Created:
    """Lets AWS services write to log groups."""
    name = str(resource.inputs["policyName"])
    context.client("logs").put_resource_policy(
        policyName=name, policyDocument=resource.inputs["policyDocument"]
    )
    return Created(name)


@handles("aws:cloudwatch/eventRule:EventRule")
def create_rule(context: ApplyContext, resource: Registration) -> Created:
    """Creates a rule that matches events or keeps a schedule."""
    inputs, name = resource.inputs, context.name(resource)
    enabled = inputs.get("isEnabled", True)
    arn = context.client("events").put_rule(
        Name=name,
        State=inputs.get("state") or ("ENABLED" if enabled else "DISABLED"),
        **present(
            Description=inputs.get("description"),
            EventPattern=inputs.get("eventPattern"),
            ScheduleExpression=inputs.get("scheduleExpression"),
            EventBusName=inputs.get("eventBusName"),
            RoleArn=inputs.get("roleArn"),
            Tags=tag_pairs(resource) or None,
        ),
    )["RuleArn"]
    return Created(name, {"arn": arn, "name": name})


@handles("aws:cloudwatch/eventTarget:EventTarget")
def add_target(context: ApplyContext, resource: Registration) -> Created:
    """Sends what a rule matches to a target."""
    inputs = resource.inputs
    target_id = str(inputs.get("targetId") or context.model(resource).id)
    target: dict[str, Any] = {
        "Id": target_id,
        "Arn": inputs["arn"],
        **present(
            RoleArn=inputs.get("roleArn"),
            Input=inputs.get("input"),
            InputPath=inputs.get("inputPath"),
            DeadLetterConfig=pascal(inputs.get("deadLetterConfig")),
            RetryPolicy=pascal(inputs.get("retryPolicy")),
            SqsParameters=pascal(inputs.get("sqsTarget")),
        ),
    }
    if transformer := inputs.get("inputTransformer"):
        target["InputTransformer"] = {
            "InputPathsMap": transformer.get("inputPaths") or {},
            "InputTemplate": transformer["inputTemplate"],
        }
    context.client("events").put_targets(
        Rule=inputs["rule"], Targets=[target], **present(EventBusName=inputs.get("eventBusName"))
    )
    return Created(f"{inputs['rule']}-{target_id}", {"targetId": target_id})
