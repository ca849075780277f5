"""Both stacks as synthesised programs; each test that takes ``run`` runs for dev and for prod."""

import pytest

from local.program import ProgramRun
from tests.synthesised import STACKS, synthesised


@pytest.fixture(params=STACKS, scope="session")
def run(request: pytest.FixtureRequest) -> ProgramRun:
    return synthesised(request.param)


@pytest.fixture(scope="session")
def dev() -> ProgramRun:
    return synthesised("dev")


@pytest.fixture(scope="session")
def prod() -> ProgramRun:
    return synthesised("prod")
