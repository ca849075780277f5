"""Buckets of the emulator for tests."""

import secrets

from local.aws import AwsAccess
from local.servers.emulator import EmulatorServer


def make_bucket(emulator: EmulatorServer, role: str) -> str:
    """Make an empty bucket whose name begins with its role, and name it."""
    name = f"{role}-{secrets.token_hex(6)}"
    AwsAccess(emulator.url, emulator.region).client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": emulator.region}
    )
    return name
