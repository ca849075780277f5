"""Children are fenced, end when they must, and their end is understood."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from media.produce.production import Progress
from media.tools import isolation, runner
from media.tools.command import Command, Tool
from media.tools.errors import (
    ErrorCode,
    InterruptedWorkError,
    LimitExceededError,
    ToolFailedError,
    TransientError,
)
from media.tools.fence_kernel import Kernel, Network, this_kernel
from media.tools.limits import MEBIBYTE, Allowance, Budget, Limits
from tests import media
from tests.integration.media.conftest import Produce

pytestmark = pytest.mark.integration

ROOMY = Allowance(address_space_bytes=4096 * MEBIBYTE, file_bytes=1024 * MEBIBYTE, cpu_seconds=60)
SYSTEM_PYTHON = "/usr/bin/python3"
"""A child reads the system's files and its own only; this interpreter may live elsewhere."""
ENDLESS = ("-nostdin", "-f", "lavfi", "-i", "testsrc2=size=320x180", "-f", "null", "-")


def _run(
    workdir: Path,
    *arguments: str,
    allowance: Allowance = ROOMY,
    seconds: float = 30,
    cancel: threading.Event | None = None,
    kernel: Kernel | None = None,
) -> runner.Completed:
    return runner.run(
        Command(step="test", tool=Tool.FFMPEG, arguments=arguments),
        workdir=workdir,
        allowance=allowance,
        budget=Budget(seconds),
        cancel=cancel or threading.Event(),
        kernel=kernel,
    )


@contextmanager
def _once_running(action: Callable[[int], object]) -> Iterator[None]:
    """Call `action` with the process id of the first child, a moment after it has started."""

    def wait() -> None:
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up:
            pids = runner.running_pids()
            if pids:
                time.sleep(0.3)
                action(pids[0])
                return
            time.sleep(0.01)

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _gone(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a Python script in ffmpeg's place, to show what a child sees and how the runner treats it."""

    def write(body: str) -> Path:
        path = tmp_path / "bin" / "ffmpeg"
        path.parent.mkdir()
        path.write_text(f"#!{SYSTEM_PYTHON} -I\n{body}")
        path.chmod(0o755)
        monkeypatch.setattr(isolation, "locate", lambda _: str(path))
        return path

    return write


def test_a_child_sees_no_secrets_no_input_and_its_own_group(
    tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/credentials")
    script(
        "import os, resource, sys\n"
        "print(sorted(os.environ), sys.stdin.read() == '', os.getpid() == os.getpgrp() == os.getsid(0))\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_AS)[0])\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(status['NoNewPrivs'].strip(), status['Seccomp'].strip(), int(status['CapEff'], 16),"
        " '0' in status['Uid'].split(), open('/proc/self/oom_score_adj').read().strip())\n"
    )

    lines = _run(tmp_path).stdout.decode().splitlines()

    assert lines[0].startswith("['LANG', 'LC_CTYPE', 'PATH', 'TMPDIR'") or lines[0].startswith(
        "['LANG', 'PATH', 'TMPDIR'"
    )
    assert lines[0].endswith("True True")
    assert lines[1] == f"(0, 0) {ROOMY.address_space_bytes}"
    assert lines[2] == "1 2 0 False 1000"


@pytest.mark.skipif(this_kernel().network is Network.SHARED, reason="this kernel refuses network namespaces")
def test_a_child_has_no_network(tmp_path: Path, script: Callable[[str], Path]) -> None:
    script("print([line.split(':')[0].strip() for line in open('/proc/net/dev')][2:])")

    assert _run(tmp_path).stdout.decode().strip() == "['lo']"


def test_a_failing_tool_is_reported_with_its_last_words_for_the_log_alone(tmp_path: Path) -> None:
    with pytest.raises(ToolFailedError) as caught:
        _run(tmp_path, "-hide_banner", "-i", "file:/nowhere.mp4", "-f", "null", "-")

    assert caught.value.code is ErrorCode.ENCODE_FAILED
    assert "No such file" in caught.value.__notes__[0]
    assert "No such file" not in caught.value.message


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_that_somebody_else_ends_may_be_tried_again(tmp_path: Path, number: signal.Signals) -> None:
    with (
        _once_running(lambda pid: os.kill(pid, number)),
        pytest.raises(TransientError, match="from outside") as caught,
    ):
        _run(tmp_path, *ENDLESS)

    assert caught.value.code is ErrorCode.INTERNAL


def test_a_tool_that_crashes_by_itself_is_not_tried_again(
    tmp_path: Path, script: Callable[[str], Path]
) -> None:
    script("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")

    with pytest.raises(ToolFailedError):
        _run(tmp_path)


@pytest.mark.long
def test_the_encoder_killed_in_the_middle_makes_the_whole_work_transient(
    make: Produce, tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill_once(progress: Progress) -> None:
        if progress.stage == "encoding" and progress.fps and not killed:
            killed.extend(runner.running_pids())
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(TransientError):
        make(media.BUNNY, report=kill_once)

    assert killed
    assert all(_gone(pid) for pid in killed)


def test_terminate_all_ends_the_work_and_has_left_no_child_when_it_returns(
    make: Produce, tmp_path: Path
) -> None:
    seen: list[int] = []
    left: list[int] = []

    def stop() -> None:
        seen.extend(runner.running_pids())
        runner.terminate_all()
        left.extend(pid for pid in seen if not _gone(pid))

    stopper = threading.Thread(target=stop)

    def stop_when_encoding(progress: Progress) -> None:
        if progress.stage == "encoding" and progress.fps and not stopper.ident:
            stopper.start()

    with pytest.raises(InterruptedWorkError):
        make(media.BUNNY, report=stop_when_encoding)
    stopper.join()

    assert seen
    assert left == []
    assert runner.KILL_AFTER_SECONDS < 3


def test_a_child_that_ignores_the_request_to_end_is_killed(
    tmp_path: Path, script: Callable[[str], Path]
) -> None:
    script("import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)")
    seen: list[int] = []

    def stop(pid: int) -> None:
        seen.append(pid)
        runner.terminate_all()

    with _once_running(stop), pytest.raises(InterruptedWorkError):
        _run(tmp_path)
    assert _gone(seen[0])


def test_no_child_starts_after_terminate_all_until_the_runner_is_reset(tmp_path: Path) -> None:
    runner.terminate_all()
    with pytest.raises(InterruptedWorkError):
        _run(tmp_path, "-version")

    runner.reset()
    assert b"ffmpeg version" in _run(tmp_path, "-version").stdout


def test_a_child_starts_no_process_of_its_own(tmp_path: Path, script: Callable[[str], Path]) -> None:
    script("import os\ntry:\n    os.fork()\nexcept OSError as error:\n    print(error.strerror)\n")

    assert _run(tmp_path).stdout.decode().strip() == "Function not implemented"


def test_a_fence_that_does_not_start_is_for_the_operator_and_no_fault_of_the_source(
    tmp_path: Path, script: Callable[[str], Path]
) -> None:
    script("").chmod(0o644)

    with pytest.raises(TransientError, match="fence around the media tools does not start") as caught:
        _run(tmp_path)

    assert caught.value.code is ErrorCode.INTERNAL
    assert "docs/security.md" in caught.value.remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="only root leaves root")
def test_a_directory_closed_to_the_tools_is_named_where_no_mount_can_lead_there(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    tmp_path.chmod(0o700)

    with pytest.raises(TransientError) as caught:
        _run(tmp_path / "work", "-version", kernel=Kernel(network=Network.SHARED, landlock=0))

    assert f"enter the directory {tmp_path / 'work'}: Permission denied" in caught.value.__notes__[0]

    assert b"ffmpeg version" in _run(tmp_path / "work", "-version").stdout


def test_a_tool_that_ends_like_the_fence_is_still_a_tool_that_failed(
    tmp_path: Path, script: Callable[[str], Path]
) -> None:
    script("import sys; print('start /x: Permission denied', file=sys.stderr); sys.exit(125)")

    with pytest.raises(ToolFailedError, match="exit code 125"):
        _run(tmp_path)


def test_children_die_with_the_worker_that_started_them(tmp_path: Path) -> None:
    program = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from media.tools import runner\n"
        "from media.tools.command import Command, Tool\n"
        "from media.tools.limits import Allowance, Budget\n"
        f"command = Command(step='x', tool=Tool.FFMPEG, arguments={('-re', *ENDLESS)!r})\n"
        "allowance = Allowance(address_space_bytes=2**32, file_bytes=2**30, cpu_seconds=60)\n"
        "call = lambda: runner.run(command, workdir=Path('.'), allowance=allowance, budget=Budget(60),\n"
        "                          cancel=threading.Event())\n"
        "threading.Thread(target=call).start()\n"
        "while not runner.running_pids(): pass\n"
        "print(*runner.running_pids(), flush=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout is not None
        pid = int(worker.stdout.readline())
        time.sleep(0.5)
        worker.kill()
    give_up = time.monotonic() + 5
    while not _gone(pid) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert _gone(pid)


def test_the_budget_ends_a_child_that_hangs(tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError, match="more than the allowed 1 seconds"):
        _run(tmp_path, *ENDLESS, seconds=1)


def test_a_budget_that_is_used_up_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError):
        _run(tmp_path, "-version", seconds=-1)


def test_the_processor_time_limit_ends_a_child_that_burns(tmp_path: Path) -> None:
    allowance = Allowance(address_space_bytes=4096 * MEBIBYTE, file_bytes=MEBIBYTE, cpu_seconds=1)
    with pytest.raises((LimitExceededError, TransientError)):
        _run(tmp_path, *ENDLESS, allowance=allowance)


def test_an_output_above_the_file_limit_is_a_limit_and_not_a_success(tmp_path: Path) -> None:
    allowance = Allowance(address_space_bytes=4096 * MEBIBYTE, file_bytes=MEBIBYTE, cpu_seconds=60)
    target = tmp_path / "large.raw"
    with pytest.raises(LimitExceededError, match="larger file than allowed"):
        _run(tmp_path, *ENDLESS[:-3], "-f", "rawvideo", f"file:{target}", allowance=allowance)

    assert target.stat().st_size <= MEBIBYTE


def test_a_full_disk_is_called_out_of_space(tmp_path: Path) -> None:
    with pytest.raises(TransientError) as caught:
        _run(tmp_path, *ENDLESS[:-3], "-y", "-f", "rawvideo", "file:/dev/full")

    assert caught.value.code is ErrorCode.OUT_OF_SPACE


def test_a_sibling_that_fails_ends_the_other_child(tmp_path: Path) -> None:
    from media.tools.session import Session

    session = Session(workdir=tmp_path, limits=Limits(), budget=Budget(60), threads=2)
    endless = Command(step="endless", tool=Tool.FFMPEG, arguments=ENDLESS)
    broken = Command(
        step="broken", tool=Tool.FFMPEG, arguments=("-i", "file:/nowhere.mp4", "-f", "null", "-")
    )

    with pytest.raises(ToolFailedError, match="broken"):
        session.together(
            lambda: session.produce(endless, outputs=1), lambda: session.produce(broken, outputs=1)
        )


@pytest.mark.long
def test_an_exception_in_a_progress_callback_leaves_no_child(make: Produce, tmp_path: Path) -> None:

    def fail(progress: Progress) -> None:
        if progress.stage == "encoding" and progress.fps is not None:
            message = "callback failed"
            raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="callback failed"):
        make(media.BUNNY, report=fail)
