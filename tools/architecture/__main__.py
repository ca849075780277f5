"""Writes the pictures and the tables of docs/architecture.md: `make pictures`."""

import sys
import warnings

from local.errors import LocalModeError
from local.synth import run_synthesis
from tools.architecture.imports import REPOSITORY_ROOT
from tools.architecture.page import generated
from tools.architecture.parts import PictureError


def main() -> int:
    """Write each file and say whether it changed."""
    # The provider SDK warns about its own deprecated classes while it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    try:
        files = generated(run_synthesis("dev"), run_synthesis("prod"))
    except (PictureError, LocalModeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path, text in files.items():
        file = REPOSITORY_ROOT / path
        changed = not file.is_file() or file.read_text(encoding="utf-8") != text
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}: {'written' if changed else 'unchanged'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
