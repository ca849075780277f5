#!/usr/bin/python3 -I
"""What a stranger's code would do without end from inside a media tool: fill the disk, fork, take memory.

It stands alone, as the probe does: only the system's interpreter and its library. The second argument names
what to do; the first is left alone.
"""

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn


def fill_disk() -> NoReturn:
    """Write without end."""
    block, number = b"\xa5" * 2**20, 0
    while True:
        with Path(f"fill-{number}").open("wb") as file:
            try:
                file.writelines(block for _ in range(512))
            except OSError as error:
                sys.stderr.write(f"{error}\n")
                raise SystemExit(1) from error
        number += 1


def fork_bomb() -> NoReturn:
    """Start processes and threads without end."""
    while True:
        with suppress(OSError):
            os.fork()
        try:
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        except RuntimeError:
            time.sleep(0.001)


def take_memory() -> NoReturn:
    """Allocate without end."""
    kept = []
    while True:
        kept.append(b"\xa5" * 2**22)


ENDLESS: Final = {
    "disk without end": fill_disk,
    "forks without end": fork_bomb,
    "memory without end": take_memory,
}

if __name__ == "__main__":
    ENDLESS[sys.argv[2]]()
