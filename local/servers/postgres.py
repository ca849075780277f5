"""A private PostgreSQL with TLS and passwords only, as RDS gives it: the master is no superuser."""

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg
import psycopg.sql

from local.errors import MissingToolError, ServerStartError
from local.servers.base import LocalServer, find_program
from local.servers.process import ProcessIdentity, end_process, kill_group_members, spawn
from local.servers.tls import Authority

PROGRAMS_VARIABLE = "VIDEO_PLATFORM_POSTGRES"
"""Names a directory with the programs of another version than Debian's; the tests run on the one of AWS."""

_SERVICE_USER = "postgres"
_SUPERUSER = "rdsadmin"
_PROGRAM_ROOT = Path("/usr/lib/postgresql")
_REFUGE_ROOT = Path("/var/tmp")  # noqa: S108 - a directory named by a hash and owned by the service user
_REFUGE_PREFIX = "video-platform-"
_OWNER_FILE = "owner"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
_HBA = "hostssl all {superuser} 127.0.0.1/32 reject\nhostssl all all 127.0.0.1/32 scram-sha-256\n"


class PostgresServer(LocalServer):
    """PostgreSQL on loopback, run as the ``postgres`` user when the caller is root.

    Args:
        data_dir: Private directory; holds the cluster, or a link to it where the service user
            cannot reach the directory.
        authority: Signs the server's certificate.
        master_username: Owner of ``database``; may create roles and databases but is no superuser.
        master_password: The master's password.
        database: The application database.
        port: A fixed port, or None for a free one.
        durable: False turns fsync off: for throwaway clusters in tests only.
    """

    name = "postgres"
    buffers_mib = 64  # memory for pages that were read
    stop_signal = signal.SIGINT  # "fast": roll back what is open and leave a clean cluster

    def __init__(
        self,
        data_dir: Path,
        authority: Authority,
        *,
        master_username: str = "video_admin",
        master_password: str,
        database: str = "videometadata",
        port: int | None = None,
        durable: bool = True,
    ) -> None:
        super().__init__(data_dir, port=port)
        self.master_username = master_username
        self.master_password = master_password
        self.database = database
        self.ca_path = authority.ca_path
        self._authority = authority
        self._durable = durable

    @property
    def cluster_dir(self) -> Path:
        """The cluster's directory as the service user sees it."""
        return (self.data_dir / "cluster").resolve()

    def connection_arguments(self) -> dict[str, str | int]:
        """Give psycopg's arguments for the master user, with the certificate verified."""
        return {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": self.master_username,
            "password": self.master_password,
            "sslmode": "verify-full",
            "sslrootcert": str(self.ca_path),
            "connect_timeout": 3,
        }

    def remove_data(self) -> None:
        """Delete the cluster, also where it lies outside ``data_dir``."""
        link = self.data_dir / "cluster"
        target = link.resolve()
        if link.is_symlink() and target.parent.parent == _REFUGE_ROOT:
            shutil.rmtree(target.parent, ignore_errors=True)
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def _prepare(self) -> None:
        self._place_cluster()
        self._end_stray_postmaster()
        if not (self.cluster_dir / "initialised").exists():
            self._initialise()
        certificate, key = self._authority.issue(self.data_dir / "tls")
        for source, name in ((certificate, "server.pem"), (key, "server.key")):
            self._install(source.read_bytes(), self.cluster_dir / name)

    def _start_process(self) -> "subprocess.Popen[bytes]":
        return spawn(
            [str(program("postgres")), "-D", str(self.cluster_dir), *_options(self._settings())],
            environment=_ENVIRONMENT,
            log_path=self.log_path,
            directory=self.cluster_dir,
            death_signal=signal.SIGINT,
            user=_service_user(),
        )

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(**self.connection_arguments()).close()  # type: ignore[arg-type]
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                message = f"PostgreSQL in {self.data_dir} was made with another master password."
                raise ServerStartError(message, remedy="Delete that directory to start afresh.") from error
            return False
        return True

    def _settings(self) -> dict[str, str]:
        settings = {
            "port": str(self.port),
            "listen_addresses": self.host,
            "unix_socket_directories": "",
            "ssl": "on",
            "ssl_cert_file": "server.pem",
            "ssl_key_file": "server.key",
            "ssl_min_protocol_version": "TLSv1.2",
            "password_encryption": "scram-sha-256",
            "max_connections": "100",
            "shared_buffers": f"{self.buffers_mib}MB",
            "timezone": "UTC",
            "log_min_messages": "warning",
            "dynamic_shared_memory_type": "mmap",
        }
        if not self._durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        return settings

    def _place_cluster(self) -> None:
        link = self.data_dir / "cluster"
        if link.exists() or _service_user() is None or service_user_reaches(self.data_dir):
            link.mkdir(exist_ok=True)
            self._own(link.resolve())
            return
        digest = hashlib.sha256(str(self.data_dir.resolve()).encode()).hexdigest()[:16]
        refuge = _REFUGE_ROOT / f"{_REFUGE_PREFIX}{digest}"
        _remove_deserted_refuges()
        # A leftover of a checkout that was deleted: its password is gone with it.
        _end_postmaster(refuge / "cluster")
        shutil.rmtree(refuge, ignore_errors=True)
        refuge.mkdir(mode=0o700)
        (refuge / "cluster").mkdir(mode=0o700)
        self._own(refuge)
        self._own(refuge / "cluster")
        link.unlink(missing_ok=True)
        link.symlink_to(refuge / "cluster")
        # Written after the link: a refuge without an owner is never taken for a deserted one.
        # Moved there whole, because others who start may read it at this moment.
        written = refuge / f"{_OWNER_FILE}.new"
        written.write_text(str(link.absolute()), encoding="utf-8")
        written.replace(refuge / _OWNER_FILE)

    def _end_stray_postmaster(self) -> None:
        _end_postmaster(self.cluster_dir)
        (self.cluster_dir / "postmaster.pid").unlink(missing_ok=True)

    def _initialise(self) -> None:
        for entry in self.cluster_dir.iterdir():  # a first start that crashed half way
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        arguments = ["--pgdata", str(self.cluster_dir), "--username", _SUPERUSER, "--auth", "trust"]
        arguments += ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions"]
        self._run("initdb", [*arguments, *([] if self._durable else ["--no-sync"])])
        self._install(_HBA.format(superuser=_SUPERUSER).encode(), self.cluster_dir / "pg_hba.conf")
        user = psycopg.sql.Identifier(self.master_username).as_string(None)
        password = psycopg.sql.Literal(self.master_password).as_string(None)
        database = psycopg.sql.Identifier(self.database).as_string(None)
        statements = [
            f"CREATE ROLE {user} LOGIN CREATEROLE CREATEDB PASSWORD {password}",
            f"GRANT pg_monitor, pg_signal_backend TO {user} WITH ADMIN OPTION",
            f"CREATE DATABASE {database} OWNER {user}",
        ]
        self._run("postgres", ["--single", "-D", str(self.cluster_dir), "postgres"], "\n".join(statements))
        self._install(b"", self.cluster_dir / "initialised")

    def _run(self, name: str, arguments: list[str], text: str = "") -> None:
        user = _service_user()
        switch = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"] if user else []
        result = subprocess.run(
            [*switch, str(program(name)), *arguments],
            env=_ENVIRONMENT, cwd=self.cluster_dir, input=text, text=True, capture_output=True,
            timeout=120, check=False,
        )  # fmt: skip
        if result.returncode != 0 or "ERROR:" in result.stderr:
            message = f"{name} failed with exit code {result.returncode}: {result.stderr.strip()[-2000:]}"
            raise ServerStartError(message, remedy=f"Check disk space and rights of {self.cluster_dir}.")

    def _install(self, content: bytes, path: Path) -> None:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
        self._own(path)

    def _own(self, path: Path) -> None:
        user = _service_user()
        if user is not None:
            shutil.chown(path, user, user)
        if path.is_dir():
            path.chmod(0o700)


def _remove_deserted_refuges() -> None:
    """Delete clusters whose directory was deleted by other means than ``remove_data``."""
    for refuge in _REFUGE_ROOT.glob(f"{_REFUGE_PREFIX}*"):
        with contextlib.suppress(OSError):
            link = Path((refuge / _OWNER_FILE).read_text(encoding="utf-8"))
            if not link.is_symlink():
                _end_postmaster(refuge / "cluster")
                shutil.rmtree(refuge, ignore_errors=True)


def _options(settings: dict[str, str]) -> list[str]:
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _service_user() -> str | None:
    """PostgreSQL refuses root, so root runs it as the package's own user."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_SERVICE_USER).pw_name
    except KeyError as error:
        message = f"The user {_SERVICE_USER} does not exist, and PostgreSQL refuses to run as root."
        raise MissingToolError(message, remedy="Install it with: apt-get install postgresql") from error


def service_user_reaches(path: Path) -> bool:
    """Say whether everybody, so also the server's own user, may enter a directory and all above it."""
    resolved = path.resolve()
    return all(parent.stat().st_mode & 0o001 for parent in (resolved, *resolved.parents))


def program(name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Find one of PostgreSQL's programs: of the version that the environment names, or the newest of Debian.

    Raises:
        MissingToolError: it is not there; the remedy says how to get it.
    """
    chosen = environment.get(PROGRAMS_VARIABLE)
    if chosen:
        found = Path(chosen).resolve() / name
        if not found.is_file():
            message = f"{PROGRAMS_VARIABLE} names {chosen}, where there is no {name}."
            raise MissingToolError(message, remedy="Install it with: python -m tools.postgres")
        return found
    versions = sorted(_PROGRAM_ROOT.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return find_program(name, package="postgresql", directories=tuple(versions))


def _end_postmaster(cluster: Path) -> None:
    """End a server that still uses ``cluster``; its working directory proves that it is ours."""
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError, PermissionError):
        pid = int((cluster / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])
        identity = ProcessIdentity.of(pid)
        if identity is not None and Path(f"/proc/{pid}/cwd").resolve() == cluster.resolve():
            end_process(identity, stop_signal=signal.SIGINT, grace_seconds=8.0)
            kill_group_members(pid)
