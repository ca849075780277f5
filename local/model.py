"""Modelled outputs: ids, ARNs and addresses shaped like those of AWS, derived from the URN alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.lookups import Account
from local.model_shapes import SHAPES
from local.monitor import PROVIDER_TYPE_PREFIX, Created, Registration
from local.program_errors import UnsupportedError
from local.shape import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words that a shape's templates may use.

    Attributes:
        name: Physical name: the one that the program gives, or the automatic one.
        account: Account id.
        region: Region name.
        digest: Hexadecimal digits that are the same for the same URN.
        inputs: Scalar inputs of the resource, for example `{inputs[role]}`.
    """

    name: str
    account: str
    region: str
    digest: str
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def fill(self, template: Any, **more: str) -> Any:
        """Fills a template, or every template inside a list or mapping; other values stay as they are."""
        if isinstance(template, str):
            return template.format(
                name=self.name,
                account=self.account,
                region=self.region,
                digest=self.digest,
                short=self.digest[:8],
                inputs=self.inputs,
                **more,
            )
        if isinstance(template, list):
            return [self.fill(item, **more) for item in template]
        if isinstance(template, Mapping):
            return {key: self.fill(item, **more) for key, item in template.items()}
        return template


def digest_of(urn: str) -> str:
    """Returns 40 hexadecimal digits that are stable for a URN."""
    return hashlib.sha256(urn.encode()).hexdigest()[:40]


def physical_name(registration: Registration, name_key: str | None) -> str:
    """Returns the name that the resource has in AWS.

    Args:
        registration: The resource.
        name_key: Input that carries the name, None when the type has none.
    """
    if name_key and registration.inputs.get(name_key):
        return str(registration.inputs[name_key])
    suffix = digest_of(registration.urn)[:7]
    if name_key and registration.inputs.get(f"{name_key}Prefix"):
        return f"{registration.inputs[f'{name_key}Prefix']}{suffix}"
    return f"{registration.name}-{suffix}"


def model_outputs(registration: Registration, account: Account) -> Created:
    """Returns id and outputs of a resource as AWS would shape them.

    Args:
        registration: The resource.
        account: Account and region that the ARNs name.

    Raises:
        UnsupportedError: The type belongs to a provider that local mode does not model.
    """
    shape = SHAPES.get(registration.type) or _generic_shape(registration)
    words = Words(
        name=physical_name(registration, shape.name_key),
        account=account.id,
        region=account.region,
        digest=digest_of(registration.urn),
        inputs={
            key: value
            for key, value in registration.inputs.items()
            if isinstance(value, str | int | float | bool)
        },
    )
    arn = words.fill(shape.arn) if shape.arn else ""
    identifier = str(words.fill(shape.id, arn=arn))
    outputs: dict[str, Any] = {}
    if arn:
        outputs["arn"] = arn
    if shape.name_key:
        outputs[shape.name_key] = words.name
    outputs |= words.fill(shape.outputs, arn=arn, id=identifier)
    numbers = range(1, int(registration.inputs[shape.count_key]) + 1) if shape.count_key else ()
    for key, template in shape.counted.items():
        outputs[key] = [words.fill(template, number=str(number)) for number in numbers]
    return Created(identifier, outputs, shape.secret_outputs)


def _generic_shape(registration: Registration) -> Shape:
    package, _, rest = registration.type.partition(":")
    if registration.type.startswith(PROVIDER_TYPE_PREFIX):
        return Shape(id="{digest}")
    if package != "aws":
        message = (
            f"{registration.urn}: type {registration.type!r} is not modelled; add it to local/model_shapes.py"
        )
        raise UnsupportedError(message)
    service, _, kind = rest.partition("/")
    return Shape(
        id="{name}",
        arn=f"arn:aws:{service}:{{region}}:{{account}}:{kind.split(':', 1)[0].lower()}/{{name}}",
    )
