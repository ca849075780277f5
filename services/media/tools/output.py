"""What comes out of a child's pipes: bounded logs and machine-readable progress."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from media.tools.errors import ToolFailedError

_PROBLEM = re.compile(r"x265 \[error\]|(?:\[[^\]]* @ 0x[0-9a-f]+\] )*\[(?:error|fatal|panic)\] ")
_MARK = re.compile(r"\[(?:error|fatal|panic)\] ")
_FAULT = re.compile(rb"(?:Error while decoding stream #0:|: corrupt decoded frame in stream )(\d{1,9})\b")
_HEAD_BYTES = 16 * 1024
_TAIL_BYTES = 16 * 1024


class LogTail:
    """Keeps the first and the last bytes of a stream, because the first error usually names the cause."""

    def __init__(self, head_bytes: int = _HEAD_BYTES, tail_bytes: int = _TAIL_BYTES) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._head_bytes = head_bytes
        self._tail_bytes = tail_bytes
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        """Add what was read."""
        room = self._head_bytes - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room < len(data) else b""
        surplus = len(self._tail) - self._tail_bytes
        if surplus > 0:
            self._dropped += surplus
            del self._tail[:surplus]

    def text(self) -> str:
        """The kept bytes as text, with a note where some are missing."""
        gap = f"\n[{self._dropped} bytes left out]\n".encode() if self._dropped else b""
        return (bytes(self._head) + gap + bytes(self._tail)).decode("utf-8", "replace")


class FaultCounter:
    """Counts the packets of the first input that could not be decoded, or only in part, by their stream."""

    def __init__(self) -> None:
        self.by_stream: Counter[int] = Counter()
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Add what was read."""
        *lines, rest = (self._rest + data).split(b"\n")
        self.by_stream.update(int(fault[1]) for line in lines if (fault := _FAULT.search(line)))
        self._rest = rest[-_HEAD_BYTES:]


class Answer:
    """Keeps everything that a child answers, up to a ceiling.

    Args:
        step: What the child does, for the error.
        max_bytes: The ceiling.
    """

    def __init__(self, step: str, max_bytes: int) -> None:
        self._step = step
        self._max_bytes = max_bytes
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        """Add what was read.

        Raises:
            ToolFailedError: It is more than the ceiling; what would follow is not worth reading.
        """
        self._data += data
        if len(self._data) > self._max_bytes:
            raise ToolFailedError(
                self._step, 0, f"its description is longer than the allowed {self._max_bytes} bytes"
            )

    def data(self) -> bytes:
        """What was kept."""
        return bytes(self._data)


def problems(log: str) -> str:
    """Pick the errors out of a log whose lines are marked with their level.

    Text from the source's metadata also reaches such a log; it is always indented, so it cannot pass for one.
    """
    return "\n".join(_MARK.sub("", line, count=1) for line in log.splitlines() if _PROBLEM.match(line))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressSample:
    """One progress report of ffmpeg.

    Attributes:
        frames: Frames done so far.
        fps: Frames per second at present.
        out_seconds: Media time done so far.
        speed: Media seconds per wall second; None while unknown.
    """

    frames: int
    fps: float | None
    out_seconds: float
    speed: float | None


class ProgressParser:
    """Turns `-progress` lines into samples."""

    def __init__(self, on_progress: Callable[[ProgressSample], None]) -> None:
        self._on_progress = on_progress
        self._buffer = b""
        self._values: dict[str, str] = {}

    def feed(self, data: bytes) -> None:
        """Add what was read; calls back once for each complete report."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            key, _, value = line.decode("utf-8", "replace").partition("=")
            self._values[key.strip()] = value.strip()
            if key.strip() == "progress":
                self._on_progress(self._sample())

    def _sample(self) -> ProgressSample:
        microseconds = _number(self._values.get("out_time_us", ""))
        return ProgressSample(
            frames=int(_number(self._values.get("frame", "")) or 0),
            fps=_number(self._values.get("fps", "")),
            out_seconds=max(0.0, (microseconds or 0.0) / 1e6),
            speed=_number(self._values.get("speed", "").rstrip("x")),
        )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
