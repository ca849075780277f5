"""Both stacks as lists of resources; each test that takes ``stack`` runs for dev and for prod."""

import pytest

from tests.policy.stack import Stack, stack_of
from tests.synthesised import STACKS


@pytest.fixture(params=STACKS, scope="session")
def stack(request: pytest.FixtureRequest) -> Stack:
    return stack_of(request.param)
