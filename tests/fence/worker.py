"""`python -m tests.fence.worker FILE`: a worker that runs the probe by the real runner, beside a real tool.

It is a process of its own, so that it can be another user, in a control group, and with secrets of its own.
"""

import codecs
import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from media.tools import isolation, runner
from media.tools.command import Command, Tool
from media.tools.errors import InterruptedWorkError, MediaError
from media.tools.fence_kernel import Kernel, Network
from media.tools.limits import MEBIBYTE, Allowance, Budget

_PR_SET_DUMPABLE = 4
_ENDLESS = ("-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=64x64", "-f", "null", "-")
_ALLOWANCE = Allowance(address_space_bytes=4096 * MEBIBYTE, file_bytes=1024 * MEBIBYTE, cpu_seconds=60)


def main(order_file: Path) -> None:
    """Do what the order says and print the answer as JSON."""
    order = json.loads(order_file.read_text(encoding="utf-8"))
    _become(order["user"], may_be_read=not order["fenced"])
    _use_probe(Path(order["probe"]))
    workdir = Path(order["workdir"])
    beats = [0]
    threading.Thread(target=_beat, args=(beats,), daemon=True).start()
    sibling = threading.Thread(target=_run_sibling, args=(workdir, _kernel(order)), daemon=True)
    sibling.start()
    pid = _first_child()
    targets = {
        **order["targets"],
        "processes": [{"pid": os.getpid(), "name": "worker"}, {"pid": pid, "name": "sibling"}],
    }
    own_file = workdir / "own"
    own_file.write_bytes(b"x")
    (workdir / "targets.json").write_text(json.dumps(targets | {"own_file": str(own_file)}), encoding="utf-8")
    before = beats[0]
    answer = _probe(order, workdir)
    answer |= {"beats": beats[0] - before, "sibling_lives": pid in runner.running_pids()}
    runner.terminate_all()
    sys.stdout.write(json.dumps(answer))


def _become(user: int, *, may_be_read: bool) -> None:
    if user != os.geteuid():
        codecs.lookup("ascii")  # the interpreter may lie where the other user cannot load from
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    # A worker that runs as the tools' user must not be dumpable, or its secrets are theirs: docs/security.md.
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, int(may_be_read), 0, 0, 0)


def _use_probe(probe: Path) -> None:
    locate = isolation.locate
    isolation.locate = lambda tool: str(probe) if tool is Tool.FFPROBE else locate(tool)  # type: ignore[assignment]


def _kernel(order: dict[str, Any]) -> Kernel:
    return Kernel(network=Network(order["network"]), landlock=order["landlock"])


def _beat(beats: list[int]) -> None:
    while True:
        beats[0] += 1
        time.sleep(0.02)


def _run_sibling(workdir: Path, kernel: Kernel) -> None:
    try:
        runner.run(
            Command(step="sibling", tool=Tool.FFMPEG, arguments=_ENDLESS),
            workdir=workdir,
            allowance=_ALLOWANCE,
            budget=Budget(60),
            cancel=threading.Event(),
            kernel=kernel,
        )
    except InterruptedWorkError:
        return


def _first_child() -> int:
    """The sibling, once the launcher has become the tool."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        for pid in runner.running_pids():
            if Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip() == "ffmpeg":
                return pid
        time.sleep(0.01)
    message = "the sibling did not start"
    raise TimeoutError(message)


def _probe(order: dict[str, Any], workdir: Path) -> dict[str, Any]:
    if not order["fenced"]:
        return _unfenced(order, workdir)
    command = Command(
        step="probe", tool=Tool.FFPROBE, arguments=(str(workdir / "targets.json"), order["attempt"])
    )
    try:
        done = runner.run(
            command,
            workdir=workdir,
            allowance=_ALLOWANCE,
            budget=Budget(order["seconds"]),
            cancel=threading.Event(),
            kernel=_kernel(order),
        )
    except MediaError as error:
        return {"code": error.code, "message": error.message, "findings": []}
    return {"code": None, "message": done.log, "findings": _findings(done.stdout)}


def _unfenced(order: dict[str, Any], workdir: Path) -> dict[str, Any]:
    argv = [order["probe"], str(workdir / "targets.json"), order["attempt"]]
    done = subprocess.run(argv, cwd=workdir, capture_output=True, check=True, timeout=order["seconds"])
    return {"code": None, "message": "", "findings": _findings(done.stdout)}


def _findings(answer: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.decode().splitlines()]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
