"""Functions that EventBridge calls: the permission and the target that always go together."""

import pulumi
import pulumi_aws as aws

from components.function import LambdaFunction


def call_by_rule(
    name: str,
    rule: aws.cloudwatch.EventRule,
    function: LambdaFunction,
    *,
    retry: aws.cloudwatch.EventTargetRetryPolicyArgs,
    dead_letters: aws.sqs.Queue | None = None,
    parent: pulumi.Resource,
) -> None:
    """Let a rule call a function, and have it do so.

    The permission names the rule alone. Its ARN holds the account, and EventBridge's guide ("Using
    resource-based policies for Amazon EventBridge", AWS Lambda permissions) pins nothing else.

    Args:
        name: start of the two resources' logical names.
        rule: pattern or schedule.
        function: what is called.
        retry: how long EventBridge tries when the call cannot be made.
        dead_letters: queue for events that it gave up; None where the next event does as well.
        parent: component that the two belong to.
    """
    permission = aws.lambda_.Permission(
        f"{name}-permission",
        action="lambda:InvokeFunction",
        function=function.function_name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    aws.cloudwatch.EventTarget(
        f"{name}-target",
        rule=rule.name,
        arn=function.arn,
        retry_policy=retry,
        dead_letter_config=None
        if dead_letters is None
        else aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=dead_letters.arn),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[permission]),
    )


def next_run_does() -> aws.cloudwatch.EventTargetRetryPolicyArgs:
    """For what runs by a schedule: the next run does whatever a missed one left."""
    return aws.cloudwatch.EventTargetRetryPolicyArgs(
        maximum_event_age_in_seconds=60, maximum_retry_attempts=0
    )
