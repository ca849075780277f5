"""The switch is thrown once, and a signal throws it whatever the main thread is doing."""

import os
import signal
import threading
import time

import pytest

import processor.__main__ as command
from media.tools import runner
from processor.task.stop import SignalWatcher, Stop, StoppedError, StopReason
from processor.worker import Exit


def test_the_first_reason_is_kept_and_children_are_ended_once() -> None:
    ended: list[str] = []
    stop = Stop(on_stop=lambda: ended.append("all"))
    stop.check()
    stop.request(StopReason.FENCE_LOST)
    stop.request(StopReason.INTERRUPTED)
    assert stop.reason is StopReason.FENCE_LOST
    assert ended == ["all"]
    with pytest.raises(StoppedError):
        stop.check()
    assert stop.wait(0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_throws_the_switch_from_another_thread(number: signal.Signals) -> None:
    threads: list[str] = []
    stop = Stop(on_stop=lambda: threads.append(threading.current_thread().name))
    previous = signal.getsignal(number)
    with SignalWatcher(stop, exit_after_seconds=5, on_overdue=lambda: None):
        os.kill(os.getpid(), number)
        assert stop.wait(5)
    assert stop.reason is StopReason.INTERRUPTED
    assert threads == ["signal-watcher"]
    assert signal.getsignal(number) == previous


def test_an_attempt_that_unwinds_in_time_is_not_overdue() -> None:
    overdue: list[bool] = []
    stop = Stop(on_stop=lambda: None)
    with SignalWatcher(stop, exit_after_seconds=30, on_overdue=lambda: overdue.append(True)):
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(5)
    assert overdue == []


def test_an_attempt_that_hangs_is_given_up() -> None:
    overdue = threading.Event()
    stop = Stop(on_stop=lambda: None)
    with SignalWatcher(stop, exit_after_seconds=0.05, on_overdue=overdue.set):
        os.kill(os.getpid(), signal.SIGTERM)
        assert overdue.wait(5)


def test_other_signals_do_not_stop_the_attempt() -> None:
    stop = Stop(on_stop=lambda: None)
    previous = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with SignalWatcher(stop, exit_after_seconds=5, on_overdue=lambda: None):
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(0.05)
            assert stop.reason is None
    finally:
        signal.signal(signal.SIGUSR1, previous)


def test_the_waits_after_sigterm_add_up_to_less_than_thirty_seconds() -> None:
    assert runner.KILL_AFTER_SECONDS <= 10
    assert command.OVERDUE_AFTER_SECONDS + command.LAST_WORDS_SECONDS <= 30


def test_last_words_that_nobody_hears_do_not_keep_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[Exit] = []
    listening = threading.Event()
    monkeypatch.setattr(command, "LAST_WORDS_SECONDS", 0.05)

    def end(code: Exit) -> None:
        ended.append(code)
        listening.set()

    monkeypatch.setattr(command, "_exit", end)

    def abandon() -> Exit:
        assert listening.wait(30)  # hangs until somebody ends the process
        return Exit.ANSWERED

    command.give_up(abandon)

    assert ended[0] is Exit.UNANSWERED
