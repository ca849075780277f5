"""A web page of another origin plays a private video with nothing but the link from the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import media
from tests.browser.browsing import INSTALLED, Site, site
from tests.platform_client import Platform, copy_checkout
from tests.stack_files import configure

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not INSTALLED, reason="run make test-browser")]


@pytest.fixture(scope="module")
def page() -> Iterator[Site]:
    with site({}) as served:
        yield served


@pytest.fixture(scope="module")
def links(page: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses of a processed video on a platform whose configuration names the page's origin."""
    checkout = copy_checkout(tmp_path_factory.mktemp("checkout"))
    configure(checkout, "dev", cors_origins=[page.origin])
    platform = Platform.start(tmp_path_factory.mktemp("platform"), checkout=checkout)
    try:
        job = platform.settled(platform.upload(media.BUNNY))
        view = platform.api("GET", f"/metadata/{job['video_id']}/playback").json()
        base = str(platform.description["api_url"]).rstrip("/")
        yield {kind: base + view[kind] for kind in ("hls", "dash")}
    finally:
        platform.stop()


@pytest.mark.parametrize("kind", ["hls", "dash"])
def test_a_browser_plays_the_signed_addresses_of_another_origin(
    page: Site, links: dict[str, str], tmp_path: Path, kind: str
) -> None:
    seen = page.call(tmp_path, "play", kind, links[kind])

    assert seen["errors"] == []
    assert seen["duration"] == pytest.approx(5.28, abs=0.06)
    assert seen["shown"] == [360, 720]
    assert seen["frames"] > 20
