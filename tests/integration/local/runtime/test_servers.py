"""The servers local mode starts: ready, verified, private, and clean after any crash."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import boto3
import psycopg
import pytest

from local.errors import AlreadyInUseError, ServerStartError
from local.paths import REPOSITORY_ROOT
from local.servers import ports
from local.servers.emulator import ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY, EmulatorServer
from local.servers.postgres import PostgresServer
from local.servers.process import ProcessIdentity, wait_until
from local.servers.redis import RedisServer
from local.servers.tls import Authority, create_authority

pytestmark = pytest.mark.integration

CRASHING_OWNER = """
import sys, time
from pathlib import Path
from local.servers.postgres import PostgresServer
from local.servers.redis import RedisServer
from local.servers.emulator import EmulatorServer
from local.servers.tls import create_authority
root = Path(sys.argv[1])
authority = create_authority(root / "tls")
servers = [
    PostgresServer(root / "postgres", authority, master_password="first", durable=False),
    RedisServer(root / "redis", authority, auth_token="first"),
    EmulatorServer(root / "emulator", region="ap-northeast-1"),
]
for server in servers:
    server.launch()
for server in servers:
    server.wait_ready()
print(*(server.pid for server in servers), flush=True)
time.sleep(600)
"""


def redis_ping(server: RedisServer, token: str) -> bytes:
    context = ssl.create_default_context(cafile=str(server.ca_path))
    with (
        socket.create_connection((server.host, server.port), timeout=3) as plain,
        context.wrap_socket(plain, server_hostname=server.host) as secured,
    ):
        secured.sendall(f"AUTH {token}\r\n".encode())
        return secured.recv(256)


def test_postgres_serves_the_master_over_verified_tls_without_superuser(
    postgres_server: PostgresServer,
) -> None:
    with psycopg.connect(**postgres_server.connection_arguments()) as connection:  # type: ignore[arg-type]
        row = connection.execute(
            "SELECT ssl, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user), current_database() "
            "FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchone()
    assert row == (True, False, "videometadata")


def test_postgres_refuses_plain_connections_and_wrong_passwords(postgres_server: PostgresServer) -> None:
    arguments = postgres_server.connection_arguments()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**(arguments | {"sslmode": "disable"}))  # type: ignore[arg-type]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(**(arguments | {"password": "wrong"}))  # type: ignore[arg-type]


def test_postgres_refuses_the_superuser_over_the_network(postgres_server: PostgresServer) -> None:
    arguments = postgres_server.connection_arguments() | {"user": "rdsadmin"}
    with pytest.raises(psycopg.OperationalError, match="reject"):
        psycopg.connect(**arguments)  # type: ignore[arg-type]


def test_redis_answers_over_tls_and_refuses_a_wrong_token(redis_server: RedisServer) -> None:
    assert redis_ping(redis_server, redis_server.auth_token) == b"+OK\r\n"
    assert b"WRONGPASS" in redis_ping(redis_server, "wrong")


def test_redis_keeps_a_password_that_was_added_while_it_ran(tmp_path: Path, authority: Authority) -> None:
    server = RedisServer(tmp_path, authority, auth_token="first")
    with server:
        server._ask("ACL SETUSER default >second", until=b"+OK\r\n+OK\r\n")
        server.remember_logins()
    with server:
        assert redis_ping(server, "first") == redis_ping(server, "second") == b"+OK\r\n"
        assert b"WRONGPASS" in redis_ping(server, "third")


def test_emulator_enforces_identity(emulator: EmulatorServer) -> None:
    root = boto3.client(
        "sts", endpoint_url=emulator.url, region_name=emulator.region,
        aws_access_key_id=ROOT_ACCESS_KEY_ID, aws_secret_access_key=ROOT_SECRET_ACCESS_KEY,
    )  # fmt: skip
    stranger = boto3.client(
        "sts", endpoint_url=emulator.url, region_name=emulator.region,
        aws_access_key_id="AKIAUNKNOWNUNKNOWN00", aws_secret_access_key="wrong",
    )  # fmt: skip
    assert root.get_caller_identity()["Arn"].endswith(":root")
    with pytest.raises(stranger.exceptions.ClientError, match="invalid"):
        stranger.get_caller_identity()


def test_servers_die_with_their_killed_owner_and_start_again_on_the_same_ports(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", CRASHING_OWNER, str(tmp_path)],
        cwd=REPOSITORY_ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert owner.stdout is not None
    identities = [ProcessIdentity.of(int(pid)) for pid in owner.stdout.readline().split()]
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    # No waiting in between: the next start has to cope with servers that are still going down.
    authority = create_authority(tmp_path / "tls")
    old_port = int((tmp_path / "postgres" / "port").read_text())
    postgres = PostgresServer(tmp_path / "postgres", authority, master_password="first", durable=False)
    with postgres, RedisServer(tmp_path / "redis", authority, auth_token="second") as redis:
        assert postgres.port == old_port
        assert redis_ping(redis, "second") == b"+OK\r\n"
        assert wait_until(lambda: not any(identity and identity.is_alive() for identity in identities), 10)
    postgres.remove_data()


def test_a_killed_server_starts_again_with_its_data(tmp_path: Path, authority: Authority) -> None:
    server = PostgresServer(tmp_path / "pg", authority, master_password="secret", durable=False)
    with server:
        with psycopg.connect(**server.connection_arguments(), autocommit=True) as connection:  # type: ignore[arg-type]
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert wait_until(lambda: not server.is_running(), 5)
    with server, psycopg.connect(**server.connection_arguments()) as connection:  # type: ignore[arg-type]
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    server.remove_data()


def test_a_cluster_whose_directory_was_deleted_is_removed_by_the_next_one(
    tmp_path: Path, authority: Authority
) -> None:
    tmp_path.chmod(0o700)  # closed to the user who runs PostgreSQL, so that the cluster lies elsewhere
    with PostgresServer(tmp_path / "old", authority, master_password="a", durable=False) as old:
        elsewhere = old.cluster_dir
    assert tmp_path not in elsewhere.parents
    shutil.rmtree(tmp_path / "old")
    new = PostgresServer(tmp_path / "new", authority, master_password="b", durable=False)
    with new:
        assert not elsewhere.exists()
        assert new.cluster_dir.exists()
    new.remove_data()
    assert not new.cluster_dir.exists()


def test_a_stale_record_with_a_strangers_pid_is_ignored(tmp_path: Path, authority: Authority) -> None:
    directory = tmp_path / "redis"
    directory.mkdir()
    stranger = subprocess.Popen(["sleep", "60"])
    (directory / "process.json").write_text(
        json.dumps({"pid": stranger.pid, "start_ticks": 1, "boot_id": "another boot"})
    )
    with RedisServer(directory, authority, auth_token="t"):
        assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_the_emulator_does_not_pile_up_temporary_files(tmp_path: Path) -> None:
    leftover = tmp_path / "tmp" / "function" / "code.py"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    with EmulatorServer(tmp_path, region="ap-northeast-1"):
        assert not leftover.exists()


def test_two_servers_run_at_once_from_two_directories(tmp_path: Path, authority: Authority) -> None:
    with (
        RedisServer(tmp_path / "a", authority, auth_token="a") as first,
        RedisServer(tmp_path / "b", authority, auth_token="b") as second,
    ):
        assert first.port != second.port
        assert redis_ping(first, "a") == redis_ping(second, "b") == b"+OK\r\n"


def test_a_second_server_on_the_same_directory_is_refused(tmp_path: Path, authority: Authority) -> None:
    second = RedisServer(tmp_path / "a", authority, auth_token="a")
    with (
        RedisServer(tmp_path / "a", authority, auth_token="a"),
        pytest.raises(AlreadyInUseError, match=str(os.getpid())),
    ):
        second.start()


def test_a_remembered_port_that_is_taken_is_replaced(tmp_path: Path, authority: Authority) -> None:
    with socket.create_server((ports.HOST, 0)) as listener:
        taken = listener.getsockname()[1]
        (tmp_path / "port").write_text(str(taken))
        with RedisServer(tmp_path, authority, auth_token="a") as server:
            assert server.port != taken


def test_a_fixed_port_that_is_taken_is_named_in_the_error(tmp_path: Path, authority: Authority) -> None:
    with socket.create_server((ports.HOST, 0)) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(ServerStartError, match=f"Port {taken}"):
            RedisServer(tmp_path, authority, auth_token="a", port=taken).start()


def test_a_server_that_cannot_start_reports_its_own_last_words(tmp_path: Path, authority: Authority) -> None:
    server = RedisServer(tmp_path, authority, auth_token="a\nno-such-directive yes")
    with pytest.raises(ServerStartError, match="no-such-directive"):
        server.start()
    assert not server.is_running()
