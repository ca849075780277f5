"""One platform for most end-to-end tests of a session, in a directory of its own, and sources for all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import media, media_pictures
from tests.platform_client import Platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform.start(tmp_path_factory.mktemp("platform"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def footage_job(platform: Platform) -> dict[str, Any]:
    """The ended job of real footage of 1280x720: three rungs and sound."""
    return platform.settled(platform.upload(media.BUNNY))


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The video that costs least to process: two seconds of 640x360 with sound."""
    return media.make_ntsc(tmp_path_factory.mktemp("clip"), seconds=2)


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source that costs least to process."""
    return media_pictures.make_picture(tmp_path_factory.mktemp("picture"), "dot.png", size="16x16")
