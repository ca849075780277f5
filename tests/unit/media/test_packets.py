"""The lines of ffprobe become lengths and rates, whatever their order, gaps and pauses."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.inspect.packets import PacketReader, StreamTimes, measure_packets
from media.tools.command import MediaInput
from media.tools.limits import Budget, Limits
from media.tools.session import Session


def _line(shown: float | None, lasts: float | None = 0.04, *, index: int = 0, flags: str = "__") -> bytes:
    fields = [str(index), *(("N/A" if value is None else f"{value:.6f}") for value in (shown, shown, lasts))]
    return (",".join([*fields, flags]) + "\n").encode()


def _read(*lines: bytes, closes_gaps: bool = False) -> StreamTimes:
    reader = PacketReader(closes_gaps=closes_gaps)
    for line in lines:
        reader.feed(line)
    return reader.times()[0]


def test_packets_in_the_order_of_decoding_are_put_in_that_of_showing() -> None:
    order = [0, 4, 2, 1, 3, 8, 6, 5, 7]
    found = _read(*(_line(position / 25) for position in order))

    assert (found.packets, found.start_seconds, found.end_seconds) == (9, 0.0, 0.36)
    assert (found.moving_rate, found.is_steady) == (Fraction(25), True)


def test_the_rate_is_that_between_pauses_and_the_average_that_of_the_whole() -> None:
    shown = [burst * 10 + position / 30 for burst in range(5) for position in range(30)]
    found = _read(*(_line(seconds, 1 / 30) for seconds in shown))

    assert float(found.moving_rate) == pytest.approx(30, rel=1e-4)
    assert float(found.average_rate) == pytest.approx(150 / 41, rel=1e-3)
    assert found.is_steady


def test_times_in_whole_milliseconds_give_the_true_rate() -> None:
    found = _read(*(_line(round(position * 1001 / 24000, 3), 0.001) for position in range(240)))

    assert float(found.moving_rate) == pytest.approx(24000 / 1001, rel=1e-3)
    assert found.is_steady
    assert found.end_seconds == pytest.approx(240 * 1001 / 24000, abs=0.002)


def test_a_last_packet_that_is_held_counts_for_as_long_as_it_says() -> None:
    assert _read(_line(0), _line(0.04), _line(0.08, 5)).end_seconds == 5.08


def test_one_packet_has_a_length_and_no_rate() -> None:
    found = _read(_line(0, 0.04))

    assert (found.end_seconds, found.moving_rate, found.is_steady) == (0.04, Fraction(0), False)
    assert found.average_rate == Fraction(25)


def test_packets_that_are_only_decoded_and_lines_of_other_kinds_count_for_nothing() -> None:
    found = _read(_line(-5, flags="KD"), b"\n", b"0,side data\n", _line(None), _line(0), _line(0.04))

    assert (found.packets, found.start_seconds, found.end_seconds) == (2, 0.0, 0.08)


def test_jumps_in_time_are_closed_where_ffmpeg_closes_them() -> None:
    lines = [_line(95_443 + position / 25) for position in range(50)]
    lines += [_line(7 + position / 25) for position in range(50)]

    closed, kept = _read(*lines, closes_gaps=True), _read(*lines)
    assert closed.end_seconds - closed.start_seconds == pytest.approx(4, abs=0.05)
    assert kept.end_seconds - kept.start_seconds > 90_000


def test_a_clock_that_begins_anew_after_seconds_is_no_time_that_passes_twice() -> None:
    """As in segments of a stream that were put into one file."""
    lines = [_line(segment % 3 + position / 25) for segment in (0, 1, 3, 4, 6) for position in range(25)]

    closed, kept = _read(*lines, closes_gaps=True), _read(*lines)
    assert closed.end_seconds - closed.start_seconds == pytest.approx(5, abs=0.001)
    assert (closed.moving_rate, closed.is_steady) == (Fraction(25), True)
    assert kept.end_seconds - kept.start_seconds == pytest.approx(2, abs=0.001)


def test_a_few_packets_that_come_late_are_no_clock_that_begins_anew() -> None:
    """As the last ones of a broadcast under numbers that it has left."""
    order = [*range(50), 23, 24, *range(50, 75)]
    found = _read(*(_line(position / 25) for position in order), closes_gaps=True)

    assert found.start_seconds == 0.0
    assert found.end_seconds == pytest.approx(3, abs=0.001)
    assert (found.moving_rate, found.is_steady) == (Fraction(25), True)


def test_a_length_that_is_told_for_every_packet_and_fits_none_is_not_believed() -> None:
    """As of FLV, whose bitstream names another rate; but a last picture may well stay."""
    told = _read(*(_line(position / 25, 0.2) for position in range(50)))
    stays = _read(*(_line(position / 25) for position in range(49)), _line(1.96, 0.5))

    assert told.end_seconds == pytest.approx(2, abs=0.001)
    assert stays.end_seconds == pytest.approx(2.46, abs=0.001)


def test_a_packet_that_lasts_for_hours_where_none_can_is_not_believed() -> None:
    lines = [_line(0.0, 0.0116), _line(0.0116, 194_783.0)]

    assert _read(*lines, closes_gaps=True).end_seconds == pytest.approx(0.0232, abs=0.001)
    assert _read(*lines).end_seconds > 100_000


def test_pictures_without_a_time_of_decoding_are_no_clock_that_begins_anew() -> None:
    order = [0, 8, 4, 2, 1, 3, 6, 5, 7]
    lines = [f"0,{position / 25},N/A,0.04,__\n".encode() for position in order]

    assert _read(*lines, closes_gaps=True) == _read(*lines)


@given(st.binary(max_size=300), st.integers(min_value=1, max_value=20))
def test_any_bytes_in_any_pieces_are_read_without_an_error(data: bytes, step: int) -> None:
    reader = PacketReader(closes_gaps=True)
    for start in range(0, len(data), step):
        reader.feed(data[start : start + step])
    reader.times()


def test_lines_that_come_in_pieces_are_put_together() -> None:
    data = b"".join(_line(position / 25) for position in range(20))
    whole, pieces = PacketReader(), PacketReader()
    whole.feed(data)
    for start in range(0, len(data), 7):
        pieces.feed(data[start : start + 7])

    assert whole.times() == pieces.times()


@pytest.mark.parametrize(("hours", "seconds"), [(1, 300.0), (12, 300.0), (24, 600.0)])
def test_the_time_for_the_packets_grows_with_the_longest_source_and_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int, seconds: float
) -> None:
    given: list[float] = []
    monkeypatch.setattr(Session, "inspect", lambda *_, seconds, **__: given.append(seconds))
    path = tmp_path / "source"
    path.touch()
    limits = Limits(max_duration_seconds=hours * 3600.0)
    session = Session(workdir=tmp_path, limits=limits, budget=Budget(60), threads=1)

    for size in (0, 25_000_000):
        with path.open("wb") as file:
            file.truncate(size)
        measure_packets(session, MediaInput(path=path, formats=("mov",), codecs=("h264",)))

    assert given == [seconds, seconds + 1]
