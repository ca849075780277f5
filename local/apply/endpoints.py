"""The servers and directories on this machine that stand in for AWS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresEndpoint:
    """The PostgreSQL server that stands in for RDS; the master's password becomes the managed secret."""

    host: str
    port: int
    database: str
    master_username: str
    master_password: str
    ca_path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisEndpoint:
    """The Redis server that stands in for ElastiCache; the program's own token comes beside `auth_token`."""

    host: str
    port: int
    auth_token: str
    ca_path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Everything that `apply_program` needs to know about this machine.

    Attributes:
        emulator_url: Address of the AWS emulator.
        region: Region that the emulator serves.
        postgres: Stands in for RDS.
        redis: Stands in for ElastiCache.
        efs_dir: Directory in which every EFS file system gets a directory.
        packages_dir: Directory that keeps built artefacts between runs.
        ca_path: PEM file with the local authority, put where the services expect AWS's roots.
        access_key_id: Credentials of the emulator's account owner.
        secret_access_key: Credentials of the emulator's account owner.
    """

    emulator_url: str
    region: str
    postgres: PostgresEndpoint
    redis: RedisEndpoint
    efs_dir: Path
    packages_dir: Path
    ca_path: Path
    access_key_id: str = "test"
    secret_access_key: str = "test"  # noqa: S105 - fixed by the emulator, no secret

    @property
    def speaks_tls(self) -> bool:
        """Whether the emulator is reached over TLS, with a certificate of the local authority."""
        return self.emulator_url.startswith("https://")
