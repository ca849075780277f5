"""Rules for who may do and reach what: IAM, KMS, and the network."""

from collections.abc import Callable
from typing import Any

from components.policies import WILDCARD_REASONS
from tests.policy.predicates import admit_everybody, trusts_nobody_unknown
from tests.policy.rules import Defect, Rule, companion, in_json, setting, where
from tests.policy.stack import Resource, Stack

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
KEY = "aws:kms/key:Key"
VPC = "awsx:ec2:Vpc"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
EVERYWHERE = {"0.0.0.0/0", "::/0"}
# These services send no aws:SourceAccount when they assume a role; of RDS Proxy it is not known.
WITHOUT_SOURCE_ACCOUNT = {"lambda.amazonaws.com", "apigateway.amazonaws.com", "rds.amazonaws.com"}
NEEDED_ENDPOINTS = {
    "EC2.55": "ecr.api",
    "EC2.56": "ecr.dkr",
    "VP.VPC.1": "logs",
    "VP.VPC.2": "secretsmanager",
    "VP.VPC.3": "states",
    "VP.VPC.4": "sns",
    "VP.VPC.5": "sqs",
    "VP.VPC.6": "kms",
    "VP.VPC.7": "s3",
}


def many(value: Any) -> list[str]:
    """Give what IAM lets one write as a text or as a list always as a list."""
    return [value] if isinstance(value, str) else list(value)


def _every(key: str, test: Callable[[dict[str, Any]], bool]) -> Callable[[Resource, Stack], bool]:
    return lambda resource, _stack: all(test(statement) for statement in resource.document(key))


def _with_statement(token: str, key: str = "policy", **fields: Any) -> Defect:
    statement = {
        "Sid": "Bad",
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:aws:s3:::b/k"],
    }
    return Defect(token, in_json(key, lambda document: document["Statement"].append({**statement, **fields})))


def _no_bare_star(statement: dict[str, Any]) -> bool:
    return statement["Effect"] != "Allow" or "*" not in many(statement["Action"])


def _no_whole_service(statement: dict[str, Any]) -> bool:
    return statement["Effect"] != "Allow" or not any(
        action.endswith(":*") for action in many(statement["Action"])
    )


def _names_resources(statement: dict[str, Any]) -> bool:
    # What is denied is best denied everywhere.
    everywhere = statement["Effect"] == "Allow" and "*" in many(statement["Resource"])
    return not everywhere or statement["Sid"] in WILDCARD_REASONS


def _says_for_whom(statement: dict[str, Any]) -> bool:
    principal = statement["Principal"]
    if not isinstance(principal, dict) or set(principal) != {"Service"}:
        return False
    return principal["Service"] in WITHOUT_SOURCE_ACCOUNT or bool(
        statement.get("Condition", {}).get("StringEquals", {}).get("aws:SourceAccount")
    )


def _distrust(document: Any) -> None:
    document["Statement"] = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
            "Action": "sts:AssumeRole",
        }
    ]


def _may_retire_grants(key: Resource) -> bool:
    return any("kms:RetireGrant" in many(statement["Action"]) for statement in key.document())


def _keep_grants(document: Any) -> None:
    for statement in document["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action != "kms:RetireGrant"]


def _is_open(rule: Resource) -> bool:
    return bool(EVERYWHERE & {rule.inputs.get("cidrIpv4"), rule.inputs.get("cidrIpv6")})


def endpoint(identifier: str, service: str) -> Rule:
    """Require the network's own way to one AWS service."""
    return Rule(
        ids=(identifier, "vpc_endpoint_" + service.replace(".", "_")),
        type=VPC,
        says=f"{service} is reached without the internet",
        holds=lambda vpc, stack: any(
            found.inputs["serviceName"].endswith(f".{service}")
            for found in stack.of(ENDPOINT)
            if found.inputs["vpcId"] == vpc.outputs["vpcId"]
        ),
        defect=Defect(ENDPOINT),
    )


IDENTITIES = (
    Rule(
        ids=("IAM.1", "CKV_AWS_62", "CKV_AWS_63", "CKV_AWS_1"),
        type=ROLE_POLICY,
        says="no statement allows all",
        holds=_every("policy", _no_bare_star),
        defect=_with_statement(ROLE_POLICY, Action=["*"]),
    ),
    Rule(
        ids=("IAM.21", "CKV_AWS_49"),
        type=ROLE_POLICY,
        says="no statement allows all of a service",
        holds=_every("policy", _no_whole_service),
        defect=_with_statement(ROLE_POLICY, Action=["s3:*"]),
    ),
    Rule(
        ids=("IAM5", "CKV_AWS_355", "CKV_AWS_290"),
        type=ROLE_POLICY,
        says="every resource is meant only where the reason is recorded",
        holds=_every("policy", _names_resources),
        defect=_with_statement(ROLE_POLICY, Resource=["*"]),
    ),
    Rule(
        ids=("IAM4", "CKV_AWS_274"),
        type=ATTACHMENT,
        says="no policy of AWS is attached",
        holds=lambda entry, _stack: not entry.inputs["policyArn"].startswith("arn:aws:iam::aws:"),
        defect=Defect(ATTACHMENT, setting("policyArn", "arn:aws:iam::aws:policy/AdministratorAccess")),
    ),
    Rule(
        ids=("CKV_AWS_60", "CKV_AWS_61"),
        type=ROLE,
        says="one service may assume it, for this account",
        holds=_every("assumeRolePolicy", _says_for_whom),
        defect=Defect(ROLE, in_json("assumeRolePolicy", _distrust)),
    ),
)

KEYS = (
    where(
        ["KMS.4", "CKV_AWS_7", "KMS5"],
        KEY,
        "enableKeyRotation",
        lambda value: value is True,
        False,
        "it rotates",
    ),
    where(
        ["KMS.3"],
        KEY,
        "deletionWindowInDays",
        lambda days: (days or 0) >= 30,
        7,
        "its deletion takes a month",
    ),
    Rule(
        ids=("KMS.5", "CKV_AWS_33"),
        type=KEY,
        says="not everybody may use it",
        holds=lambda key, _stack: trusts_nobody_unknown(key),
        defect=Defect(KEY, in_json("policy", admit_everybody)),
    ),
    where(["CKV2_AWS_64"], KEY, "policy", bool, None, "it says who may use it"),
    Rule(
        ids=("VP.KMS.1",),
        type=KEY,
        says="whoever deletes what it encrypts may retire the grants; ECR leaves that to the caller",
        holds=lambda key, _stack: _may_retire_grants(key),
        defect=Defect(KEY, in_json("policy", _keep_grants)),
    ),
)

NETWORK = (
    companion(
        ["EC2.6", "CKV2_AWS_11", "VPC7"],
        VPC,
        "aws:ec2/flowLog:FlowLog",
        "vpcId",
        "its traffic is recorded",
        test=lambda log: bool(log.inputs["trafficType"] == "ALL"),
        change=setting("trafficType", "REJECT"),
    ),
    Rule(
        ids=("EC2.2", "CKV2_AWS_12"),
        type=DEFAULT_GROUP,
        says="the default group is closed",
        holds=lambda group, _stack: group.inputs["ingress"] == [] and group.inputs["egress"] == [],
        defect=Defect(DEFAULT_GROUP, setting("ingress", [{"protocol": "-1", "self": True}])),
    ),
    where(["CKV_AWS_23", "EC27"], INGRESS, "description", bool, None, "it says what it is for"),
    where(["VP.VPC.10"], EGRESS, "description", bool, None, "it says what it is for"),
    Rule(
        ids=("EC2.18", "EC2.19", "CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "EC23"),
        type=INGRESS,
        says="it lets in a group, not addresses",
        holds=lambda rule, _stack: bool(rule.inputs.get("referencedSecurityGroupId")) and not _is_open(rule),
        defect=Defect(INGRESS, setting("cidrIpv4", "0.0.0.0/0")),
    ),
    Rule(
        ids=("CKV_AWS_382",),
        type=EGRESS,
        says="it leads to a group or a prefix list, not everywhere",
        holds=lambda rule, _stack: not _is_open(rule),
        defect=Defect(EGRESS, setting("cidrIpv4", "0.0.0.0/0")),
    ),
    Rule(
        ids=("VP.VPC.8",),
        type=EGRESS,
        says="it opens single ports",
        holds=lambda rule, _stack: (
            rule.inputs.get("ipProtocol") in {"tcp", "udp"}
            and rule.inputs.get("fromPort") == rule.inputs.get("toPort")
        ),
        defect=Defect(EGRESS, setting("ipProtocol", "-1")),
    ),
    where(
        ["VP.VPC.9"], VPC, "numberOfAvailabilityZones", lambda zones: (zones or 0) >= 2, 1, "it has two zones"
    ),
    *(endpoint(identifier, service) for identifier, service in NEEDED_ENDPOINTS.items()),
)

RULES = (*IDENTITIES, *KEYS, *NETWORK)
