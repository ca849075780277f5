"""The servers and rows that both sides work with."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import boto3
import psycopg
from psycopg import sql

from ledger.access import keys
from ledger.access.keys import DeployedKey, Scope
from ledger.database.connection import FixedCredentials
from ledger.database.settings import Credentials, DatabaseSettings
from ledger.states import DEFAULT_CLIENT
from local.servers.emulator import ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY, EmulatorServer
from local.servers.postgres import PostgresServer
from local.servers.tls import create_authority
from metadata_api.settings import ApiSettings
from upkeep.migrate import Waiting, migrate

EVENTS_A_VIDEO = 10
CALLERS = tuple(f"key-{number}" for number in range(100))
"""Ids of keys, each of a client of its own."""
STRANGER = "stranger"
"""Id of a viewer's key, whose client owns nothing."""
_REGION = "ap-northeast-1"
_MIGRATION_SECONDS = 30.0
# A quarter of the memory, as RDS has it by default, of the smallest instance class in use (db.t4g.medium).
_BUFFERS_MIB = 1024
# One title in a thousand holds `rare`, one in 5,000 each of the words w0 to w4999, one in
# 50 each of c0 to c49, all hold `holiday`.
_VIDEOS = """
    INSERT INTO videos (id, client, title, description, tags, language, attributes, state, created_at)
    SELECT gen_random_uuid(), 'default', 'Holiday w' || n %% 5000 || ' c' || n %% 50
           || CASE WHEN n %% 1000 = 1 THEN ' rare' ELSE '' END,
           'A film of some length about nothing in particular, number ' || n,
           ARRAY['all', 'tag' || n %% 500], 'en', '{"camera": "x100", "take": 3}', 'PENDING',
           timestamptz '2026-01-01 00:00Z' + n * interval '1 second'
      FROM generate_series(1, %s::int) n"""
_JOBS = """
    INSERT INTO jobs (id, video_id, owner, status, profile, filename, source_bucket, source_key,
                      source_identity, created_at)
    SELECT gen_random_uuid(), v.id, 'default', 'PENDING', 'web', 'clip.mp4', 'bench', v.id::text, '',
           v.created_at
      FROM videos v WHERE NOT EXISTS (SELECT FROM jobs j WHERE j.video_id = v.id)"""
_EVENTS = """
    INSERT INTO events (job_id, attempt, fence, type, data)
    SELECT j.id, 1, 0, 'job.heartbeat', '{"stage": "encode"}'
      FROM jobs j, generate_series(1, %s) WHERE NOT EXISTS (SELECT FROM events e WHERE e.job_id = j.id)"""


@dataclass(frozen=True)
class Stage:
    """A ledger with so many videos, and the environment that both sides start in to use it."""

    postgres: PostgresServer
    videos: int
    environment: Mapping[str, str]

    def fill(self) -> None:
        """Makes the videos, a job for each and ten events for each job."""
        with self._connect() as conn:
            # Row by row, following the latest job would take minutes; the states are filled in above.
            conn.execute("ALTER TABLE jobs DISABLE TRIGGER jobs_follow_latest")
            conn.execute(_VIDEOS, (self.videos,))
            conn.execute(_JOBS)
            conn.execute(_EVENTS, (EVENTS_A_VIDEO,))
            conn.execute("ALTER TABLE jobs ENABLE TRIGGER jobs_follow_latest")
            conn.execute("VACUUM ANALYZE")

    def newest(self, count: int) -> list[str]:
        """Ids of the newest videos."""
        with self._connect() as conn:
            rows = conn.execute("SELECT id FROM videos ORDER BY created_at DESC LIMIT %s", (count,))
            return [str(row[0]) for row in rows]

    def _connect(self) -> psycopg.Connection[Any]:
        arguments = self.postgres.connection_arguments() | {"dbname": self.environment["DATABASE_NAME"]}
        return psycopg.connect(**arguments, autocommit=True)  # type: ignore[arg-type]


@contextmanager
def running(directory: Path, sizes: Sequence[int]) -> Iterator[list[Stage]]:
    """Starts PostgreSQL with a full ledger of each size, and the emulator for the secret with the login."""
    authority = create_authority(directory / "tls")
    password = secrets.token_hex(16)
    server = PostgresServer(
        directory / "postgres",
        authority,
        master_password=password,
        durable=False,
    )
    server.buffers_mib = _BUFFERS_MIB
    with server, EmulatorServer(directory / "emulator", region=_REGION) as emulator:
        login = Credentials(username="video_app", password=secrets.token_hex(16))
        common = _environment(server, emulator, login)
        stages = []
        for size in sizes:
            stage = Stage(server, size, {**common, "DATABASE_NAME": f"videos_{size}"})
            _migrate(server, stage.environment["DATABASE_NAME"], login)
            stage.fill()
            stages.append(stage)
        yield stages
    server.remove_data()


def _migrate(server: PostgresServer, database: str, login: Credentials) -> None:
    with psycopg.connect(**server.connection_arguments(), autocommit=True) as conn:  # type: ignore[arg-type]
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    owner = Credentials(username=server.master_username, password=server.master_password)
    migrate(
        DatabaseSettings(host=server.host, port=server.port, name=database, ca_bundle_path=server.ca_path),
        owner=FixedCredentials(owner),
        application=FixedCredentials(login),
        waiting=Waiting(remaining_seconds=lambda: _MIGRATION_SECONDS),
    )
    with psycopg.connect(**(server.connection_arguments() | {"dbname": database})) as conn:  # type: ignore[arg-type]
        stranger = _key(STRANGER, STRANGER, Scope.VIEWER)
        keys.take_up(conn, [_key(DEFAULT_CLIENT, "bench"), stranger, *(_key(name, name) for name in CALLERS)])


def _key(client: str, gateway_id: str, scope: Scope = Scope.OPERATOR) -> DeployedKey:
    return DeployedKey(gateway_id=gateway_id, client=client, name="bench", scope=scope)


def _environment(server: PostgresServer, emulator: EmulatorServer, login: Credentials) -> dict[str, str]:
    aws = {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_REGION": _REGION,
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_ACCESS_KEY_ID": ROOT_ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET_ACCESS_KEY,
    }
    client = boto3.client(
        "secretsmanager",
        endpoint_url=emulator.url,
        region_name=_REGION,
        aws_access_key_id=ROOT_ACCESS_KEY_ID,
        aws_secret_access_key=ROOT_SECRET_ACCESS_KEY,
    )
    text = json.dumps({"username": login.username, "password": login.password})
    arn = client.create_secret(Name="bench", SecretString=text)["ARN"]
    keys = json.dumps({"current": {"id": "1", "key": secrets.token_hex(16)}})
    signing_arn = client.create_secret(Name="bench-signing", SecretString=keys)["ARN"]
    # What the five operations never touch only has to be there.
    unused = {item.name.upper(): "1" if item.type is int else "unused" for item in fields(ApiSettings)}
    return (
        unused
        | aws
        | {
            "STACK": "bench",
            "POWERTOOLS_SERVICE_NAME": "api",
            "POWERTOOLS_LOG_LEVEL": "INFO",
            "DATABASE_HOST": server.host,
            "DATABASE_PORT": str(server.port),
            "DATABASE_PROXIED": "false",
            "DATABASE_SECRET_ARN": arn,
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": "1",
            "REDIS_SECRET_ARN": arn,
            "SIGNING_SECRET_ARN": signing_arn,
            "INGEST_BUCKET": "bench",
            "MEDIA_BUCKET": "bench-media",
            "STATE_MACHINE_ARN": "arn:aws:states:ap-northeast-1:000000000000:stateMachine:bench",
            "MAX_RUNNING_JOBS": "8",
            "MAX_WAITING_JOBS": "10000",
            "MAX_UPLOAD_BYTES": "10737418240",
            "CORS_ORIGINS": "",
            "RECORD_ACCESS": "shared",
            "BENCH_CA_PATH": str(server.ca_path),
        }
    )
