"""``python -m local``: the command line of local mode."""

import sys

from local.cli.parser import run

if __name__ == "__main__":
    sys.exit(run())
