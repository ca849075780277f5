"""Types that exist only in the cloud: they get ids and ARNs, and nothing is created for them."""

from __future__ import annotations

from local.apply.context import ApplyContext
from local.apply.modelled_types import MODELLED_TYPES
from local.apply.registry import handles
from local.monitor import Created, Registration


@handles(*sorted(MODELLED_TYPES))
def model(context: ApplyContext, resource: Registration) -> Created:
    """Answers with the ids and ARNs that AWS would shape."""
    return context.model(resource)
