"""Opens verified connections to the ledger and keeps one of them warm between Lambda calls."""

import logging
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol, TypeAlias, TypeVar

import psycopg
from psycopg.abc import PQGen

from ledger.database.settings import Credentials, DatabaseSettings
from ledger.errors import LedgerUnavailableError

LedgerConnection: TypeAlias = psycopg.Connection[Any]
_Result = TypeVar("_Result")

_LOGGER = logging.getLogger(__name__)
_KEEPALIVE_IDLE_SECONDS = 10
_KEEPALIVE_INTERVAL_SECONDS = 5
_KEEPALIVE_COUNT = 3
_SOCKET_TIMEOUT_MILLISECONDS = 15_000
_TRUST_IDLE_SECONDS = 2.0
_PROBE_TIMEOUT_SECONDS = 0.5
# A prepared statement may get one plan for all values, so each that is hot asks for it itself.
_ONLY_ON_REQUEST = 2**31


class PatientConnection(psycopg.Connection[Any]):
    """A connection that gives up when the server stops answering.

    The server's own statement_timeout cannot help when the server hangs, and TCP keeps a hung process's
    connection alive for ever.

    Attributes:
        answer_timeout_seconds: Longest wait for one answer; None waits as long as TCP does.
        actor: Whom it works for at the moment, as JSON text; None for the platform itself.
    """

    answer_timeout_seconds: float | None = None
    actor: str | None = None

    def wait(self, gen: PQGen[_Result], interval: float = 0.1, timeout: float | None = None) -> _Result:
        """Runs one exchange with the server.

        Raises:
            psycopg.OperationalError: The server did not answer in time; the connection is closed.
        """
        limit = self.answer_timeout_seconds if timeout is None else timeout
        try:
            return super().wait(gen, interval, limit)
        except psycopg.OperationalError:
            if self.info.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                self.close()  # an answer that comes later must not be taken for that of another question
            raise


class CredentialSource(Protocol):
    """Gives the current login and can fetch it anew after a rotation."""

    def current(self) -> Credentials:
        """The login to try first; may be cached."""
        ...

    def refreshed(self) -> Credentials:
        """The login as its owner holds it now."""
        ...


@dataclass(frozen=True, slots=True)
class FixedCredentials:
    """A login that does not change while the process lives, such as a container's."""

    credentials: Credentials

    def current(self) -> Credentials:
        """The fixed login."""
        return self.credentials

    def refreshed(self) -> Credentials:
        """The fixed login."""
        return self.credentials


def connect(settings: DatabaseSettings, source: CredentialSource) -> PatientConnection:
    """Opens a connection in autocommit mode over verified TLS.

    In autocommit mode `conn.transaction()` is always a real transaction, and a lone SELECT leaves none open.
    A refused login is tried once more when its secret has changed meanwhile.

    Raises:
        LedgerUnavailableError: The server cannot be reached, cannot be trusted or refuses the login.
    """
    credentials = source.current()
    try:
        return _open(settings, credentials)
    except psycopg.OperationalError as error:
        # "FATAL" marks an answer of the server itself: only then can a newer password help.
        renewed = source.refreshed() if "FATAL" in str(error) else credentials
        if renewed == credentials:
            raise _unavailable(settings, error) from error
    try:
        return _open(settings, renewed)
    except psycopg.OperationalError as error:
        raise _unavailable(settings, error) from error


def _open(settings: DatabaseSettings, credentials: Credentials) -> PatientConnection:
    conn = PatientConnection.connect(
        host=settings.host,
        port=settings.port,
        dbname=settings.name,
        user=credentials.username,
        password=credentials.password,
        sslmode="verify-full",
        sslrootcert=str(settings.ca_bundle_path),
        connect_timeout=settings.connect_timeout_seconds,
        application_name=settings.application_name,
        keepalives=1,
        keepalives_idle=_KEEPALIVE_IDLE_SECONDS,
        keepalives_interval=_KEEPALIVE_INTERVAL_SECONDS,
        keepalives_count=_KEEPALIVE_COUNT,
        tcp_user_timeout=_SOCKET_TIMEOUT_MILLISECONDS,
        prepare_threshold=_ONLY_ON_REQUEST if settings.prepares else None,
        autocommit=True,
    )
    conn.answer_timeout_seconds = settings.answer_timeout_seconds
    return conn


def _unavailable(settings: DatabaseSettings, error: psycopg.Error) -> LedgerUnavailableError:
    reason = " ".join(str(error).split())
    message = f"database {settings.name} at {settings.host}:{settings.port} is not available: {reason}"
    return LedgerUnavailableError(message)


class ConnectionKeeper:
    """Lends connections and keeps the last healthy one open for the next call.

    A Lambda environment serves one call at a time, so one warm connection is enough; a nested or parallel
    `connection()` gets one of its own, which is closed after use. No background threads: a frozen
    environment would stop them at any point.
    """

    def __init__(self, settings: DatabaseSettings, source: CredentialSource) -> None:
        self._settings = settings
        self._source = source
        self._lock = Lock()
        self._idle: PatientConnection | None = None
        self._idle_since = 0.0

    @contextmanager
    def connection(self) -> Iterator[PatientConnection]:
        """Lends an open connection.

        Raises:
            LedgerUnavailableError: See `connect`.
        """
        conn = self._take() or connect(self._settings, self._source)
        try:
            yield conn
        finally:
            self._give_back(conn)

    def close(self) -> None:
        """Closes the warm connection, if there is one."""
        conn = self._pop()
        if conn is not None:
            conn.close()

    def _pop(self) -> PatientConnection | None:
        with self._lock:
            conn, self._idle = self._idle, None
        return conn

    def _take(self) -> PatientConnection | None:
        conn = self._pop()
        if conn is None:
            return None
        if _was_ended(conn):
            conn.close()
            return None
        if time.monotonic() - self._idle_since < _TRUST_IDLE_SECONDS:
            return conn
        patience, conn.answer_timeout_seconds = conn.answer_timeout_seconds, _PROBE_TIMEOUT_SECONDS
        try:
            conn.execute("SELECT 1")
        except psycopg.Error:
            _LOGGER.info("connection_stale")  # e.g. after a failover: the next one resolves the name anew
            conn.close()
            return None
        conn.answer_timeout_seconds = patience
        return conn

    def _give_back(self, conn: PatientConnection) -> None:
        if conn.closed or conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            conn.close()
            return
        with self._lock:
            if self._idle is None:
                self._idle, self._idle_since = conn, time.monotonic()
                return
        conn.close()


def _was_ended(conn: PatientConnection) -> bool:
    """Whether the server has hung up since: nothing else is ever there to read between two exchanges."""
    watch = select.poll()
    watch.register(conn.fileno(), select.POLLIN)
    return bool(watch.poll(0))
