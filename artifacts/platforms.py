"""Where the Lambda package runs: AWS's two processor architectures, or the emulator on this machine."""

from __future__ import annotations

import enum
import platform
import sys

_LAMBDA_PYTHON = "3.12"


class Architecture(enum.StrEnum):
    """A target of the Lambda package; `local` is this machine with the Python that runs the emulator."""

    ARM64 = "arm64"
    X86_64 = "x86_64"
    LOCAL = "local"

    @property
    def python_version(self) -> str:
        """Version of the interpreter that will import the package."""
        if self is Architecture.LOCAL:
            return f"{sys.version_info.major}.{sys.version_info.minor}"
        return _LAMBDA_PYTHON

    @property
    def install_options(self) -> tuple[str, ...]:
        """Options that make the installer choose wheels for the target.

        The Python 3.12 runtime is Amazon Linux 2023 with glibc 2.34, so wheels up to manylinux_2_28 fit
        (psycopg has no older one for arm64).
        """
        if self is Architecture.LOCAL:
            return ()
        machine = "aarch64" if self is Architecture.ARM64 else "x86_64"
        return ("--python-platform", f"{machine}-manylinux_2_28", "--python-version", _LAMBDA_PYTHON)

    @property
    def label(self) -> str:
        """Name of the target in cache paths, unique per machine type and interpreter."""
        machine = platform.machine() if self is Architecture.LOCAL else self.value
        return f"{machine}-python{self.python_version}"
