#!/usr/bin/python3 -I
"""What a stranger's code would try from inside a media tool; it runs through the fence in a tool's place.

It stands alone: only the system's interpreter and its library. The first argument names a file with the
targets as JSON, the second what to try: one of the attempts below, or `all`. What came of each is written to
standard output, one line of JSON an attempt.
"""

import ctypes
import errno
import fcntl
import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

LIBC: Final = ctypes.CDLL(None, use_errno=True)
NUMBERS: Final = {
    "x86_64": """
        clone 56 ptrace 101 setns 308 mount 165 init_module 175 perf_event_open 298 process_vm_readv 310
        userfaultfd 323 bpf 321 keyctl 250 ioprio_set 251 sched_setaffinity 203 prlimit64 302
        rt_sigqueueinfo 129 tgkill 234 unshare 272 symlinkat 266 linkat 265 mknodat 259 fchmodat 268
        setpriority 141 prctl 157 memfd_create 319 chroot 161
    """,
    "aarch64": """
        clone 220 ptrace 117 setns 268 mount 40 init_module 105 perf_event_open 241 process_vm_readv 270
        userfaultfd 282 bpf 280 keyctl 219 ioprio_set 30 sched_setaffinity 122 prlimit64 261 rt_sigqueueinfo
        138 tgkill 131 unshare 97 symlinkat 36 linkat 37 mknodat 33 fchmodat 53 setpriority 140 prctl 167
        memfd_create 279 chroot 51
    """,
}[os.uname().machine].split()
CALLS: Final = {name: int(number) for name, number in zip(NUMBERS[::2], NUMBERS[1::2], strict=True)}
CALLS.update({"io_uring_setup": 425, "pidfd_open": 434, "clone3": 435, "pidfd_send_signal": 424})
AT_FDCWD: Final = -100
CHILD: Final = 17  # SIGCHLD: the signal of an ordinary child
URGENT: Final = 23  # SIGURG: harmless where it arrives
F_SETSIG: Final = 10
Targets = dict[str, Any]
Findings = Iterator[tuple[str, str]]


def call(name: str, *arguments: Any) -> str:
    """The name of the error that a system call gives, or an empty text when it did its work."""
    ctypes.set_errno(0)
    answer = LIBC.syscall(CALLS[name], *(ctypes.c_long(v) if isinstance(v, int) else v for v in arguments))
    return "" if answer >= 0 else errno.errorcode[ctypes.get_errno()]


def tried(work: Callable[..., object], *arguments: Any) -> str:
    """The name of the error that some work raises, or an empty text."""
    try:
        work(*arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    return ""


def others() -> Iterator[int]:
    """Every process that can be seen, but this one."""
    found = (path.name for path in Path("/proc").iterdir())
    yield from (int(name) for name in found if name.isdigit() and int(name) != os.getpid())


def environment(targets: Targets) -> Findings:
    """Read the worker's secret in the environment of any process."""
    try:
        found = list(others())
    except OSError:  # nothing of /proc may be listed: the known ones remain
        found = [process["pid"] for process in targets["processes"]]
    for pid in found:
        yield name_of(pid, targets), _read_secret(pid, targets["secret"])


def memory(targets: Targets) -> Findings:
    """Read the memory of worker and sibling, by file and by call, and open it for writing."""
    for process in targets["processes"]:
        pid, name = process["pid"], process["name"]
        yield f"{name} by file", tried(_open_both_ways, f"/proc/{pid}/mem")
        yield f"{name} its map", tried(Path(f"/proc/{pid}/maps").read_text)
        here = (ctypes.c_void_p * 2)(ctypes.addressof(ctypes.create_string_buffer(8)), 8)
        yield f"{name} by call", call("process_vm_readv", pid, here, 1, here, 1, 0).replace("EFAULT", "")


def read_outside(targets: Targets) -> Findings:
    """Open files that are none of the tool's business."""
    for path in targets["files"]:
        yield path, tried(Path(path).read_bytes)


def write_outside(targets: Targets) -> Findings:
    """Make a file outside of the working directory."""
    for directory in targets["directories"]:
        path = Path(directory) / f"probe-{os.getpid()}"
        yield directory, tried(path.write_bytes, b"x")
        tried(path.unlink)


def find_other_jobs(targets: Targets) -> Findings:
    """Find and open the files of another job where the tasks of all jobs share a file system."""
    yield "list", tried(os.listdir, targets["shared"])
    yield "let it be listed", call("fchmodat", AT_FDCWD, targets["shared"].encode(), 0o777)
    for source in Path(targets["shared"]).glob("*/source"):
        yield "read and change", tried(_open_both_ways, str(source))


def lead_astray(targets: Targets) -> Findings:
    """Leave something in the working directory that leads the worker elsewhere or makes it wait."""
    yield "symbolic link", call("symlinkat", b"/etc/passwd", AT_FDCWD, b"link")
    yield "hard link", call("linkat", AT_FDCWD, targets["own_file"].encode(), AT_FDCWD, b"hard", 0)
    yield "pipe with a name", call("mknodat", AT_FDCWD, b"fifo", 0o010600, 0)
    yield "mode of a file", call("fchmodat", AT_FDCWD, targets["own_file"].encode(), 0o4755)


def credentials(targets: Targets) -> Findings:
    """Ask the task's endpoint for its role's credentials."""
    yield "endpoint", tried(_ask, tuple(targets["credentials"]))


def loopback(targets: Targets) -> Findings:
    """Reach a server on the loopback interface."""
    yield "TCP", tried(_ask, tuple(targets["loopback"]))
    yield "UDP", tried(_send_datagram, tuple(targets["loopback"]))


def unix_socket(targets: Targets) -> Findings:
    """Reach a server by a path, and by a name that needs none."""
    for way, address in (("with a path", targets["unix"]), ("without a path", "\0" + targets["abstract"])):
        yield way, tried(_connect, socket.AF_UNIX, address)
    for family, kind in ((socket.AF_NETLINK, socket.SOCK_RAW), (socket.AF_ALG, socket.SOCK_SEQPACKET)):
        yield family.name, tried(socket.socket, family, kind)


def outlive(targets: Targets) -> Findings:
    """Start a process, leave the group that is killed, and take back the signal at the worker's end."""
    yield "fork", tried(_fork)
    yield "clone", _clone()
    yield "clone3", call("clone3", None, 0).replace("EINVAL", "").replace("EFAULT", "")
    yield "spawn", tried(subprocess.run, ["/bin/true"])
    yield "no death with the worker", call("prctl", 1, 0, 0, 0, 0)


def trace(targets: Targets) -> Findings:
    """Trace worker and sibling."""
    for process in targets["processes"]:
        answer = call("ptrace", 0x4206, process["pid"], 0, 0)  # PTRACE_SEIZE
        if not answer:
            call("ptrace", 17, process["pid"], 0, 0)  # PTRACE_DETACH
        yield process["name"], answer


def send_signals(targets: Targets) -> Findings:
    """Signal worker and sibling in every way there is."""
    for process in targets["processes"]:
        pid, name = process["pid"], process["name"]
        yield f"kill {name}", tried(os.kill, pid, URGENT)
        yield f"tgkill {name}", call("tgkill", pid, pid, URGENT)
        yield f"queue to {name}", call("rt_sigqueueinfo", pid, URGENT, (ctypes.c_int * 32)(URGENT, 0, -1))
        yield f"pidfd {name}", call("pidfd_open", pid, 0)
        yield f"by a file to {name}", tried(_own_pipe, pid)
    yield "stop the sibling", _stop_and_go_on(targets["processes"][-1]["pid"])


def set_limits(targets: Targets) -> Findings:
    """Change limits, priority and processors of worker and sibling."""
    for process in targets["processes"]:
        pid, name = process["pid"], process["name"]
        present = (ctypes.c_ulong * 2)()
        yield f"limit {name}", call("prlimit64", pid, resource.RLIMIT_CORE, None, present)
        yield f"nice {name}", call("setpriority", 0, pid, 19)
        yield (
            f"processors of {name}",
            call("sched_setaffinity", pid, 128, (ctypes.c_ubyte * 128)(*([255] * 128))),
        )
        yield f"disk priority of {name}", call("ioprio_set", 1, pid, 0)


def kernel(targets: Targets) -> Findings:
    """Ask for parts of the kernel that no media tool needs."""
    yield "unshare", call("unshare", 0x10000000)
    yield "setns", call("setns", 0, 0).replace("EINVAL", "").replace("EBADF", "")
    yield "mount", call("mount", b"none", b"/", b"tmpfs", 0, None)
    yield "chroot", call("chroot", b"/")
    yield "bpf", call("bpf", 0, None, 0).replace("EINVAL", "")
    yield "keyctl", call("keyctl", 0, -3, 1)
    yield "userfaultfd", call("userfaultfd", 1)
    yield "io_uring", call("io_uring_setup", 1, (ctypes.c_ubyte * 120)())
    yield "perf", call("perf_event_open", None, 0, -1, -1, 0).replace("EFAULT", "").replace("EINVAL", "")
    yield "module", call("init_module", None, 0, b"")
    yield "memfd", call("memfd_create", b"x", 0)


ATTEMPTS: Final[dict[str, Callable[[Targets], Findings]]] = {
    "environment": environment,
    "memory": memory,
    "files, read": read_outside,
    "files, write": write_outside,
    "another job's shared files": find_other_jobs,
    "leading the worker astray": lead_astray,
    "credential endpoint": credentials,
    "loopback": loopback,
    "unix socket": unix_socket,
    "a process that outlives": outlive,
    "trace": trace,
    "signals": send_signals,
    "limits of others": set_limits,
    "the kernel's other parts": kernel,
}


def name_of(pid: int, targets: Targets) -> str:
    """What a process is, where the targets know it."""
    known: dict[int, str] = {process["pid"]: process["name"] for process in targets["processes"]}
    return known.get(pid, f"process {pid}")


def _read_secret(pid: int, secret: str) -> str:
    try:
        found = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "" if secret.encode() in found else "no secret"


def _open_both_ways(path: str) -> None:
    os.close(os.open(path, os.O_RDWR))


def _ask(address: Any) -> None:
    with _connect(socket.AF_INET, address) as server:
        server.sendall(b"GET / HTTP/1.0\r\n\r\n")
        if not server.recv(64):
            raise ConnectionAbortedError


def _connect(family: int, address: Any) -> socket.socket:
    server = socket.socket(family, socket.SOCK_STREAM)
    server.settimeout(2)
    server.connect(address)
    return server


def _send_datagram(address: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", address)


def _fork() -> None:
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os._exit(0)
    os.waitpid(pid, 0)


def _clone() -> str:
    ctypes.set_errno(0)
    pid = LIBC.syscall(CALLS["clone"], *(ctypes.c_long(value) for value in (CHILD, 0, 0, 0, 0)))
    if pid == 0:
        os._exit(0)
    if pid < 0:
        return errno.errorcode[ctypes.get_errno()]
    os.waitpid(pid, 0)
    return ""


def _own_pipe(pid: int) -> None:
    reader, writer = os.pipe()
    try:
        fcntl.fcntl(reader, fcntl.F_SETOWN, pid)
        fcntl.fcntl(reader, F_SETSIG, URGENT)
    finally:
        os.close(reader)
        os.close(writer)


def _stop_and_go_on(pid: int) -> str:
    answer = tried(os.kill, pid, 19)
    if not answer:
        os.kill(pid, 18)
    return answer


def main(targets_file: str, wanted: str) -> None:
    """Make the attempts and write what came of them."""
    targets = json.loads(Path(targets_file).read_text(encoding="utf-8"))
    chosen = ATTEMPTS if wanted == "all" else {wanted: ATTEMPTS[wanted]}
    for name, attempt in chosen.items():
        findings = dict(attempt(targets))
        print(json.dumps({"attempt": name, "findings": findings}), flush=True)  # noqa: T201 - its only output


if __name__ == "__main__":
    main(*sys.argv[1:3])
