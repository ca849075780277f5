"""Where the policy checkers live: apart from the platform, whose packages are newer than theirs."""

from local.paths import REPOSITORY_ROOT

CHECKERS_PYTHON = REPOSITORY_ROOT / ".venv-checks" / "bin" / "python"
