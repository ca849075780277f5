"""The gateway and the function agree on what needs no key."""

import pytest

from components.routes import HEALTH_PATH, OPEN_PATHS, OPEN_TREES
from metadata_api.operations.operation import Operation
from metadata_api.route_table import OPERATIONS


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda item: item.name)
def test_the_gateway_leaves_open_exactly_what_the_router_calls_open(operation: Operation) -> None:
    first, _, rest = operation.path.removeprefix("/").partition("/")
    open_at_gateway = first in OPEN_TREES if rest else first in {HEALTH_PATH, *OPEN_PATHS}

    assert operation.open == (open_at_gateway and operation.method == "GET")
