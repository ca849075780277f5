"""KMS keys and Secrets Manager secrets."""

from __future__ import annotations

from local.apply.context import ApplyContext, present, tag_pairs
from local.apply.registry import handles
from local.monitor import Created, Registration


@handles("aws:kms/key:Key")
def create_key(context: ApplyContext, resource: Registration) -> Created:
    """Creates a key with its policy."""
    tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tag_pairs(resource)]
    kms = context.client("kms")
    metadata = kms.create_key(
        **present(
            Description=resource.inputs.get("description"),
            Policy=resource.inputs.get("policy"),
            KeyUsage=resource.inputs.get("keyUsage"),
            Tags=tags or None,
        )
    )["KeyMetadata"]
    if resource.inputs.get("enableKeyRotation"):
        kms.enable_key_rotation(KeyId=metadata["KeyId"])
    return Created(metadata["KeyId"], {"arn": metadata["Arn"], "keyId": metadata["KeyId"]})


@handles("aws:kms/keyPolicy:KeyPolicy")
def put_key_policy(context: ApplyContext, resource: Registration) -> Created:
    """Sets the policy of a key."""
    key_id = str(resource.inputs["keyId"])
    context.client("kms").put_key_policy(KeyId=key_id, PolicyName="default", Policy=resource.inputs["policy"])
    return Created(key_id)


@handles("aws:kms/alias:Alias")
def create_alias(context: ApplyContext, resource: Registration) -> Created:
    """Gives a key a name."""
    created = context.model(resource)
    context.client("kms").create_alias(
        AliasName=created.outputs["name"], TargetKeyId=resource.inputs["targetKeyId"]
    )
    return created


@handles("aws:secretsmanager/secret:Secret")
def create_secret(context: ApplyContext, resource: Registration) -> Created:
    """Creates a secret without a value."""
    name = context.name(resource)
    answer = context.client("secretsmanager").create_secret(
        Name=name,
        **present(
            Description=resource.inputs.get("description"),
            KmsKeyId=resource.inputs.get("kmsKeyId"),
            Tags=tag_pairs(resource) or None,
        ),
    )
    return Created(answer["ARN"], {"arn": answer["ARN"], "name": name})


@handles("aws:secretsmanager/secretVersion:SecretVersion")
def put_secret_value(context: ApplyContext, resource: Registration) -> Created:
    """Stores a value in a secret."""
    secret_id = str(resource.inputs["secretId"])
    answer = context.client("secretsmanager").put_secret_value(
        SecretId=secret_id, SecretString=resource.inputs["secretString"]
    )
    return Created(
        f"{secret_id}|{answer['VersionId']}",
        {
            "arn": answer["ARN"],
            "versionId": answer["VersionId"],
            "versionStages": answer.get("VersionStages", ["AWSCURRENT"]),
        },
    )


@handles("aws:secretsmanager/secretPolicy:SecretPolicy")
def put_secret_policy(context: ApplyContext, resource: Registration) -> Created:
    """Sets a secret's own policy."""
    secret_arn = str(resource.inputs["secretArn"])
    context.client("secretsmanager").put_resource_policy(
        SecretId=secret_arn, ResourcePolicy=resource.inputs["policy"]
    )
    return Created(secret_arn)
