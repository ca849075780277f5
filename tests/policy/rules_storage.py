"""Rules for EFS and S3."""

from tests.policy.predicates import (
    admit_everybody,
    drop_denials,
    has_key,
    refuses_plain_http,
    trusts_nobody_unknown,
)
from tests.policy.rules import companion, equal, given, in_json, setting, where
from tests.policy.stack import Resource

FILES = "aws:efs/fileSystem:FileSystem"
ACCESS_POINT = "aws:efs/accessPoint:AccessPoint"
MOUNT_TARGET = "aws:efs/mountTarget:MountTarget"
FILE_POLICY = "aws:efs/fileSystemPolicy:FileSystemPolicy"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
PUBLIC_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _aborts_uploads(lifecycle: Resource) -> bool:
    return any(
        rule["status"] == "Enabled"
        and rule.get("abortIncompleteMultipartUpload", {}).get("daysAfterInitiation")
        for rule in lifecycle.inputs["rules"]
    )


SHARED_FILES = (
    equal(["EFS.1", "EFS.8", "CKV_AWS_42", "EFS1"], FILES, "encrypted", True, False, "files are encrypted"),
    where(["CKV_AWS_184"], FILES, "kmsKeyId", has_key, None, "they use a customer key"),
    companion(
        ["EFS.2", "EFS.7", "CKV2_AWS_18"],
        FILES,
        "aws:efs/backupPolicy:BackupPolicy",
        "fileSystemId",
        "it is backed up",
        test=lambda policy: bool(policy.at("backupPolicy.status") == "ENABLED"),
        change=setting("backupPolicy.status", "DISABLED"),
    ),
    where(
        ["EFS.3", "CKV_AWS_329"],
        ACCESS_POINT,
        "rootDirectory.path",
        lambda path: path not in {None, "/"},
        "/",
        "an access point opens a directory, not everything",
    ),
    given(
        ["EFS.4", "CKV_AWS_330"], ACCESS_POINT, "posixUser.uid", "an access point gives every client one uid"
    ),
    where(
        ["EFS.6"],
        MOUNT_TARGET,
        "subnetId",
        lambda subnet: "public" not in subnet,
        "subnet-modelled-public-1",
        "it is not mounted from public subnets",
    ),
    companion(
        ["VP.EFS.1"],
        FILES,
        FILE_POLICY,
        "fileSystemId",
        "clients must use TLS",
        test=refuses_plain_http,
        change=in_json("policy", drop_denials),
    ),
)

BUCKETS = (
    *(
        companion(
            [f"CKV_AWS_{number}", "S3.8", "CKV2_AWS_6", "S2"],
            BUCKET,
            PUBLIC_ACCESS,
            "bucket",
            f"{switch} is on",
            test=lambda block, switch=switch: bool(block.inputs.get(switch) is True),  # type: ignore[misc]
            change=setting(switch, False),
        )
        for number, switch in zip((53, 54, 55, 56), PUBLIC_SWITCHES, strict=True)
    ),
    companion(
        ["S3.5", "CKV_AWS_379", "S10"],
        BUCKET,
        BUCKET_POLICY,
        "bucket",
        "plain http is refused",
        test=refuses_plain_http,
        change=in_json("policy", drop_denials),
    ),
    companion(
        ["S3.6", "S3.2", "S3.3", "CKV_AWS_70"],
        BUCKET,
        BUCKET_POLICY,
        "bucket",
        "nobody outside the account is let in",
        test=trusts_nobody_unknown,
        change=in_json("policy", admit_everybody),
    ),
    companion(
        ["S3.12", "CKV2_AWS_65"],
        BUCKET,
        OWNERSHIP,
        "bucket",
        "it has no ACLs",
        test=lambda found: bool(found.at("rule.objectOwnership") == "BucketOwnerEnforced"),
        change=setting("rule.objectOwnership", "ObjectWriter"),
    ),
    companion(
        ["S3.17", "CKV_AWS_145"],
        BUCKET,
        BUCKET_ENCRYPTION,
        "bucket",
        "objects use a customer key",
        test=lambda found: has_key(found.at("rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId")),
        change=setting("rules", [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]),
    ),
    companion(
        ["S3.14", "CKV_AWS_21"],
        BUCKET,
        "aws:s3/bucketVersioning:BucketVersioning",
        "bucket",
        "it keeps versions",
        test=lambda found: bool(found.at("versioningConfiguration.status") == "Enabled"),
        change=setting("versioningConfiguration.status", "Suspended"),
    ),
    companion(
        ["S3.9", "CKV_AWS_18", "S1"],
        BUCKET,
        "aws:s3/bucketLogging:BucketLogging",
        "bucket",
        "access is logged",
    ),
    companion(["S3.13", "CKV2_AWS_61"], BUCKET, LIFECYCLE, "bucket", "objects have a life cycle"),
    companion(
        ["CKV_AWS_300"],
        BUCKET,
        LIFECYCLE,
        "bucket",
        "unfinished uploads are removed",
        test=_aborts_uploads,
        change=setting("rules", []),
    ),
    companion(
        ["S3.11", "CKV2_AWS_62"],
        BUCKET,
        "aws:s3/bucketNotification:BucketNotification",
        "bucket",
        "it reports events",
    ),
)

RULES = (*SHARED_FILES, *BUCKETS)
