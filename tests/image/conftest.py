"""The built image that `make test-image` has mounted; without one, these tests are skipped."""

import pytest

from local.container_image import ContainerImage, configured_image


@pytest.fixture(scope="session")
def image() -> ContainerImage:
    """The mounted image."""
    found = configured_image()
    if found is None:
        pytest.skip("run make test-image")
    return found
