"""The role by which API Gateway writes logs: one setting for the whole region of an account."""

import pulumi
import pulumi_aws as aws

from components.policies import trust_policy

_LOGGING_POLICY_ARN = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"


def build_gateway_account(
    name: str, *, tags: dict[str, str], parent: pulumi.Resource
) -> aws.apigateway.Account:
    """Create the role and set it; a stage with logs must wait for the result."""
    child = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-gateway-role",
        description="Lets API Gateway write logs in this region",
        assume_role_policy=trust_policy("apigateway.amazonaws.com", source_account_id=None),
        tags=tags,
        opts=child,
    )
    attachment = aws.iam.RolePolicyAttachment(
        f"{name}-gateway-policy", role=role.name, policy_arn=_LOGGING_POLICY_ARN, opts=child
    )
    return aws.apigateway.Account(
        f"{name}-gateway-account",
        cloudwatch_role_arn=role.arn,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[attachment]),
    )
