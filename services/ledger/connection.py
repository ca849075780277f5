"""Opens verified connections to the ledger and keeps one of them warm between Lambda calls."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol, TypeAlias

import psycopg

from ledger.errors import LedgerUnavailableError
from ledger.settings import Credentials, DatabaseSettings

LedgerConnection: TypeAlias = psycopg.Connection[Any]

_LOGGER = logging.getLogger(__name__)
_KEEPALIVE_IDLE_SECONDS = 10
_KEEPALIVE_INTERVAL_SECONDS = 5
_KEEPALIVE_COUNT = 3
_SOCKET_TIMEOUT_MILLISECONDS = 15_000
_TRUST_IDLE_SECONDS = 2.0


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


def connect(settings: DatabaseSettings, source: CredentialSource) -> LedgerConnection:
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


def _open(settings: DatabaseSettings, credentials: Credentials) -> LedgerConnection:
    return psycopg.connect(
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
        prepare_threshold=None,  # a proxy in front pins sessions that hold prepared statements
        autocommit=True,
    )


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
        self._idle: LedgerConnection | None = None
        self._idle_since = 0.0

    @contextmanager
    def connection(self) -> Iterator[LedgerConnection]:
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

    def _pop(self) -> LedgerConnection | None:
        with self._lock:
            conn, self._idle = self._idle, None
        return conn

    def _take(self) -> LedgerConnection | None:
        conn = self._pop()
        if conn is None or time.monotonic() - self._idle_since < _TRUST_IDLE_SECONDS:
            return conn
        try:
            conn.execute("SELECT 1")
        except psycopg.Error:
            _LOGGER.info("connection_stale")  # e.g. after a failover: the next one resolves the name anew
            conn.close()
            return None
        return conn

    def _give_back(self, conn: LedgerConnection) -> None:
        if conn.closed or conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            conn.close()
            return
        with self._lock:
            if self._idle is None:
                self._idle, self._idle_since = conn, time.monotonic()
                return
        conn.close()
