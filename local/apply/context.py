"""What every resource handler shares: clients of the emulator, generated values, local artefacts."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local.apply.coverage import untracked
from local.apply.endpoints import Endpoints
from local.apply.generated import GeneratedValues
from local.apply.preparation import lambda_package
from local.lookups import Account
from local.model import model_outputs, physical_name
from local.model_shapes import SHAPES
from local.monitor import Created, Registration

_UPLOAD_BUCKET = "local-deployment-upload"
_CLIENT_CONFIG = Config(
    connect_timeout=5,
    read_timeout=180,
    max_pool_connections=16,
    retries={"mode": "standard", "total_max_attempts": 2},
    s3={"addressing_style": "path"},
)


class ApplyContext:
    """State of one application of the program.

    Attributes:
        endpoints: The servers and directories of this machine.
        generated: Values that survive restarts.
        account: Account and region of the emulator.
        mounts: Directory of each EFS file system and access point, by id.
        used_package: The Lambda package, once a function uses it.
        dropped_statements: URN and Sid of every policy statement that plain HTTP forces us to leave out.
    """

    def __init__(self, endpoints: Endpoints, generated: GeneratedValues) -> None:
        self.endpoints = endpoints
        self.generated = generated
        self.mounts: dict[str, Path] = {}
        self.used_package: Path | None = None
        self.dropped_statements: list[str] = []
        self._lock = threading.Lock()
        self._upload_lock = threading.Lock()
        self._uploaded: dict[str, str] = {}
        self._clients: dict[str, Any] = {}
        self._session: Any = boto3.Session(
            aws_access_key_id=endpoints.access_key_id,
            aws_secret_access_key=endpoints.secret_access_key,
            region_name=endpoints.region,
        )
        identity = self.client("sts").get_caller_identity()
        self.account = Account(id=identity["Account"], region=endpoints.region)

    def client(self, service: str) -> Any:
        """Returns the one client of a service, for example `s3`; safe to use from several threads."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service,
                    endpoint_url=self.endpoints.emulator_url,
                    verify=str(self.endpoints.ca_path),
                    config=_CLIENT_CONFIG,
                )
            return self._clients[service]

    def model(self, resource: Registration) -> Created:
        """Returns AWS-shaped outputs of a resource in the emulator's account."""
        self.name(resource)
        return model_outputs(untracked(resource), self.account)

    def name(self, resource: Registration) -> str:
        """Returns the physical name of a resource; automatic names are the same on every run."""
        shape = SHAPES.get(resource.type)
        return physical_name(resource, shape.name_key if shape else "name")

    def lambda_code(self) -> dict[str, str]:
        """Returns where the functions' code lies; all of them share one upload, which `close` removes."""
        with self._upload_lock:
            if not self._uploaded:
                package = lambda_package(self.endpoints.packages_dir, self.endpoints.ca_path)
                s3 = self.client("s3")
                s3.create_bucket(
                    Bucket=_UPLOAD_BUCKET,
                    CreateBucketConfiguration={"LocationConstraint": self.account.region},
                )
                s3.put_object(Bucket=_UPLOAD_BUCKET, Key=package.name, Body=package.read_bytes())
                self._uploaded = {"S3Bucket": _UPLOAD_BUCKET, "S3Key": package.name}
                self.used_package = package
            return dict(self._uploaded)

    def close(self) -> None:
        """Removes what was needed during the application only."""
        with self._upload_lock:
            if self._uploaded:
                s3 = self.client("s3")
                s3.delete_object(Bucket=_UPLOAD_BUCKET, Key=self._uploaded["S3Key"])
                s3.delete_bucket(Bucket=_UPLOAD_BUCKET)
                self._uploaded = {}


def tag_pairs(resource: Registration) -> list[dict[str, str]]:
    """Returns a resource's tags in the form that most services take."""
    return [{"Key": key, "Value": str(value)} for key, value in sorted(tag_map(resource).items())]


def tag_map(resource: Registration) -> Mapping[str, str]:
    """Returns a resource's tags as a mapping."""
    tags = resource.inputs.get("tags")
    return {str(key): str(value) for key, value in tags.items()} if isinstance(tags, Mapping) else {}


def pascal(value: Any) -> Any:
    """Turns the camelCase keys of the program into the PascalCase of the AWS APIs, all the way down."""
    if isinstance(value, Mapping):
        return {key[:1].upper() + key[1:]: pascal(item) for key, item in value.items() if item is not None}
    return [pascal(item) for item in value] if isinstance(value, list) else value


def present(**values: Any) -> dict[str, Any]:
    """Keeps the arguments that the program gave."""
    return {key: value for key, value in values.items() if value is not None}
