"""What the state machine's role needs: to run tasks and a distributed Map, and to deliver its log. Pure."""

from collections.abc import Sequence

import pulumi

from components.naming import Names
from components.policies import Statement
from components.task import task_family

_LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)


def run_tasks(
    names: Names,
    *,
    cluster_arn: pulumi.Input[str],
    cluster_name: pulumi.Input[str],
    role_arns: Sequence[pulumi.Input[str]],
) -> list[Statement]:
    """Let it run the processing task in one cluster, follow it, and hand it its roles."""
    in_cluster = {"ArnEquals": {"ecs:cluster": cluster_arn}}
    return [
        Statement(
            sid="RunTasks",
            actions=["ecs:RunTask"],
            resources=[names.arn("ecs", f"task-definition/{task_family(names)}:*")],
            conditions=in_cluster,
        ),
        Statement(
            sid="FollowTasks",
            actions=["ecs:StopTask", "ecs:DescribeTasks"],
            resources=[pulumi.Output.concat(names.arn("ecs", "task/"), cluster_name, "/*")],
            conditions=in_cluster,
        ),
        Statement(
            sid="PassTaskRoles",
            actions=["iam:PassRole"],
            resources=list(role_arns),
            conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
    ]


def run_distributed_map(names: Names, machine_name: str) -> list[Statement]:
    """Let it run the items of a distributed Map, which are executions of the machine itself."""
    machine = names.arn("states", f"stateMachine:{machine_name}")
    executions = names.arn("states", f"execution:{machine_name}")
    return [
        Statement(sid="StartChunks", actions=["states:StartExecution"], resources=[machine]),
        Statement(
            sid="FollowChunks",
            actions=["states:DescribeExecution", "states:StopExecution"],
            resources=[f"{executions}:*", f"{executions}/*:*"],
        ),
    ]


def deliver_logs() -> Statement:
    """Let it deliver its log to CloudWatch; the actions know no resources."""
    return Statement(sid="DeliverWorkflowLogs", actions=_LOG_DELIVERY, resources=["*"])
