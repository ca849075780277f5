"""What a hostile source is to the tests, and how it is written down."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from media.tools.errors import ErrorCode
from tests.hostile_trap import Trap

Maker = Callable[[Path, Trap], Path]


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile source and the only answer that it may get."""

    name: str
    make: Maker
    code: ErrorCode
    profile: str = "web"


def raw(name: str, data: bytes) -> Maker:
    """Make a file of some bytes."""
    return lambda directory, _: write(directory / name, data)


def write(path: Path, data: bytes) -> Path:
    """Write a file and give its path."""
    path.write_bytes(data)
    return path
