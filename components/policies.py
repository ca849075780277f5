"""IAM policy documents as typed statements.

Every statement has a Sid, so that a test, an auditor or an AccessDenied message can name it. ``*`` as a
resource is refused unless its Sid is in ``WILDCARD_REASONS``: the reason is recorded before the permission
can exist.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi

WILDCARD_REASONS: Mapping[str, str] = {
    "AdministerKey": "in a key policy the only resource is the key that carries the policy",
    "DelegateUseToIam": "in a key policy the only resource is the key that carries the policy",
    "UseEvents": "in a key policy the only resource is the key that carries the policy",
    "UseNotifications": "in a key policy the only resource is the key that carries the policy",
    "UseLogs": "in a key policy the only resource is the key that carries the policy",
    "EncryptScratch": "in a key policy the only resource is the key that carries the policy",
    "DeliverMedia": "in a key policy the only resource is the key that carries the policy",
    "GrantScratch": "in a key policy the only resource is the key that carries the policy",
    "StayInAccount": "an endpoint policy grants nothing: it limits who may use the way out, and for what",
    "AnswerTaskTokens": "IAM defines no resource type for the SendTask actions",
    "DeliverWorkflowLogs": "the log-delivery actions are account-wide and take no resource",
    "AttachToNetwork": "Lambda makes the interfaces later in any of the subnets; Describe takes no resource",
    "PullImageLogin": "ecr:GetAuthorizationToken takes no resource",
    "FindKeysByTag": "tag:GetResources takes no resource; it tells names and tags, and no value of any key",
    "SendTraces": "the X-Ray write and sampling actions take no resource",
}

_NETWORK_ACTIONS = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)


class PolicyError(ValueError):
    """A policy statement breaks a rule of the platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a policy document.

    Attributes:
        sid: unique within the document; letters and digits.
        actions: IAM actions such as ``s3:GetObject``.
        resources: ARNs the actions are limited to.
        effect: Allow, or Deny for guard rails such as TLS-only access.
        principals: who the statement is about, in resource policies; None in role policies.
        conditions: condition block in IAM's own shape.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]]
    effect: Literal["Allow", "Deny"] = "Allow"
    principals: Mapping[str, Any] | str | None = None
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.sid.isalnum():
            raise PolicyError(f"Sid {self.sid!r} must hold letters and digits only")
        if not self.actions or not self.resources:
            raise PolicyError(f"statement {self.sid} needs at least one action and one resource")
        if "*" in self.actions and self.effect == "Allow":
            raise PolicyError(f"statement {self.sid} allows every action; name the actions it needs")
        plain = [resource for resource in self.resources if isinstance(resource, str)]
        if "*" in plain and self.effect == "Allow" and self.sid not in WILDCARD_REASONS:
            raise PolicyError(
                f"statement {self.sid} allows its actions on every resource; name the resources, "
                "or record under its Sid in WILDCARD_REASONS why that is impossible"
            )

    def as_json(self) -> dict[str, Any]:
        """Give the statement in IAM's JSON shape (Outputs still inside)."""
        document: dict[str, Any] = {"Sid": self.sid, "Effect": self.effect}
        if self.principals is not None:
            document["Principal"] = self.principals
        document["Action"] = list(self.actions)
        document["Resource"] = list(self.resources)
        if self.conditions:
            document["Condition"] = self.conditions
        return document


def policy_document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """Render statements as a policy document, waiting for the ARNs inside.

    Raises:
        PolicyError: there is no statement, or two statements share a Sid.
    """
    sids = [statement.sid for statement in statements]
    repeated = sorted({sid for sid in sids if sids.count(sid) > 1})
    if not sids or repeated:
        raise PolicyError(
            f"a policy document needs statements with distinct Sids; repeated: {repeated or 'none given'}"
        )
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [statement.as_json() for statement in statements]}
    )


def attach_to_network(function_arn: str) -> list[Statement]:
    """Let Lambda give a function its place in the network, and refuse the same to the function's own code.

    Lambda uses the function's role for both, and names the function as the source only when its code calls
    (Lambda Developer Guide, "Working with source function ARN to control function access behavior").

    Args:
        function_arn: the function whose role this is for.
    """
    return [
        Statement(sid="AttachToNetwork", actions=_NETWORK_ACTIONS, resources=["*"]),
        Statement(
            sid="KeepOwnCodeOffTheNetwork",
            effect="Deny",
            actions=_NETWORK_ACTIONS,
            resources=["*"],
            conditions={"ArnEquals": {"lambda:SourceFunctionArn": function_arn}},
        ),
    ]


def trust_policy(service: str, *, source_account_id: str | None) -> str:
    """Let one AWS service assume a role, on behalf of one account only.

    Args:
        service: service principal, for example ``states.amazonaws.com``.
        source_account_id: account that the service must be acting for; None for the services that do not send
            it when they assume a role (Lambda, API Gateway) or are not known to (RDS Proxy).
    """
    statement: dict[str, Any] = {
        "Sid": "AssumeByService",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if source_account_id is not None:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": source_account_id}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def tls_only(resources: Sequence[pulumi.Input[str]], actions: Sequence[str]) -> Statement:
    """Deny every request that does not come over TLS."""
    return Statement(
        sid="DenyPlainHttp",
        effect="Deny",
        principals="*",
        actions=actions,
        resources=resources,
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


def write_logs(log_group_arn: str) -> Statement:
    """Allow writing to one log group, named in both forms of its ARN because IAM checks either, by action."""
    return Statement(
        sid="WriteOwnLogs",
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[log_group_arn, f"{log_group_arn}:*"],
    )


def send_traces(*, sampling: bool = False) -> Statement:
    """Allow sending X-Ray segments and, with ``sampling``, asking which requests to trace."""
    actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    if sampling:
        actions += ["xray:GetSamplingRules", "xray:GetSamplingTargets"]
    return Statement(sid="SendTraces", actions=actions, resources=["*"])


def use_key(sid: str, key_arn: pulumi.Input[str], *, write: bool) -> Statement:
    """Allow decrypting with a key and, when ``write`` is set, making data keys for new objects."""
    actions = ["kms:Decrypt", "kms:GenerateDataKey"] if write else ["kms:Decrypt"]
    return Statement(sid=sid, actions=actions, resources=[key_arn])


def restore_sources(ingest_arn: pulumi.Input[str]) -> Statement:
    """Allow asking S3 for a readable copy of an archived source."""
    return Statement(
        sid="RestoreSources",
        actions=["s3:RestoreObject"],
        resources=[pulumi.Output.concat(ingest_arn, "/*")],
    )


def read_sources(ingest_arn: pulumi.Input[str]) -> list[Statement]:
    """Allow reading sources in the ingest bucket, and being told when one is missing."""
    return [
        Statement(
            sid="ReadSources",
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=[pulumi.Output.concat(ingest_arn, "/*")],
        ),
        # Without ListBucket a missing source is told as forbidden, which looks like a wrong policy.
        Statement(sid="TellMissingSources", actions=["s3:ListBucket"], resources=[ingest_arn]),
    ]
