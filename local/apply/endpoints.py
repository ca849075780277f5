"""The servers and directories on this machine that stand in for AWS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.servers.emulator import EmulatorServer
    from local.servers.postgres import PostgresServer
    from local.servers.redis import RedisServer


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
        edge_url: Address that stands in for the edge's.
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
    edge_url: str
    access_key_id: str = "test"
    secret_access_key: str = "test"  # noqa: S105 - fixed by the emulator, no secret

    @classmethod
    def of(
        cls,
        postgres: PostgresServer,
        redis: RedisServer,
        emulator: EmulatorServer,
        *,
        efs_dir: Path,
        packages_dir: Path,
        edge_url: str,
    ) -> Endpoints:
        """Returns how the running servers are reached; one authority signs for all of them."""
        return cls(
            emulator_url=emulator.url,
            region=emulator.region,
            postgres=PostgresEndpoint(
                host=postgres.host,
                port=postgres.port,
                database=postgres.database,
                master_username=postgres.master_username,
                master_password=postgres.master_password,
                ca_path=postgres.ca_path,
            ),
            redis=RedisEndpoint(
                host=redis.host, port=redis.port, auth_token=redis.auth_token, ca_path=redis.ca_path
            ),
            efs_dir=efs_dir,
            packages_dir=packages_dir,
            ca_path=postgres.ca_path,
            edge_url=edge_url,
        )

    @property
    def speaks_tls(self) -> bool:
        """Whether the emulator is reached over TLS, with a certificate of the local authority."""
        return self.emulator_url.startswith("https://")
