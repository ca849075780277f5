"""Prints one configuration value of a stack, for scripts: `python -m tools.stack_value dev log_level`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from components.config import config_keys
from local.errors import LocalModeError
from local.stack_config import load_stack_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the value as the program gets it, or say all that is wrong with the stack's configuration.

    Returns:
        0, or 1 when the configuration is refused.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.stack_value", description=__doc__)
    parser.add_argument("stack", help="stack whose value is wanted")
    parser.add_argument("key", choices=list(config_keys()), metavar="key", help="configuration key")
    options = parser.parse_args(arguments)
    try:
        settings = load_stack_settings(Path.cwd(), options.stack)
        settings.parsed()
    except LocalModeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{settings.own[options.key]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
