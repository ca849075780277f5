"""Platforms of another shape, beside the one that all other end-to-end tests share."""

from collections.abc import Iterator

import pytest

from tests.e2e.own_platforms.edited_platform import start_edited
from tests.e2e.own_platforms.secured_platform import start_secured
from tests.platform_client import Platform


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = start_secured(tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("secured"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = start_edited(tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("edited"))
    yield running
    running.stop()
