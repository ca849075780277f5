"""Free loopback ports that stay the same between runs while nobody else takes them."""

import secrets
import socket
from pathlib import Path

HOST = "127.0.0.1"
# Below the kernel's ephemeral range, so that no outgoing connection takes a port between choice and bind.
_FIRST_PORT = 20_000
_LAST_PORT = 32_000
_ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Say whether ``port`` can be bound on loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose_port(record: Path | None = None) -> int:
    """Choose a free loopback port, preferring the one that ``record`` remembers.

    Args:
        record: A small file with the port of the last run; written with the choice.

    Returns:
        A port that was free a moment ago. Another process may still take it first, so the
        server's own bind decides and the caller chooses anew when that fails.

    Raises:
        OSError: No free port was found.
    """
    remembered = _read(record)
    if remembered is not None and is_free(remembered):
        return remembered
    for _ in range(_ATTEMPTS):
        port = _FIRST_PORT + secrets.randbelow(_LAST_PORT - _FIRST_PORT)
        if is_free(port):
            if record is not None:
                record.parent.mkdir(parents=True, exist_ok=True)
                record.write_text(f"{port}\n", encoding="ascii")
            return port
    msg = f"no free port on {HOST} between {_FIRST_PORT} and {_LAST_PORT}: close programs that listen there"
    raise OSError(msg)


def forget_port(record: Path) -> None:
    """Drop the remembered port, because a server could not bind it."""
    record.unlink(missing_ok=True)


def _read(record: Path | None) -> int | None:
    if record is None or not record.exists():
        return None
    text = record.read_text(encoding="ascii", errors="replace").strip()
    return int(text) if text.isdigit() and 0 < int(text) < 65_536 else None
