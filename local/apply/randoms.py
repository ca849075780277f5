"""Random values: generated once, then kept, as a deployment keeps them in its state."""

from __future__ import annotations

import base64
import json
import secrets
import string
import uuid
from typing import Any

from local.apply.context import ApplyContext
from local.apply.registry import handles
from local.monitor import Created, Registration

_DEFAULT_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_INPUTS_THAT_REPLACE = (
    "length",
    "byteLength",
    "special",
    "overrideSpecial",
    "upper",
    "lower",
    "numeric",
    "number",
    "keepers",
)


@handles("random:index/randomPassword:RandomPassword", "random:index/randomString:RandomString")
def random_text(context: ApplyContext, resource: Registration) -> Created:
    """Generates a text with at least one character of each class that is wanted."""
    result = _kept(context, resource, lambda: _text(resource))
    is_password = resource.type.endswith(":RandomPassword")
    return Created("none" if is_password else result, {"result": result}, ("result",) if is_password else ())


@handles("random:index/randomUuid:RandomUuid")
def random_uuid(context: ApplyContext, resource: Registration) -> Created:
    """Generates a UUID."""
    result = _kept(context, resource, lambda: str(uuid.uuid4()))
    return Created(result, {"result": result})


@handles("random:index/randomId:RandomId")
def random_id(context: ApplyContext, resource: Registration) -> Created:
    """Generates a number of random bytes in several notations."""
    size_bytes = int(resource.inputs["byteLength"])
    prefix = str(resource.inputs.get("prefix", ""))
    raw = bytes.fromhex(_kept(context, resource, lambda: secrets.token_hex(size_bytes)))
    url_safe = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return Created(
        url_safe,
        {
            "hex": prefix + raw.hex(),
            "dec": prefix + str(int.from_bytes(raw)),
            "b64Url": prefix + url_safe,
            "b64Std": prefix + base64.b64encode(raw).decode(),
        },
    )


def _kept(context: ApplyContext, resource: Registration, make: Any) -> str:
    """Returns the kept value; a change of an input that would replace the resource makes a new one."""
    shape = {key: resource.inputs[key] for key in _INPUTS_THAT_REPLACE if key in resource.inputs}
    return context.generated.get_or_make(f"{resource.urn} {json.dumps(shape, sort_keys=True)}", make)


def _text(resource: Registration) -> str:
    inputs = resource.inputs
    classes = [
        (inputs.get("lower", True), string.ascii_lowercase),
        (inputs.get("upper", True), string.ascii_uppercase),
        (inputs.get("numeric", inputs.get("number", True)), string.digits),
        (inputs.get("special", True), str(inputs.get("overrideSpecial") or _DEFAULT_SPECIAL)),
    ]
    alphabets = [alphabet for wanted, alphabet in classes if wanted]
    length = int(inputs["length"])
    while True:
        text = "".join(secrets.choice("".join(alphabets)) for _ in range(length))
        if length < len(alphabets) or all(set(text) & set(alphabet) for alphabet in alphabets):
            return text
