"""Where the database is and how it is trusted."""

from dataclasses import dataclass, field
from pathlib import Path

CA_BUNDLE_PATH = Path(__file__).parent / "certs" / "aws-ca-bundle.pem"


def _default_ca_bundle() -> Path:
    return CA_BUNDLE_PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """Address of the ledger's database.

    Attributes:
        ca_bundle_path: Roots that may sign the server's certificate; verification cannot be switched off.
        connect_timeout_seconds: libpq waits at least 2 seconds.
        answer_timeout_seconds: Longest wait for the answer to one statement; None leaves it to the server.
        prepares: Whether hot statements are kept prepared; not through a proxy, which would pin the session.
    """

    host: str
    port: int
    name: str
    ca_bundle_path: Path = field(default_factory=_default_ca_bundle)
    connect_timeout_seconds: int = 3
    answer_timeout_seconds: float | None = None
    application_name: str = "ledger"
    prepares: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A database login."""

    username: str
    password: str = field(repr=False)
