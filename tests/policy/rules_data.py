"""Rules for RDS, ElastiCache and Secrets Manager."""

from typing import Any

from tests.policy.predicates import has_key
from tests.policy.rules import Defect, Rule, equal, given, setting, where
from tests.policy.stack import Resource, Stack

DATABASE = "aws:rds/instance:Instance"
DATABASE_PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
SECRET = "aws:secretsmanager/secret:Secret"
SECRET_ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
USUAL_ADMINISTRATORS = {"admin", "administrator", "postgres", "root", "master"}


def _parameter(name: str, test: Any) -> Any:
    def holds(resource: Resource, _stack: Stack) -> bool:
        values = [item["value"] for item in resource.inputs["parameters"] if item["name"] == name]
        return bool(values) and test(values[0])

    return holds


PROXY = "aws:rds/proxy:Proxy"
_NO_PARAMETERS = Defect(DATABASE_PARAMETERS, setting("parameters", []))

RELATIONAL = (
    equal(["RDS.3", "CKV_AWS_16", "RDS2"], DATABASE, "storageEncrypted", True, False, "storage is encrypted"),
    where(["VP.RDS.1"], DATABASE, "kmsKeyId", has_key, None, "storage uses a customer key"),
    equal(["RDS.2", "CKV_AWS_17"], DATABASE, "publiclyAccessible", False, True, "it has no public address"),
    equal(["RDS.5", "CKV_AWS_157", "RDS3"], DATABASE, "multiAz", True, False, "it stands in two zones"),
    given(["RDS.6", "CKV_AWS_118"], DATABASE, "monitoringInterval", "enhanced monitoring is on"),
    equal(
        ["RDS.8", "CKV_AWS_293", "RDS10"], DATABASE, "deletionProtection", True, False, "it resists deletion"
    ),
    where(
        ["RDS.9", "RDS.36", "CKV_AWS_129"],
        DATABASE,
        "enabledCloudwatchLogsExports",
        lambda value: "postgresql" in (value or []),
        [],
        "its log goes to CloudWatch",
    ),
    equal(
        ["RDS.10", "CKV_AWS_161"], DATABASE, "iamDatabaseAuthenticationEnabled", True, False, "IAM may log in"
    ),
    where(
        ["RDS.11", "CKV_AWS_133", "RDS13"],
        DATABASE,
        "backupRetentionPeriod",
        lambda value: (value or 0) >= 7,
        0,
        "backups are kept for a week",
    ),
    equal(["RDS.13", "CKV_AWS_226"], DATABASE, "autoMinorVersionUpgrade", True, False, "it takes patches"),
    equal(["RDS.17", "CKV2_AWS_60"], DATABASE, "copyTagsToSnapshot", True, False, "snapshots carry the tags"),
    given(["RDS.18"], DATABASE, "dbSubnetGroupName", "it is in the VPC"),
    where(
        ["RDS.23", "RDS11"],
        DATABASE,
        "port",
        lambda port: port not in {None, 5432},
        5432,
        "its port is its own",
    ),
    where(
        ["RDS.25", "rds_instance_default_admin"],
        DATABASE,
        "username",
        lambda name: name not in USUAL_ADMINISTRATORS,
        "postgres",
        "the administrator's name cannot be guessed from a list",
    ),
    equal(["CKV_AWS_353"], DATABASE, "performanceInsightsEnabled", True, False, "Performance Insights is on"),
    where(
        ["CKV_AWS_354"],
        DATABASE,
        "performanceInsightsKmsKeyId",
        has_key,
        None,
        "its samples use a customer key",
    ),
    equal(
        ["VP.RDS.2"],
        DATABASE,
        "manageMasterUserPassword",
        True,
        False,
        "RDS keeps and rotates the master password",
    ),
    equal(["VP.RDS.3"], PROXY, "requireTls", True, False, "the proxy refuses connections without TLS"),
    equal(["VP.RDS.4"], PROXY, "debugLogging", False, True, "the proxy does not log statements"),
    Rule(
        ids=("CKV2_AWS_69", "rds_instance_transport_encrypted"),
        type=DATABASE_PARAMETERS,
        says="connections without TLS are refused",
        holds=_parameter("rds.force_ssl", lambda value: value == "1"),
        defect=_NO_PARAMETERS,
    ),
    Rule(
        ids=("CKV2_AWS_30",),
        type=DATABASE_PARAMETERS,
        says="slow statements are logged",
        holds=_parameter("log_min_duration_statement", lambda value: int(value) >= 0),
        defect=_NO_PARAMETERS,
    ),
)

CACHING = (
    where(
        ["ElastiCache.1"], CACHE, "snapshotRetentionLimit", lambda days: (days or 0) >= 5, 0, "it has backups"
    ),
    equal(["ElastiCache.2"], CACHE, "autoMinorVersionUpgrade", True, False, "it takes patches"),
    equal(["ElastiCache.3", "CKV2_AWS_50"], CACHE, "automaticFailoverEnabled", True, False, "it fails over"),
    equal(
        ["ElastiCache.4", "CKV_AWS_29", "AEC3"],
        CACHE,
        "atRestEncryptionEnabled",
        True,
        False,
        "disks are encrypted",
    ),
    equal(["ElastiCache.5", "CKV_AWS_30"], CACHE, "transitEncryptionEnabled", True, False, "it speaks TLS"),
    equal(["VP.ElastiCache.1"], CACHE, "transitEncryptionMode", "required", "preferred", "TLS is a must"),
    given(["ElastiCache.6", "CKV_AWS_31", "AEC6"], CACHE, "authToken", "clients need a token"),
    given(["ElastiCache.7", "AEC1"], CACHE, "subnetGroupName", "it has a subnet group of its own"),
    where(["CKV_AWS_191"], CACHE, "kmsKeyId", has_key, None, "it uses a customer key"),
    equal(["AEC4"], CACHE, "multiAzEnabled", True, False, "it stands in two zones"),
    where(["AEC5"], CACHE, "port", lambda port: port not in {None, 6379}, 6379, "its port is its own"),
)

SECRETS = (
    where(["CKV_AWS_149"], SECRET, "kmsKeyId", has_key, None, "it uses a customer key"),
    Rule(
        ids=("SecretsManager.1", "SecretsManager.4", "CKV2_AWS_57", "SMG4"),
        type=SECRET,
        says="it is rotated",
        holds=lambda resource, stack: bool(stack.naming(SECRET_ROTATION, "secretId", resource)),
        defect=Defect(SECRET_ROTATION),
    ),
    given(["SecretsManager.3"], SECRET, "description", "it says what it opens"),
)

RULES = (*RELATIONAL, *CACHING, *SECRETS)
