"""Ledgers for tests, used again: emptying one costs a thirtieth of copying the template's files.

A test that changed more than rows (a table, a right, a setting) leaves a ledger that is thrown away.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

_TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'alembic_version'
ORDER BY (SELECT count(*) FROM pg_constraint
           WHERE contype = 'f' AND conrelid = format('%I.%I', schemaname, tablename)::regclass)
"""
_SHAPE = """
SELECT count(*), max(xmin::text::bigint) FROM pg_class
UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_attribute
UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_constraint
UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_trigger
UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_proc
UNION ALL SELECT count(*), max(xmin::text::bigint) FROM pg_db_role_setting
"""
_DISCONNECT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_RESTART_SEQUENCES = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences
"""


class RecycledLedger:
    """A database with the tables of the ledger and no rows but those that the template has.

    Args:
        name: Of the database.
        connection: Its master's, which stays open.
    """

    def __init__(self, name: str, connection: psycopg.Connection) -> None:
        self.name = name
        self._connection = connection
        tables = [table for (table,) in connection.execute(_TABLES)]
        # All in one statement, at whose end foreign keys are looked at: so no order is needed.
        deletes = (
            sql.SQL("{} AS (DELETE FROM {})").format(sql.Identifier(f"t{place}"), sql.SQL(table))
            for place, table in enumerate(tables)
        )
        self._empty = sql.SQL("WITH {} SELECT").format(sql.SQL(", ").join(deletes))
        self._first_rows = {table: rows for table in tables if (rows := self._read_rows(table))}
        self._shape = self._read_shape()

    def recycle(self) -> bool:
        """End what is still connected and delete all rows; False if that cannot give back what it was."""
        try:
            self._connection.execute(_DISCONNECT)
            if self._read_shape() != self._shape:
                return False
            self._connection.execute(self._empty)
            # What refers to nothing comes first.
            for table, rows in self._first_rows.items():
                with self._connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
                    copy.write(rows)
            self._connection.execute(_RESTART_SEQUENCES)
        except psycopg.OperationalError:
            return False  # the test restarted the server
        return True

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _read_rows(self, table: str) -> bytes:
        with self._connection.cursor().copy(f"COPY {table} TO STDOUT".encode()) as copy:
            return b"".join(copy)

    def _read_shape(self) -> list[Any]:
        return self._connection.execute(_SHAPE).fetchall()


class LedgerPool:
    """Hands out empty ledgers, and takes them back.

    Args:
        create: Makes a database and returns its name.
        connect: Gives the master's connection to a database, in autocommit.
        drop: Deletes a database.
    """

    def __init__(
        self,
        create: Callable[[], str],
        connect: Callable[[str], psycopg.Connection],
        drop: Callable[[str], None],
    ) -> None:
        self._create, self._connect, self._drop = create, connect, drop
        self._free: list[RecycledLedger] = []

    @contextmanager
    def ledger(self) -> Iterator[str]:
        """The name of an empty ledger for one test."""
        if not self._free:
            name = self._create()
            self._free.append(RecycledLedger(name, self._connect(name)))
        ledger = self._free.pop()
        yield ledger.name
        if ledger.recycle():
            self._free.append(ledger)
        else:
            ledger.close()
            self._drop(ledger.name)

    def close(self) -> None:
        """Delete all of them."""
        for ledger in self._free:
            ledger.close()
            self._drop(ledger.name)
