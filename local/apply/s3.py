"""Buckets and their settings. A bucket whose objects persisted from an earlier run is adopted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from local.apply.context import ApplyContext, pascal, present, tag_pairs
from local.apply.policies import without_tls_only_denials
from local.apply.registry import handles
from local.monitor import Created, Registration

_ALREADY_THERE = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


@handles("aws:s3/bucket:Bucket")
def create_bucket(context: ApplyContext, resource: Registration) -> Created:
    """Creates a bucket, or adopts the one whose objects persisted."""
    s3, name = context.client("s3"), context.name(resource)
    location = {"LocationConstraint": context.account.region}
    try:
        # us-east-1 is the one region that must not be named.
        extra = {} if context.account.region == "us-east-1" else {"CreateBucketConfiguration": location}
        s3.create_bucket(Bucket=name, **extra)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _ALREADY_THERE:
            raise
    if tags := tag_pairs(resource):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    return context.model(resource)


@handles("aws:s3/bucketVersioning:BucketVersioning")
def set_versioning(context: ApplyContext, resource: Registration) -> Created:
    """Switches versioning."""
    configuration = pascal(resource.inputs["versioningConfiguration"])
    return _put(context, resource, "put_bucket_versioning", VersioningConfiguration=configuration)


@handles("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
def set_encryption(context: ApplyContext, resource: Registration) -> Created:
    """Sets the default encryption."""
    rules = []
    for rule in resource.inputs["rules"]:
        default = rule["applyServerSideEncryptionByDefault"]
        converted: dict[str, Any] = {
            "ApplyServerSideEncryptionByDefault": present(
                SSEAlgorithm=default["sseAlgorithm"], KMSMasterKeyID=default.get("kmsMasterKeyId")
            )
        }
        rules.append(converted | present(BucketKeyEnabled=rule.get("bucketKeyEnabled")))
    return _put(
        context, resource, "put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": rules}
    )


@handles("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
def block_public_access(context: ApplyContext, resource: Registration) -> Created:
    """Blocks public access."""
    names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    block = pascal({name: bool(resource.inputs.get(name)) for name in names})
    return _put(context, resource, "put_public_access_block", PublicAccessBlockConfiguration=block)


@handles("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
def set_ownership(context: ApplyContext, resource: Registration) -> Created:
    """Says who owns uploaded objects."""
    controls = {"Rules": [pascal(resource.inputs["rule"])]}
    return _put(context, resource, "put_bucket_ownership_controls", OwnershipControls=controls)


@handles("aws:s3/bucketCorsConfiguration:BucketCorsConfiguration")
def set_cors(context: ApplyContext, resource: Registration) -> Created:
    """Sets the rules for browsers."""
    rules = [_cors_rule(rule) for rule in resource.inputs["corsRules"]]
    return _put(context, resource, "put_bucket_cors", CORSConfiguration={"CORSRules": rules})


@handles("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
def set_lifecycle(context: ApplyContext, resource: Registration) -> Created:
    """Sets the lifecycle rules."""
    rules = [_lifecycle_rule(rule) for rule in resource.inputs["rules"]]
    return _put(
        context, resource, "put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": rules}
    )


@handles("aws:s3/bucketLogging:BucketLogging")
def set_logging(context: ApplyContext, resource: Registration) -> Created:
    """Sends the access log to another bucket."""
    target = {
        "TargetBucket": resource.inputs["targetBucket"],
        "TargetPrefix": resource.inputs.get("targetPrefix", ""),
    }
    return _put(context, resource, "put_bucket_logging", BucketLoggingStatus={"LoggingEnabled": target})


@handles("aws:s3/bucketPolicy:BucketPolicy")
def set_policy(context: ApplyContext, resource: Registration) -> Created:
    """Sets the bucket's policy without what plain HTTP would trip over."""
    policy = without_tls_only_denials(context, resource, resource.inputs["policy"])
    if policy is None:
        return Created(str(resource.inputs["bucket"]))
    return _put(context, resource, "put_bucket_policy", Policy=policy)


@handles("aws:s3/bucketNotification:BucketNotification")
def set_notification(context: ApplyContext, resource: Registration) -> Created:
    """Says who is told about new objects."""
    inputs = resource.inputs
    configuration: dict[str, Any] = {}
    if inputs.get("eventbridge"):
        configuration["EventBridgeConfiguration"] = {}
    targets = (
        ("queues", "QueueConfigurations", "queueArn", "QueueArn"),
        ("topics", "TopicConfigurations", "topicArn", "TopicArn"),
        ("lambdaFunctions", "LambdaFunctionConfigurations", "lambdaFunctionArn", "LambdaFunctionArn"),
    )
    for key, name, arn_key, arn_name in targets:
        if inputs.get(key):
            configuration[name] = [
                {arn_name: target[arn_key], "Events": target["events"]} for target in inputs[key]
            ]
    return _put(
        context,
        resource,
        "put_bucket_notification_configuration",
        NotificationConfiguration=configuration,
    )


def _put(context: ApplyContext, resource: Registration, operation: str, **arguments: Any) -> Created:
    bucket = str(resource.inputs["bucket"])
    getattr(context.client("s3"), operation)(Bucket=bucket, **arguments)
    return Created(bucket)


def _cors_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    converted: dict[str, Any] = pascal({key: value for key, value in rule.items() if key != "id"})
    return converted | present(ID=rule.get("id"))


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    converted: dict[str, Any] = pascal({key: value for key, value in rule.items() if key != "id"})
    converted["ID"] = rule["id"]
    converted.setdefault("Filter", {"Prefix": ""})
    return converted
