"""Which function creates which resource type."""

from __future__ import annotations

from collections.abc import Callable

from local.apply.context import ApplyContext
from local.monitor import PROVIDER_TYPE_PREFIX, Created, Registration
from local.program_errors import UnsupportedError

Handler = Callable[[ApplyContext, Registration], Created]
_HANDLERS: dict[str, Handler] = {}


def handles(*types: str) -> Callable[[Handler], Handler]:
    """Registers a function as the creator of resource types.

    Args:
        types: Pulumi type tokens, for example `aws:s3/bucket:Bucket`.
    """

    def register(handler: Handler) -> Handler:
        for type_ in types:
            if type_ in _HANDLERS:
                message = f"{type_} has two handlers: {_HANDLERS[type_].__name__} and {handler.__name__}"
                raise ValueError(message)
            _HANDLERS[type_] = handler
        return handler

    return register


def handler_of(resource: Registration) -> Handler:
    """Returns the creator of a resource.

    Raises:
        UnsupportedError: Nobody taught local mode this type; leaving it out would hide it from the tests.
    """
    if resource.type.startswith(PROVIDER_TYPE_PREFIX):
        return _provider
    handler = _HANDLERS.get(resource.type)
    if handler is None:
        message = f"{resource.urn}: local mode cannot create a {resource.type}."
        raise UnsupportedError(
            message,
            remedy="Add a handler under local/apply/, or name it in local/apply/modelled_types.py.",
        )
    return handler


def supported_types() -> frozenset[str]:
    """Returns every type token that local mode can create or model."""
    return frozenset(_HANDLERS)


def _provider(_context: ApplyContext, resource: Registration) -> Created:
    return Created(f"local-{resource.name}")
