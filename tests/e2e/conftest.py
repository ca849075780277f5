"""One platform for all end-to-end tests of a session, in a directory of its own."""

from collections.abc import Iterator

import pytest

from tests.e2e.platform_client import Platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform.start(tmp_path_factory.mktemp("platform"))
    yield running
    running.stop()
