"""One S3 bucket with everything that makes it private: encryption, TLS, versions, access log, lifecycle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.policies import Statement, policy_document, tls_only
from components.tags import Tags

# Written on every object of an attempt that another one replaced; the media bucket's lifecycle deletes them.
SUPERSEDED_TAG_KEY = "attempt"
SUPERSEDED_TAG_VALUE = "superseded"

# Written by `ingest` on every original that was accepted. Only these are archived: a lifecycle rule can name
# what it takes and not what it leaves, and the pictures that jobs lay over videos are in the same bucket.
ORIGINAL_TAG_KEY = "content"
ORIGINAL_TAG_VALUE = "original"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Moves originals to a cheaper storage class.

    Attributes:
        after_days: age of the object.
        storage_class: S3 storage class such as ``GLACIER_IR``.
    """

    after_days: int
    storage_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateBucketArgs:
    """Content and protection of a bucket.

    Attributes:
        tags: tags of the stack.
        force_destroy: delete the bucket with its objects when the stack goes; otherwise Pulumi protects it.
        key_arn: key that encrypts the objects; None uses S3's own key, which log delivery needs.
        access_log_bucket: bucket that receives the access log; None for the log bucket itself.
        transitions: moves of current originals by age.
        expire_after_days: age at which current objects are deleted; None keeps them.
        superseded_retention_days: how long replaced versions, and objects tagged as superseded, are kept.
        expire_superseded: delete objects that carry the tag of superseded attempts.
        cors_origins: web origins that may upload and download from a browser.
        send_events: report object changes to EventBridge.
        log_delivery_account_id: account whose buckets may write their access logs here; None for no log
            bucket.
        policy_elsewhere: somebody else sets the bucket's policy, with what `statements` gives and more.
    """

    tags: Tags
    force_destroy: bool
    key_arn: pulumi.Input[str] | None
    access_log_bucket: pulumi.Input[str] | None
    superseded_retention_days: int
    expire_superseded: bool = False
    transitions: Sequence[Transition] = ()
    expire_after_days: int | None = None
    cors_origins: Sequence[str] = ()
    send_events: bool = False
    log_delivery_account_id: str | None = None
    policy_elsewhere: bool = False


class PrivateBucket(pulumi.ComponentResource):
    """Creates a versioned, encrypted bucket that refuses public access, ACLs and plain HTTP."""

    bucket_name: pulumi.Output[str]
    arn: pulumi.Output[str]
    regional_domain_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("video-platform:buckets:PrivateBucket", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            force_destroy=args.force_destroy,
            tags=args.tags.of("storage"),
            opts=pulumi.ResourceOptions(parent=self, protect=not args.force_destroy),
        )
        self.bucket_name = bucket.bucket
        self.arn = bucket.arn
        self.regional_domain_name = bucket.bucket_regional_domain_name
        self._close()
        self._encrypt()
        self._keep_versions()
        if args.access_log_bucket is not None:
            aws.s3.BucketLogging(
                f"{name}-logging",
                bucket=self.bucket_name,
                target_bucket=args.access_log_bucket,
                target_prefix=f"{name}/",
                opts=self._child,
            )
        if args.cors_origins:
            self._allow_origins()
        if args.send_events:
            aws.s3.BucketNotification(
                f"{name}-events", bucket=self.bucket_name, eventbridge=True, opts=self._child
            )
        self.register_outputs(
            {
                "bucket_name": self.bucket_name,
                "arn": self.arn,
                "regional_domain_name": self.regional_domain_name,
            }
        )

    def _close(self) -> None:
        block = aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access",
            bucket=self.bucket_name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=self.bucket_name,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self._child,
        )
        if self._args.policy_elsewhere:
            return
        aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self.bucket_name,
            policy=policy_document(self.statements()),
            # S3 refuses two changes of one bucket's access settings at the same time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[block]),
        )

    def statements(self) -> list[Statement]:
        """What the policy of the bucket says whoever else may read it."""
        objects = pulumi.Output.concat(self.arn, "/*")
        statements = [tls_only([self.arn, objects], ["s3:*"])]
        if self._args.log_delivery_account_id is not None:
            statements.append(
                Statement(
                    sid="ReceiveAccessLogs",
                    principals={"Service": "logging.s3.amazonaws.com"},
                    actions=["s3:PutObject"],
                    resources=[objects],
                    conditions={"StringEquals": {"aws:SourceAccount": self._args.log_delivery_account_id}},
                )
            )
        return statements

    def _encrypt(self) -> None:
        key_arn = self._args.key_arn
        rule = aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
            bucket_key_enabled=key_arn is not None,
            apply_server_side_encryption_by_default=(
                aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                    sse_algorithm="AES256" if key_arn is None else "aws:kms", kms_master_key_id=key_arn
                )
            ),
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption", bucket=self.bucket_name, rules=[rule], opts=self._child
        )

    def _keep_versions(self) -> None:
        versioning = aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=self.bucket_name,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=self._child,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self.bucket_name,
            rules=self._lifecycle_rules(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )

    def _lifecycle_rules(self) -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
        abort = aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=1
        )
        superseded = aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=self._args.superseded_retention_days
        )
        lone_marker = aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True)
        rules = [
            _rule("abort-stale-uploads", abort_incomplete_multipart_upload=abort),
            _rule("delete-superseded-versions", noncurrent_version_expiration=superseded),
            _rule("delete-lone-markers", expiration=lone_marker),
        ]
        if self._args.expire_superseded:
            rules.append(_superseded_rule(self._args.superseded_retention_days))
        for transition in self._args.transitions:
            move = aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(
                days=transition.after_days, storage_class=transition.storage_class
            )
            rules.append(
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id=f"move-to-{transition.storage_class.lower().replace('_', '-')}",
                    status="Enabled",
                    filter=_tagged(ORIGINAL_TAG_KEY, ORIGINAL_TAG_VALUE),
                    transitions=[move],
                )
            )
        if self._args.expire_after_days is not None:
            expiration = aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(
                days=self._args.expire_after_days
            )
            rules.append(_rule("delete-old-objects", expiration=expiration))
        return rules

    def _allow_origins(self) -> None:
        aws.s3.BucketCorsConfiguration(
            f"{self._name}-cors",
            bucket=self.bucket_name,
            cors_rules=[
                aws.s3.BucketCorsConfigurationCorsRuleArgs(
                    allowed_methods=["GET", "HEAD", "PUT", "POST"],
                    allowed_origins=list(self._args.cors_origins),
                    allowed_headers=["content-type", "range", "x-amz-checksum-sha256"],
                    expose_headers=["ETag", "Content-Range", "x-amz-checksum-sha256"],
                    max_age_seconds=3600,
                )
            ],
            opts=self._child,
        )


def _rule(rule_id: str, **action: Any) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    """Build an enabled rule for the whole bucket."""
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id=rule_id,
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        **action,
    )


def _superseded_rule(after_days: int) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    """Build the rule that deletes what the outputs of a later attempt replaced."""
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id="delete-superseded-attempts",
        status="Enabled",
        filter=_tagged(SUPERSEDED_TAG_KEY, SUPERSEDED_TAG_VALUE),
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=after_days),
    )


def _tagged(key: str, value: str) -> aws.s3.BucketLifecycleConfigurationRuleFilterArgs:
    """Name the objects that carry a tag."""
    tag = aws.s3.BucketLifecycleConfigurationRuleFilterTagArgs(key=key, value=value)
    return aws.s3.BucketLifecycleConfigurationRuleFilterArgs(tag=tag)
