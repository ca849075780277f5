"""Inputs that have no effect on this machine, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping

# Their inputs describe machines that AWS runs; the local server or directory has settings of its own.
STAND_INS = frozenset(
    {
        "aws:rds/instance:Instance",
        "aws:rds/proxy:Proxy",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:efs/fileSystem:FileSystem",
        "aws:efs/accessPoint:AccessPoint",
    }
)

_NOTHING_IS_DESTROYED = "local mode destroys nothing: a new start has a new control plane"
_ALWAYS_ANEW = "it tells Pulumi when to act again; local mode acts on every start"

LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "aws:apigateway/deployment:Deployment": {"triggers": _ALWAYS_ANEW},
    "aws:lambda/invocation:Invocation": {"triggers": _ALWAYS_ANEW},
    "aws:ecs/cluster:Cluster": {"configuration": "it encrypts disks of machines that AWS runs"},
    "aws:ecs/taskDefinition:TaskDefinition": {"skipDestroy": _NOTHING_IS_DESTROYED},
    "aws:cloudwatch/logGroup:LogGroup": {"skipDestroy": _NOTHING_IS_DESTROYED},
    "aws:kms/key:Key": {"deletionWindowInDays": _NOTHING_IS_DESTROYED},
    "aws:s3/bucket:Bucket": {"forceDestroy": _NOTHING_IS_DESTROYED},
    "aws:secretsmanager/secret:Secret": {
        "recoveryWindowInDays": _NOTHING_IS_DESTROYED,
        "forceOverwriteReplicaSecret": _NOTHING_IS_DESTROYED,
    },
}
