"""Local artefacts, built once per content, and the slow imports, both possible ahead of time."""

from __future__ import annotations

import gc
import importlib
import logging
import threading
from pathlib import Path

from artifacts.lambda_package import local_dependencies, local_lambda_package
from artifacts.stage import stage_image
from local.paths import REPOSITORY_ROOT

_logger = logging.getLogger(__name__)
_one_build_at_a_time = threading.Lock()


def lambda_package(packages_dir: Path, ca_path: Path) -> Path:
    """Returns the Lambda package built for this machine with the local authority inside."""
    with _one_build_at_a_time:
        return local_lambda_package(packages_dir, ca_path.read_bytes())


def lambda_dependencies() -> Path:
    """Returns the directory from which the functions on this machine import their dependencies."""
    with _one_build_at_a_time:
        return local_dependencies()


def image_dir(packages_dir: Path, ca_path: Path) -> Path:
    """Returns the staged contents of the container image with the local authority inside."""
    with _one_build_at_a_time:
        return stage_image(packages_dir, ca_path.read_bytes())


def prepare(packages_dir: Path, ca_path: Path) -> None:
    """Does what `apply_program` would have to do first; run it in a thread while the servers start.

    Failures are left to `apply_program`, which meets them again and reports them.

    Args:
        packages_dir: Directory that keeps built artefacts between runs.
        ca_path: PEM file with the local authority.
    """
    try:
        _import_components()
        lambda_package(packages_dir, ca_path)
        lambda_dependencies()
        image_dir(packages_dir, ca_path)
    except Exception:
        _logger.debug("preparation failed", exc_info=True)


def _import_components() -> None:
    """Imports the program's modules: nearly all of the program's time is the provider SDK's import."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        for path in sorted((REPOSITORY_ROOT / "components").glob("[a-z]*.py")):
            importlib.import_module(f"components.{path.stem}")
    finally:
        if collecting:
            gc.enable()
