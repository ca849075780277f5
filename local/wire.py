"""Translation between the Pulumi wire format (protobuf structs with marker keys) and plain JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

UNKNOWN = "<unknown until deployed>"
REDACTED = "[secret]"

_SIGNATURE_KEY = rpc._special_sig_key
_SECRET = rpc._special_secret_sig
_ASSET = rpc._special_asset_sig
_ARCHIVE = rpc._special_archive_sig
_RESOURCE = rpc._special_resource_sig
_OUTPUT_IN_TEXT = "Calling __str__ on an Output"


def to_raw(message: struct_pb2.Struct) -> dict[str, Any]:
    """Returns the struct as a dictionary, markers for secrets, assets and references kept."""
    raw: dict[str, Any] = json_format.MessageToDict(message)
    return raw


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Returns a protobuf struct of plain JSON values and markers."""
    struct = struct_pb2.Struct()
    struct.update(dict(values))
    return struct


def secret(value: Any) -> dict[str, Any]:
    """Marks a value so that the program receives it as a secret Output."""
    if isinstance(value, Mapping) and value.get(_SIGNATURE_KEY) == _SECRET:
        return dict(value)
    return {_SIGNATURE_KEY: _SECRET, "value": value}


def decode(raw: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Turns raw wire values into plain JSON.

    Args:
        raw: Values with markers, as `to_raw` returns them.

    Returns:
        The plain values (secrets in clear, whole floats as integers) and the sorted paths of the secret ones.
    """
    paths: set[str] = set()
    values = {key: _decode(value, key, paths) for key, value in raw.items()}
    return values, tuple(sorted(paths))


def _decode(value: Any, path: str, secrets: set[str]) -> Any:
    if isinstance(value, Mapping):
        if _SIGNATURE_KEY in value:
            return _decode_marked(value, path, secrets)
        return {key: _decode(item, f"{path}.{key}", secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_decode(item, f"{path}[{index}]", secrets) for index, item in enumerate(value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if value == rpc.UNKNOWN else value


def _decode_marked(value: Mapping[str, Any], path: str, secrets: set[str]) -> Any:
    marker = value[_SIGNATURE_KEY]
    if marker == _SECRET:
        secrets.add(path)
        return _decode(value.get("value"), path, secrets)
    if marker == _RESOURCE:
        return {"resource": value.get("urn", "")}
    body = {key: _decode(item, path, secrets) for key, item in value.items() if key != _SIGNATURE_KEY}
    if marker in (_ASSET, _ARCHIVE):
        return {"asset" if marker == _ASSET else "archive": body}
    return body


def redact(values: Mapping[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """Returns a copy of plain values in which everything at a secret path is replaced by a fixed word."""
    hidden = frozenset(secrets)
    return {key: _redact(value, key, hidden) for key, value in values.items()}


def _redact(value: Any, path: str, hidden: frozenset[str]) -> Any:
    if path in hidden:
        return REDACTED
    if isinstance(value, Mapping):
        return {key: _redact(item, f"{path}.{key}", hidden) for key, item in value.items()}
    if isinstance(value, list):
        return [_redact(item, f"{path}[{index}]", hidden) for index, item in enumerate(value)]
    return value


def path_of_stringified_output(value: Any, path: str = "") -> str | None:
    """Returns the path of a text that an Output was formatted into by mistake, or None."""
    children: Iterable[tuple[Any, str]] = ()
    if isinstance(value, str):
        return path if _OUTPUT_IN_TEXT in value else None
    if isinstance(value, Mapping):
        children = ((item, f"{path}.{key}".lstrip(".")) for key, item in value.items())
    elif isinstance(value, list):
        children = ((item, f"{path}[{index}]") for index, item in enumerate(value))
    return next((found for item, at in children if (found := path_of_stringified_output(item, at))), None)
