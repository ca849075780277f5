"""The application's database role: it may use the tables and change nothing about them."""

from psycopg import sql

from ledger.database.connection import LedgerConnection
from ledger.database.settings import Credentials

# The API answers within 29 seconds and retries nothing; no statement of ours needs more than this.
_ROLE_SETTINGS = {
    "statement_timeout": "2s",
    "lock_timeout": "1500ms",
    "idle_in_transaction_session_timeout": "60s",
    "search_path": "public",
    "timezone": "UTC",
}


def ensure_application_role(
    conn: LedgerConnection, application: Credentials, database: str, *, set_password: bool
) -> bool:
    """Creates the role or brings it to its intended shape; repeats change nothing.

    Args:
        conn: A connection of the schema's owner.
        application: The role's login.
        database: The database it may use.
        set_password: Whether an existing role gets the password anew.

    Returns:
        True if the role was created or its password set.
    """
    with conn.transaction():
        # Two runners at once would both try to create the role.
        conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('application role', 0))")
        exists = conn.execute(
            "SELECT TRUE FROM pg_roles WHERE rolname = %s", (application.username,)
        ).fetchone()
        role = sql.Identifier(application.username)
        if not exists:
            conn.execute(sql.SQL("CREATE ROLE {}").format(role))
        changed = set_password or not exists
        if changed:
            conn.execute(
                sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
                    role, sql.Literal(_verifier(conn, application))
                )
            )
        _configure(conn, role)
        _grant(conn, role, sql.Identifier(database))
    return changed


def _verifier(conn: LedgerConnection, application: Credentials) -> str:
    """The password as SCRAM verifier, so that the password itself is in no statement and no server log."""
    verifier = conn.pgconn.encrypt_password(
        application.password.encode(), application.username.encode(), b"scram-sha-256"
    )
    return verifier.decode()


def _configure(conn: LedgerConnection, role: sql.Identifier) -> None:
    for name, value in _ROLE_SETTINGS.items():
        conn.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(role, sql.Identifier(name), sql.Literal(value))
        )


def _grant(conn: LedgerConnection, role: sql.Identifier, database: sql.Identifier) -> None:
    statements = (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {database} TO {role}",
        "GRANT USAGE ON SCHEMA public TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
        # The audit trail cannot be rewritten, and the schema's revision is the owner's business.
        "REVOKE UPDATE, DELETE ON events, record_events FROM {role}",
        "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
    )
    for statement in statements:
        conn.execute(sql.SQL(statement).format(role=role, database=database))
