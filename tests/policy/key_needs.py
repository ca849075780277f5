"""Which key permissions follow from the other permissions, so that both can be compared."""

from collections.abc import Iterator
from typing import Any

from tests.policy.permissions import Permission
from tests.policy.rules_storage import BUCKET_ENCRYPTION
from tests.policy.stack import Stack

READ = frozenset({"kms:Decrypt"})
WRITE = frozenset({"kms:GenerateDataKey"})
BOTH = READ | WRITE
# What the service asks of the caller's key permissions when the resource is encrypted with a customer key.
NEEDS: dict[str, frozenset[str]] = {
    "s3:GetObject": READ,
    "s3:PutObject": WRITE,
    "sns:Publish": BOTH,
    "sqs:SendMessage": BOTH,
    "sqs:ReceiveMessage": READ,
    "secretsmanager:GetSecretValue": READ,
}
# Statements by which code calls KMS itself: the key encrypts no resource, but texts in the ledger.
CALLED_DIRECTLY = frozenset({"OpenSecrets"})
_KEY_INPUTS = ("kmsKeyId", "kmsMasterKeyId", "masterUserSecretKmsKeyId")


def keys_of(stack: Stack) -> dict[str, str]:
    """Give the key of every encrypted resource, both by logical name."""
    keys = {item.outputs["arn"]: item.name for item in stack.of("aws:kms/key:Key")}
    buckets = {item.outputs["id"]: item.name for item in stack.of("aws:s3/bucket:Bucket")}
    found: dict[str, str] = {}
    for resource in stack.resources:
        for name in _KEY_INPUTS:
            if resource.inputs.get(name) in keys:
                owner = f"{resource.name}.master-secret" if name.startswith("master") else resource.name
                found[owner] = keys[resource.inputs[name]]
        if resource.type == BUCKET_ENCRYPTION:
            key = resource.at("rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId")
            found |= {buckets[resource.inputs["bucket"]]: keys[key]} if key in keys else {}
    return found


def needed(stack: Stack, found: list[Permission]) -> Iterator[tuple[str, str, str]]:
    """Give (principal, key, key action) for everything that principals do to encrypted resources."""
    keys = keys_of(stack)
    for permission in found:
        if permission.effect != "Allow":
            continue
        if permission.sid in CALLED_DIRECTLY:
            yield from (use for action in permission.may for use in _grants(permission, action))
        for target in permission.targets:
            name = target.partition("}")[0].removeprefix("{")
            for action in permission.may:
                for use in NEEDS.get(action, frozenset()) if name in keys else ():
                    yield from ((who, keys[name], use) for who in permission.who if who != "account")


def granted(found: list[Permission]) -> Iterator[tuple[str, str, str]]:
    """Give (principal, key, key action) for what role policies and key policies allow."""
    for permission in found:
        if permission.effect != "Allow":
            continue
        for action in permission.may:
            if action in BOTH:
                yield from _grants(permission, action)


def _grants(permission: Permission, action: str) -> Iterator[tuple[str, str, str]]:
    for who in permission.who:
        for target in permission.targets:
            key: Any = permission.carrier if target == "*" else target.strip("{}")
            # Endpoint policies name everybody; they narrow what other policies allow.
            if who not in {"account", "everybody"}:
                yield who, key, action
