"""What a source may cost: the ceilings that probing, encoding and every child process obey."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from media.tools.errors import ErrorCode, LimitExceededError

MEBIBYTE: Final = 1024 * 1024
GIBIBYTE: Final = 1024 * MEBIBYTE
_OUTPUT_BYTES_PER_SECOND: Final = 1_500_000
"""12 Mbit/s, above the peak of every rendition for the web, also at 60 frames a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Ceilings for one source.

    Attributes:
        max_source_bytes: Largest source file.
        max_duration_seconds: Longest source.
        max_pixels: Largest picture area; 35,389,440 is 8192 x 4320.
        max_streams: Most streams in one container.
        probe_seconds: Wall time for one inspection.
        work_seconds: Wall time for all of the media work together; stays below the workflow's own timeout.
        most_file_bytes: Largest file that a tool may write; None for what the longest source needs.
    """

    max_source_bytes: int = 10 * GIBIBYTE
    max_duration_seconds: float = 12 * 3600.0
    max_pixels: int = 35_389_440
    max_streams: int = 64
    probe_seconds: float = 20.0
    work_seconds: float = 1620.0
    most_file_bytes: int | None = None

    @property
    def max_output_bytes(self) -> int:
        """Largest single file that a child may write: a source as it is, twice, or the longest rendition."""
        if self.most_file_bytes is not None:
            return self.most_file_bytes
        longest = int(self.max_duration_seconds * _OUTPUT_BYTES_PER_SECOND)
        return max(2 * self.max_source_bytes, longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Operating-system limits of one child process.

    Attributes:
        address_space_bytes: RLIMIT_AS.
        file_bytes: RLIMIT_FSIZE, for each file it writes.
        cpu_seconds: RLIMIT_CPU.
        processes: RLIMIT_NPROC; counts all threads of the user, so it is only a brake on fork bombs.
    """

    address_space_bytes: int
    file_bytes: int
    cpu_seconds: int
    processes: int = 4096

    @classmethod
    def for_encoding(cls, limits: Limits, *, threads: int, outputs: int) -> "Allowance":
        """Room for decoding and `outputs` encoders with `threads` threads each.

        Every thread reserves stack and allocator arenas, so the address space grows with threads, and a
        process that meets the ceiling fails with misleading messages; hence the generous base.
        """
        return cls(
            address_space_bytes=4 * GIBIBYTE + threads * (outputs + 1) * 256 * MEBIBYTE,
            file_bytes=limits.max_output_bytes,
            cpu_seconds=int(limits.work_seconds * (os.cpu_count() or 1)) + 60,
        )

    @classmethod
    def for_inspection(cls, seconds: float, *, threads: int) -> "Allowance":
        """Room for reading a file and decoding samples of it, in at most `seconds` of wall time."""
        return cls(
            address_space_bytes=2 * GIBIBYTE + threads * 256 * MEBIBYTE,
            file_bytes=64 * MEBIBYTE,
            cpu_seconds=int(seconds * max(4, threads) + 60),
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """One wall-clock budget shared by all child processes of a job, so that their timeouts do not add up."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    started: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started", self.clock())

    def remaining(self) -> float:
        """Seconds left; negative when overdrawn."""
        return self.started + self.seconds - self.clock()

    def error(self) -> LimitExceededError:
        """The error to raise when the budget is used up."""
        return LimitExceededError(
            ErrorCode.LIMIT_EXCEEDED,
            f"Processing needs more than the allowed {self.seconds:.0f} seconds.",
            "Upload a shorter or smaller video, or ask the operator for larger tasks or a longer time limit.",
        )
