"""The stack under test: outputs from DEPLOYED_OUTPUTS, everything else asked from AWS with your credentials.

    make outputs STACK=dev SECRETS=1 > outputs.json
    DEPLOYED_OUTPUTS=outputs.json .venv/bin/python -m pytest tests/deployed

With AWS_ENDPOINT_URL set, the stack is one of local mode. Tests of what local mode stands in for are skipped
there, with the reason in their marker.
"""

import os
from pathlib import Path

import pytest

from tests.deployed.stack import DeployedStack

OUTPUTS_VARIABLE = "DEPLOYED_OUTPUTS"
NO_STACK = f"no deployed stack is given; set {OUTPUTS_VARIABLE} to a file made by: make outputs SECRETS=1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if not item.path.is_relative_to(here):
            continue
        item.add_marker(pytest.mark.deployed)
        marker = item.get_closest_marker("aws_only")
        if not os.environ.get(OUTPUTS_VARIABLE):
            item.add_marker(pytest.mark.skip(reason=NO_STACK))
        elif marker is not None and "AWS_ENDPOINT_URL" in os.environ:
            item.add_marker(pytest.mark.skip(reason=f"not in local mode: {marker.args[0]}"))


@pytest.fixture(scope="session")
def stack() -> DeployedStack:
    return DeployedStack.read(Path(os.environ[OUTPUTS_VARIABLE]))
