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
    replaced = _replaced_messages(running)
    running.stop()
    assert replaced == [], "failures came into the ledger in the machine's words"


def _replaced_messages(platform: Platform) -> list[str]:
    """What functions and tasks logged of failures whose words were not fit for people."""
    logs = platform.aws("logs")
    groups = (
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    )
    pages = (
        page
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    )
    return [
        event["message"]
        for page in pages
        for event in page["events"]
        if "failure_message_replaced" in event["message"]
    ]


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
