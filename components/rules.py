"""Functions that EventBridge calls: the permission and the target that always go together."""

import pulumi
import pulumi_aws as aws

from components.function import LambdaFunction
from components.naming import Names


def call_by_rule(
    name: str,
    rule: aws.cloudwatch.EventRule,
    function: LambdaFunction,
    *,
    names: Names,
    retry: aws.cloudwatch.EventTargetRetryPolicyArgs,
    dead_letters: aws.sqs.Queue | None = None,
    parent: pulumi.Resource,
) -> None:
    """Let a rule call a function, and have it do so.

    Args:
        name: start of the two resources' logical names.
        rule: pattern or schedule.
        function: what is called.
        names: physical names and ARNs of the stack.
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
        source_account=names.account_id,
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
    """For what comes every minute: the next run does whatever a missed one left."""
    return aws.cloudwatch.EventTargetRetryPolicyArgs(
        maximum_event_age_in_seconds=60, maximum_retry_attempts=0
    )
