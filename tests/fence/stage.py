"""Sets up what the probe aims at, runs it in one of the surroundings, and tells what came of it."""

import json
import os
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from media.tools.fence_kernel import LAUNCHER_NAME, launcher
from tests.fence.endless import ENDLESS
from tests.fence.memory_group import memory_group
from tests.fence.shared_root import shared_root
from tests.fence.surroundings import Surroundings

SECRET: Final = "PROBE_SECRET"
DISK_MEBIBYTES: Final = 256
_ROOT: Final = Path(__file__).parents[2]
_PROGRAMS: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """What came of one attempt.

    Attributes:
        findings: For each thing that was tried, the name of the error, or an empty text when it worked.
    """

    attempt: str
    findings: dict[str, str]

    @property
    def open(self) -> list[str]:
        """What worked."""
        return [name for name, error in self.findings.items() if not error]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one run of the probe.

    Attributes:
        code: How the job would end; None when the probe ended by itself.
        beats: Heartbeats of the worker while the probe ran.
        sibling_lives: Whether the tool beside it still ran afterwards.
    """

    attempts: tuple[Attempted, ...]
    code: str | None
    message: str
    beats: int
    sibling_lives: bool


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):  # the probe does not always wait for the answer
            self.request.sendall(b"HTTP/1.0 200 OK\r\n\r\n{}")


def run_probe(
    surroundings: Surroundings,
    attempt: str = "all",
    *,
    seconds: float = 30,
    memory_mebibytes: int | None = None,
    small_disk: bool = False,
    fenced: bool = True,
) -> Answer:
    """Run the probe through the fence.

    Args:
        surroundings: Where.
        attempt: What it tries.
        seconds: Budget of the tool.
        memory_mebibytes: Put the worker into a control group of that much memory.
        small_disk: Put the working directory on a disk of `DISK_MEBIBYTES`.
        fenced: False runs it as a plain child process, to see that it finds what is open.
    """
    with ExitStack() as stack:
        stage = stack.enter_context(_directory(surroundings.user))
        workdir = stage / "job" / "work"
        if small_disk:
            stack.enter_context(_disk(workdir, surroundings.user))
        group = stack.enter_context(memory_group(memory_mebibytes)) if memory_mebibytes else None
        order = _order(stage, workdir, surroundings)
        program = "endless" if attempt in ENDLESS else "probe"
        order |= {
            "probe": str(stage / "bin" / program),
            "attempt": attempt,
            "seconds": seconds,
            "fenced": fenced,
        }
        order["targets"] |= stack.enter_context(_servers(stage))
        root = shared_root(stage / "shared", surroundings.user, is_closed=fenced)
        order["targets"]["shared"] = str(stack.enter_context(root))
        file = stage / "order.json"
        file.write_text(json.dumps(order), encoding="utf-8")
        answer = _run_worker(stage, file, group)
    found = [Attempted(attempt=one["attempt"], findings=one["findings"]) for one in answer.pop("findings")]
    return Answer(attempts=tuple(found), **answer)


def can_mount() -> bool:
    """Whether a small disk can be made here."""
    return (
        os.geteuid() == 0
        and subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0
    )


def _run_worker(stage: Path, order: Path, group: Path | None) -> dict[str, Any]:
    join = [] if group is None else ["sh", "-c", 'echo $$ > "$0"; exec "$@"', str(group)]
    environment = {
        **os.environ,
        "PATH": f"{stage / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, sys.path)]),
        SECRET: "a password",
    }
    done = subprocess.run(
        [*join, sys.executable, "-m", "tests.fence.worker", str(order)],
        env=environment,
        capture_output=True,
        check=False,
        timeout=120,
    )
    if done.returncode != 0:
        message = f"the worker ended with {done.returncode}: {done.stderr.decode()[-2000:]}"
        raise RuntimeError(message)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _order(stage: Path, workdir: Path, surroundings: Surroundings) -> dict[str, Any]:
    # An ordinary worker is alone in its container; only root works beside other jobs.
    other, other_source = (
        ([str(stage / "other")], [str(stage / "other/source")]) if os.geteuid() == 0 else ([], [])
    )
    return {
        "user": surroundings.user,
        "network": surroundings.kernel.network,
        "landlock": surroundings.kernel.landlock,
        "workdir": str(workdir),
        "targets": {
            "secret": SECRET,
            "files": ["/etc/passwd", "/etc/hostname", str(stage / "order.json"), *other_source],
            "directories": ["/", "/etc", "/tmp", "/var/tmp", "/dev/shm", str(stage), *other],
        },
    }


@contextmanager
def _directory(user: int) -> Iterator[Path]:
    """A job's directory, that of another job, and a copy of the programs where every user reaches them."""
    # Where every user may pass; in the image, whose own user is the only one, the disk is read-only there.
    place = "/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir()
    stage = Path(tempfile.mkdtemp(prefix="fence-", dir=place))
    try:
        stage.chmod(0o711)
        for name in ("job/work", "other", "bin"):
            (stage / name).mkdir(parents=True)
        os.chown(stage / "job/work", user, user)
        (stage / "other").chmod(0o700)
        (stage / "other/source").write_bytes(b"another job's video")
        shutil.copy(launcher(), stage / "bin" / LAUNCHER_NAME)
        for program in ("probe", "endless"):
            shutil.copy(_PROGRAMS / f"{program}.py", stage / "bin" / program)
            (stage / "bin" / program).chmod(0o755)
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def _disk(directory: Path, user: int) -> Iterator[None]:
    options = f"size={DISK_MEBIBYTES}m,mode=0700,uid={user},gid={user}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextmanager
def _servers(stage: Path) -> Iterator[dict[str, Any]]:
    """A credential endpoint and another server on loopback, and servers by path and by abstract name."""
    abstract = stage.name
    servers: Sequence[socketserver.BaseServer] = (
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler),
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler),
        socketserver.ThreadingUnixStreamServer(str(stage / "socket"), _Handler),
        socketserver.ThreadingUnixStreamServer("\0" + abstract, _Handler),
    )
    (stage / "socket").chmod(0o777)
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield {
            "credentials": servers[0].server_address,
            "loopback": servers[1].server_address,
            "unix": str(stage / "socket"),
            "abstract": abstract,
        }
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
