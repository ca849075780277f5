"""What the synthesised program consists of, and which of its parts a text such as an ARN names."""

from collections.abc import Mapping
from typing import Any, Final

from local.monitor import Registration
from local.program import ProgramRun

# Resources that a picture of the platform shows, each in a box.
PART_TYPES: Final = frozenset(
    {
        "aws:apigateway/restApi:RestApi",
        "aws:ecs/cluster:Cluster",
        "aws:ecs/taskDefinition:TaskDefinition",
        "aws:efs/fileSystem:FileSystem",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:lambda/function:Function",
        "aws:rds/instance:Instance",
        "aws:rds/proxy:Proxy",
        "aws:s3/bucket:Bucket",
        "aws:sfn/stateMachine:StateMachine",
        "aws:sns/topic:Topic",
        "aws:sqs/queue:Queue",
        "aws:wafv2/webAcl:WebAcl",
        "awsx:ecr:Repository",
    }
)
# Resources around all parts; the picture only counts them.
COUNTED_TYPES: Final[Mapping[str, str]] = {
    "aws:kms/key:Key": "keys",
    "aws:secretsmanager/secret:Secret": "secrets",
    "aws:cloudwatch/logGroup:LogGroup": "log groups",
    "aws:iam/role:Role": "roles",
    "aws:ec2/securityGroup:SecurityGroup": "security groups",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "VPC endpoints",
}
# Services of which every resource not named above is a property of some part or of the network.
_PROPERTY_PREFIXES = (
    "aws:apigateway/",
    "aws:cloudwatch/event",
    "aws:ec2/",
    "aws:ecs/clusterCapacityProviders:",
    "aws:efs/",
    "aws:elasticache/parameterGroup:",
    "aws:elasticache/subnetGroup:",
    "aws:iam/",
    "aws:kms/alias:",
    "aws:lambda/eventSourceMapping:",
    "aws:lambda/functionRecursionConfig:",
    "aws:lambda/invocation:",
    "aws:lambda/permission:",
    "aws:rds/parameterGroup:",
    "aws:rds/proxyDefaultTargetGroup:",
    "aws:rds/proxyTarget:",
    "aws:rds/subnetGroup:",
    "aws:s3/bucket",
    "aws:secretsmanager/secret",
    "aws:sns/topicPolicy:",
    "aws:sns/topicSubscription:",
    "aws:sqs/queuePolicy:",
    "aws:sqs/redriveAllowPolicy:",
    "aws:vpc/",
    "aws:wafv2/webAclAssociation:",
    "aws:wafv2/webAclLoggingConfiguration:",
    "awsx:ec2:Vpc",
    "awsx:ecr:Image",
    "random:",
)
_NAMING_OUTPUTS = ("arn", "url", "bucket", "address", "primaryEndpointAddress")
# What may follow the name of a part in a longer text: the rest of a path or of an ARN.
_BOUNDARIES = frozenset("/:*?")


class PictureError(Exception):
    """The program and what is laid out by hand differ; the message says what to do."""


class Parts:
    """The parts of one synthesised stack, by logical name."""

    def __init__(self, run: ProgramRun) -> None:
        """Read the parts.

        Raises:
            PictureError: A resource is of a type that the pictures do not know.
        """
        custom = [entry for entry in run.registrations.values() if entry.custom or entry.remote]
        for entry in custom:
            _check_known(entry.type)
        self.by_name = {entry.name: entry for entry in custom if entry.type in PART_TYPES}
        self.counts = {
            word: sum(entry.type == kind for entry in custom) for kind, word in COUNTED_TYPES.items()
        }
        self._identities: dict[str, str] = {}
        for name, entry in self.by_name.items():
            outputs = run.created[entry.urn].outputs
            for identity in _identities(entry, outputs):
                self._identities[identity] = name
        self._functions = {
            str(run.created[entry.urn].outputs.get("name")): name
            for name, entry in self.by_name.items()
            if entry.type.endswith(":Function")
        }

    def named_in(self, text: str) -> str | None:
        """Give the part that a text names, for example the bucket in the ARN of objects, or None."""
        found = [identity for identity in self._identities if _contains(text, identity)]
        return self._identities[max(found, key=len)] if found else None

    def function(self, name: str) -> str:
        """Give the function of this deployed name, which for a queue's consumer may be an ARN, too."""
        return self._functions.get(name) or self.named_in(name) or name

    def of_type(self, suffix: str) -> list[str]:
        """Give the names of all parts whose type ends like this."""
        return [name for name, entry in self.by_name.items() if entry.type.endswith(suffix)]


def _check_known(kind: str) -> None:
    if kind in PART_TYPES or kind in COUNTED_TYPES or kind.startswith(_PROPERTY_PREFIXES):
        return
    message = (
        f"the program has a resource of type {kind}, which the picture of the deployed parts does not know: "
        "name it in tools/architecture/parts.py as a part, as counted, or as a property of a part"
    )
    raise PictureError(message)


def _identities(entry: Registration, outputs: Mapping[str, Any]) -> list[str]:
    found = [str(outputs[key]) for key in _NAMING_OUTPUTS if outputs.get(key)]
    arn = str(outputs.get("arn", ""))
    if entry.type.endswith(":StateMachine"):
        found.append(arn.replace(":stateMachine:", ":execution:"))
    if entry.type.endswith(":Cluster"):
        found.append(arn.replace(":cluster/", ":task/"))
    if entry.type.endswith(":TaskDefinition"):
        found.append(arn.rpartition(":")[0])  # of every revision
    if entry.type.endswith(":Repository"):
        found.append(f":repository/{entry.inputs['name']}")
    return found


def _contains(text: str, identity: str) -> bool:
    _, found, rest = text.partition(identity)
    return bool(found) and (not rest or rest[0] in _BOUNDARIES)
