"""The built package that all functions run, and the check that it can be deployed."""

from pathlib import Path

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from artifacts.freshness import PACKAGE_PATH, package_fault
from artifacts.platforms import Architecture as PackageArchitecture
from components.choices import Architecture


class PackageError(pulumi.RunError):
    """The functions' package is missing or out of date; Pulumi prints the message without a traceback."""


def check_package(architecture: Architecture) -> None:
    """Refuse a deployment that would fail after minutes, or would quietly deploy old code.

    Without a Pulumi engine nothing is deployed: synthesis needs no package, and local mode builds its own.
    Then the SDK's own mock monitor is in place of the connection to the engine.

    Args:
        architecture: processor architecture of the functions.

    Raises:
        PackageError: the package is missing or out of date.
    """
    if isinstance(get_monitor(), MockMonitor):
        return
    fault = package_fault(Path(PACKAGE_PATH), PackageArchitecture(architecture))
    if fault is not None:
        raise PackageError(f"{fault}. Run: make package STACK={pulumi.get_stack()}")
