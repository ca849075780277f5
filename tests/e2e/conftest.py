"""One platform for all end-to-end tests of a session, in a directory of its own, and a source for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import media_pictures
from tests.e2e.platform_client import Platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform.start(tmp_path_factory.mktemp("platform"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source that costs least to process."""
    return media_pictures.make_picture(tmp_path_factory.mktemp("picture"), "dot.png", size="16x16")
