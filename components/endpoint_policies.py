"""What may leave the network through its endpoints: this account's principals, on this account's resources.

An endpoint policy grants nothing by itself. It stops code in the network from using credentials of another
account, and from sending data into resources of another account.
"""

from collections.abc import Mapping

import pulumi

from components.naming import Names
from components.policies import Statement, policy_document

_PULL_IMAGES = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
)
ENDPOINT_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "s3": (
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:GetObjectVersionTagging",
        "s3:PutObjectVersionTagging",
        "s3:RestoreObject",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:ListBucketMultipartUploads",
    ),
    "dynamodb": ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    "ecr.api": _PULL_IMAGES,
    "ecr.dkr": _PULL_IMAGES,
    "kms": ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"),
    "lambda": ("lambda:InvokeFunction",),
    "logs": ("logs:CreateLogStream", "logs:PutLogEvents"),
    "secretsmanager": ("secretsmanager:GetSecretValue",),
    "sns": ("sns:Publish",),
    "sqs": ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "states": (
        "states:StartExecution",
        "states:DescribeExecution",
        "states:StopExecution",
        "states:SendTaskSuccess",
        "states:SendTaskFailure",
        "states:SendTaskHeartbeat",
    ),
}


def endpoint_policy(names: Names, service: str) -> pulumi.Output[str]:
    """Build the policy of the endpoint that leads to a service.

    Args:
        names: account and region of the stack.
        service: service name as in the endpoint's name, for example ``ecr.api``; a key of
            ``ENDPOINT_ACTIONS``.
    """
    conditions = {"StringEquals": {"aws:PrincipalAccount": names.account_id}}
    if not service.startswith("ecr."):
        # Images may come from a registry of another account. IfExists, because the SendTask actions name no
        # resource.
        conditions["StringEqualsIfExists"] = {"aws:ResourceAccount": names.account_id}
    statements = [
        Statement(
            sid="StayInAccount",
            # AWS takes a named account in a gateway endpoint's policy for its root user alone, so the account
            # is a condition.
            principals="*",
            actions=ENDPOINT_ACTIONS[service],
            resources=["*"],
            conditions=conditions,
        )
    ]
    if service == "s3":
        statements.append(
            Statement(
                sid="PullImageLayers",
                # ECR hands out links that it signed itself to a bucket of its own.
                principals="*",
                actions=["s3:GetObject"],
                resources=[f"arn:aws:s3:::prod-{names.region}-starport-layer-bucket/*"],
            )
        )
    return policy_document(statements)
