"""When the packets of every stream are shown: one pass that decodes nothing, whatever the headers say.

A header may tell any length and any rate; encoders that crash, browsers, editors and repair tools leave wrong
ones behind. The times of the packets are what players go by.
"""

import heapq
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from media.tools import command
from media.tools.command import MediaInput
from media.tools.errors import LimitExceededError, ToolFailedError
from media.tools.session import Session

_BASE_SECONDS: Final = 300.0
_SHARE_OF_LENGTH: Final = 1 / 144
"""Twelve hours of 60 frames a second are 4.6 million packets; a million took 17 seconds of processor, so that
five minutes are enough for them also on a processor that is half as fast and busy."""
_BYTES_PER_SECOND: Final = 25_000_000
"""What the slowest disk of a task gives."""
_REORDERED: Final = 32
"""Packets come in the order of decoding; none is shown this many places earlier or later than that."""
_MICROSECONDS: Final = 1_000_000
_LONGEST_STEP: Final = 10 * _MICROSECONDS
_MOST_STEPS: Final = 50_000
_STEADY_SHARE: Final = 0.95
_STEADY_TOLERANCE: Final = 0.1
_CLOCK_TICK: Final = 1_500
"""Microseconds by which times may be off that are kept in milliseconds."""
_JUMP: Final = 10 * _MICROSECONDS
_BACK: Final = _MICROSECONDS // 10
"""What is decoded this much before the one before it was recorded on a clock that began anew."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTimes:
    """What the packets of one stream say.

    Attributes:
        packets: How many there are with a time; 0 where none has one, and the rest says nothing then.
        start_seconds: When the first of them is shown, on the clock of the file.
        end_seconds: When the last of them ends.
        usual_step_seconds: From one packet to the next, where they follow each other as usual; 0 for fewer
            than two packets.
        is_steady: Whether nearly all of them do.
    """

    packets: int
    start_seconds: float
    end_seconds: float
    usual_step_seconds: float = 0.0
    is_steady: bool = False

    @property
    def moving_rate(self) -> Fraction:
        """Packets a second where they follow each other as usual; 0 for fewer than two packets."""
        step = self.usual_step_seconds
        return Fraction(1 / step).limit_denominator(_MICROSECONDS) if step else Fraction(0)

    @property
    def average_rate(self) -> Fraction:
        """Packets a second over the whole length."""
        length = Fraction(self.end_seconds - self.start_seconds).limit_denominator(_MICROSECONDS)
        return Fraction(self.packets) / length if length > 0 else Fraction(0)


PacketTimes = Mapping[int, StreamTimes]


@dataclass(frozen=True, slots=True)
class MeasuredFile:
    """A source whose packets another task has read all before.

    Attributes:
        times: What they say; None where they could not be measured.
    """

    path: Path
    times: PacketTimes | None


def measure_packets(
    session: Session, media: MediaInput, apart: Sequence[int] | None = None
) -> PacketTimes | None:
    """Read the times of all packets; None when that takes longer than such a file may take.

    Its time grows with the longest source and with the file: it reads every byte once and decodes none.

    Args:
        session: The job's shared state.
        media: The source.
        apart: Streams that are read one after the other, where reading all at once ends at the first packet
            that is missing: the tracks of an MP4 may lie behind each other.
    """
    reader = PacketReader(closes_gaps=not command.JUMPING.isdisjoint(media.formats))
    base = max(_BASE_SECONDS, session.limits.max_duration_seconds * _SHARE_OF_LENGTH)
    seconds = base + media.path.stat().st_size / _BYTES_PER_SECOND
    try:
        for stream in apart or (None,):
            wanted = command.probe_packets(media, session.limits, stream)
            session.inspect(wanted, seconds=seconds, receive=reader.feed)
    except (ToolFailedError, LimitExceededError) as error:
        if session.budget.remaining() <= 0:
            raise
        logger.warning("packets not measured", extra={"reason": error.message})
        return None
    return reader.times()


class PacketReader:
    """Reads ffprobe's lines and keeps a fixed amount of memory for each stream.

    Args:
        closes_gaps: Whether a jump of more than ten seconds, or one back, is no time that passes.
    """

    def __init__(self, *, closes_gaps: bool = False) -> None:
        self._closes_gaps = closes_gaps
        self._rest = b""
        self._streams: dict[int, _Stream] = {}

    def feed(self, data: bytes) -> None:
        """Take a piece of the answer."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            fields = line.split(b",")
            if len(fields) < 5 or not fields[0].isdigit() or b"D" in fields[4]:
                continue  # side data, or a packet that is only decoded and never shown
            self._take(int(fields[0]), *(_microseconds(field) for field in fields[1:4]))

    def _take(self, index: int, shown: int | None, decoded: int | None, lasts: int | None) -> None:
        stream = self._streams.get(index)
        if stream is None:
            stream = self._streams[index] = _Stream()
        if self._closes_gaps:
            # Nothing there is so long; of the last packet of a very short Ogg ffmpeg tells hours.
            lasts = None if lasts is not None and lasts > _JUMP else lasts
            shift = stream.shift(decoded, shown, max(lasts or 0, 0))
            shown = None if shown is None else shown + shift
            decoded = None if decoded is None else decoded + shift
        at = shown if shown is not None else decoded
        if at is not None:
            stream.add(at, max(lasts or 0, 0))

    def times(self) -> PacketTimes:
        """What was found, by the index of the stream."""
        return {index: stream.times() for index, stream in self._streams.items()}


@dataclass(frozen=True, slots=True)
class _Clock:
    """A clock that was left, in microseconds: its shift, and when its next packet would be decoded."""

    shift: int
    expected: int

    def is_followed_by(self, told: int) -> bool:
        return abs(told + self.shift - self.expected) <= _BACK


class _Stream:
    """The packets of one stream so far; all times in microseconds."""

    def __init__(self) -> None:
        self.packets = 0
        self._start: int | None = None
        self._end = 0
        self._last = 0
        self._last_lasts = 0
        self._lengths: set[int] = set()
        self._waiting: list[int] = []
        self._before: int | None = None
        self._steps: Counter[int] = Counter()
        self._decoded: int | None = None
        self._expected = 0
        self._shift = 0
        self._left: _Clock | None = None

    def shift(self, decoded: int | None, shown: int | None, lasts: int) -> int:
        """What closes the gaps up to a packet that is decoded and shown at these times and lasts so long."""
        told = decoded if decoded is not None else shown
        if told is None:
            return self._shift
        if self._decoded is not None:
            self._close_gap(told, self._decoded, may_be_back=decoded is not None)
        self._decoded = told + self._shift
        self._expected = self._decoded + lasts
        return self._shift

    def _close_gap(self, told: int, before: int, *, may_be_back: bool) -> None:
        at, expected, shift = told + self._shift, self._expected, self._shift
        # Pictures are shown in another order than they come in, so only the time of decoding tells.
        is_back = may_be_back and at + _BACK < before
        if self._left is not None and self._left.is_followed_by(told) and abs(at - expected) > _BACK:
            # Not a clock that began anew, but a few packets that came late: where tracks go on under other
            # numbers, ffmpeg gives the last packet under the old ones near the end.
            self._shift, self._left = self._left.shift, None
        elif is_back or abs(at - before) > _JUMP:
            self._shift, self._left = expected - told, _Clock(shift, expected)

    def add(self, at: int, lasts: int) -> None:
        self.packets += 1
        self._start = at if self._start is None else min(self._start, at)
        self._end = max(self._end, at + lasts)
        if len(self._lengths) < 2:
            self._lengths.add(lasts)
        if at >= self._last or self.packets == 1:
            self._last, self._last_lasts = at, lasts
        if len(self._waiting) < _REORDERED:
            heapq.heappush(self._waiting, at)
        else:
            self._step(heapq.heappushpop(self._waiting, at))

    def _step(self, at: int) -> None:
        if self._before is not None and at > self._before:
            step = min(at - self._before, _LONGEST_STEP)
            if len(self._steps) >= _MOST_STEPS and step not in self._steps:
                step = max(1000, round(step, -4))
            self._steps[step] += 1
        self._before = at if self._before is None else max(self._before, at)

    def times(self) -> StreamTimes:
        for at in sorted(self._waiting):
            self._step(at)
        self._waiting.clear()
        usual, is_steady = self._usual_step()
        # Some writers give every packet the length of a clock tick.
        end = max(self._end, self._last + max(self._last_lasts, round(usual)))
        if is_steady and len(self._lengths) == 1 and 2 * self._last_lasts > 3 * usual:
            end = self._last + round(usual)  # told by a header that is wrong for every packet
        return StreamTimes(
            packets=self.packets,
            start_seconds=(self._start or 0) / _MICROSECONDS,
            end_seconds=end / _MICROSECONDS,
            usual_step_seconds=float(usual) / _MICROSECONDS,
            is_steady=is_steady,
        )

    def _usual_step(self) -> tuple[Fraction, bool]:
        """The mean of the steps around the median, and whether nearly all are like it."""
        total, seen, median = self._steps.total(), 0, 0
        for step, count in sorted(self._steps.items()):
            seen, median = seen + count, step
            if 2 * seen >= total:
                break
        near = {step: count for step, count in self._steps.items() if median <= 2 * step <= 3 * median}
        if not near:
            return Fraction(0), False
        usual = Fraction(sum(step * count for step, count in near.items()), sum(near.values()))
        slack = max(float(usual) * _STEADY_TOLERANCE, _CLOCK_TICK)
        steady = sum(count for step, count in self._steps.items() if abs(step - usual) <= slack)
        return usual, steady >= total * _STEADY_SHARE


def _microseconds(field: bytes) -> int | None:
    try:
        return round(float(field) * _MICROSECONDS)
    except (ValueError, OverflowError):
        return None
