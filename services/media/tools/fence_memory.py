"""Whether the kernel took a process because its control group was out of memory."""

import re
import signal
from pathlib import Path
from typing import Final

from media.tools.errors import ErrorCode, LimitExceededError

CGROUPS: Final = Path("/sys/fs/cgroup")
_KILLS: Final = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)
_OF_MEMORY: Final = re.compile(r"^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(/.*)$|^0::(/.*)$", re.MULTILINE)


def memory_kills(cgroups: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """How many processes of this control group the kernel has killed for want of memory; 0 if untold.

    Args:
        cgroups: Where control groups are mounted.
        own: Names the group of this process in each hierarchy.
    """
    total = 0
    for version1, version2 in _OF_MEMORY.findall(_text(own)):
        group = (version1 or version2).lstrip("/")
        # In a container the group is mounted at the root, whatever its name outside is.
        candidates = (
            [cgroups / "memory" / group / "memory.oom_control", cgroups / "memory" / "memory.oom_control"]
            if version1
            else [cgroups / group / "memory.events", cgroups / "memory.events"]
        )
        text = next((text for text in map(_text, candidates) if text), "")
        total += sum(int(count) for count in _KILLS.findall(text))
    return total


def out_of_memory(step: str, exit_code: int, kills_before: int) -> LimitExceededError | None:
    """Give the error of a tool that the kernel took because the task's memory was used up.

    Args:
        step: What the tool was doing.
        exit_code: As `subprocess` gives it.
        kills_before: What `memory_kills` said before the tool started.
    """
    if exit_code != -signal.SIGKILL or memory_kills() <= kills_before:
        return None
    return LimitExceededError(
        ErrorCode.OUT_OF_MEMORY,
        f"The step {step!r} needs more memory than the task has.",
        "Upload a video with smaller pictures, or ask the operator for larger tasks.",
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
