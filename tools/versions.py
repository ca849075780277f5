"""Says on which PostgreSQL and Python the tests ran, and which of AWS's versions were not run.

The functions run Python 3.12 in AWS and the database is PostgreSQL 16. The worker's image has Python 3.11.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping

from local.servers.postgres import program

DATABASE, FUNCTIONS = 16, (3, 12)


def report(environment: Mapping[str, str], python: tuple[int, ...]) -> str:
    """Give two lines; the one about Python is the last.

    Args:
        environment: variables that the tests ran with.
        python: version of the interpreter that ran them.
    """
    found = postgres_version(environment)
    missed = "" if found.partition(".")[0] == str(DATABASE) else f": {DATABASE} not run"
    wanted = ".".join(str(part) for part in FUNCTIONS)
    note = "" if python[:2] == FUNCTIONS else f": {wanted} not run"
    return f"PostgreSQL {found}{missed}\nPython {'.'.join(str(part) for part in python[:3])}{note}\n"


def postgres_version(environment: Mapping[str, str]) -> str:
    """Give the version of the server that tests start, such as ``16.14``."""
    done = subprocess.run(
        [str(program("postgres", environment)), "--version"], capture_output=True, text=True, check=True
    )
    found = re.search(r"\d+(\.\d+)?", done.stdout)
    return found[0] if found else done.stdout.strip()


if __name__ == "__main__":
    sys.stdout.write(report(os.environ, sys.version_info[:3]))
