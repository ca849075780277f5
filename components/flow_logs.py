"""A record of every connection in the network, for investigations."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.log_keeping import LogKeeping
from components.naming import Names
from components.policies import Statement, policy_document, trust_policy
from components.tags import Tags


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLogsArgs:
    """Which network is recorded and how long.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        vpc_id: network to record.
        logs: how the records are kept.
    """

    names: Names
    tags: Tags
    vpc_id: pulumi.Input[str]
    logs: LogKeeping


class FlowLogs(pulumi.ComponentResource):
    """Creates a VPC flow log, its encrypted log group, and the role that writes to it."""

    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:flow_logs:FlowLogs", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._log_group_name = args.names.log_group("/aws/vpc", f"video-processing-{args.names.stack}")

        log_group = args.logs.group(
            f"{name}-logs", self._log_group_name, tags=args.tags.of("network"), parent=self
        )
        role, policy = self._build_role()
        aws.ec2.FlowLog(
            f"{name}-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination=log_group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            tags=args.tags.of("network"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.log_group_name = log_group.name
        self.register_outputs({"log_group_name": self.log_group_name})

    def _build_role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        names = self._args.names
        role = aws.iam.Role(
            f"{self._name}-role",
            description="Lets VPC flow logs write to their log group",
            assume_role_policy=trust_policy(
                "vpc-flow-logs.amazonaws.com", source_account_id=names.account_id
            ),
            tags=self._args.tags.of("network"),
            opts=self._child,
        )
        log_group_arn = names.arn("logs", f"log-group:{self._log_group_name}")
        statement = Statement(
            sid="WriteFlowLogs",
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=[log_group_arn, f"{log_group_arn}:*"],
        )
        policy = aws.iam.RolePolicy(
            f"{self._name}-policy", role=role.name, policy=policy_document([statement]), opts=self._child
        )
        return role, policy
