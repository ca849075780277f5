"""Checks recorded inputs against the types in the installed provider packages."""

import importlib
import inspect
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import pulumi
from pulumi import _types

_PACKAGES = {"aws": "pulumi_aws", "awsx": "pulumi_awsx", "random": "pulumi_random"}


def args_class(token: str) -> type:
    """Find the Args class of a resource token such as ``aws:s3/bucket:Bucket``."""
    package, module, name = token.split(":")
    module = module.split("/")[0].replace("index", "")
    module = "lambda_" if module == "lambda" else module
    namespace = importlib.import_module(".".join(filter(None, (_PACKAGES[package], module))))
    # A nested type may have the same name in the namespace, so look in the resource's own module.
    own_module = importlib.import_module(getattr(namespace, name).__module__)
    found = getattr(own_module, f"{name}InitArgs", None) or getattr(own_module, f"{name}Args")
    assert isinstance(found, type)
    return found


def problems(token: str, inputs: Mapping[str, Any]) -> list[str]:
    """Give what is wrong with a resource's inputs: unknown, missing, or of the wrong type."""
    return list(_check_object(args_class(token), inputs, token))


def _check_object(cls: type, values: Mapping[str, Any], where: str) -> Iterator[str]:
    types = _types.input_type_types(cls)
    names = _types.input_type_py_to_pulumi_names(cls)
    parameters = inspect.signature(cls).parameters
    required = {
        names[name]
        for name, parameter in parameters.items()
        if name in names and parameter.default is inspect.Parameter.empty
    }
    yield from (f"{where}: {key} is unknown" for key in values if key not in types)
    yield from (f"{where}: {key} is missing" for key in sorted(required - set(values)))
    for key, value in values.items():
        if key in types:
            yield from _check_value(types[key], value, f"{where}.{key}")


def _check_value(expected: Any, value: Any, where: str) -> Iterator[str]:
    choices = _choices(expected)
    failures = [list(_check_choice(choice, value, where)) for choice in choices]
    if failures and all(failures):
        yield from min(failures, key=len)


def _choices(expected: Any) -> list[Any]:
    """Take the plain types out of what may also be given as an Output or an awaitable."""
    if get_origin(expected) in (Union, UnionType):
        return [
            plain
            for choice in get_args(expected)
            if get_origin(choice) not in (Awaitable, pulumi.Output) and choice is not NoneType
            for plain in _choices(choice)
        ]
    return [expected]


def _check_choice(expected: Any, value: Any, where: str) -> Iterator[str]:
    origin = get_origin(expected)
    if expected is Any:
        return
    if origin in (list, Sequence):
        if not isinstance(value, list):
            yield f"{where} is {value!r}, not a list"
            return
        for index, item in enumerate(value):
            yield from _check_value(get_args(expected)[0], item, f"{where}[{index}]")
    elif origin in (dict, Mapping):
        if not isinstance(value, Mapping):
            yield f"{where} is {value!r}, not a mapping"
            return
        for key, item in value.items():
            yield from _check_value(get_args(expected)[1], item, f"{where}.{key}")
    elif isinstance(expected, type):
        yield from _check_plain(expected, value, where)


def _check_plain(expected: type, value: Any, where: str) -> Iterator[str]:
    if _types.is_input_type(expected):
        if isinstance(value, Mapping):
            yield from _check_object(expected, value, where)
        else:
            yield f"{where} is {value!r}, not an object"
    elif issubclass(expected, Enum):
        allowed = [member.value for member in expected]
        if value not in allowed:
            yield f"{where} is {value!r}, not one of {allowed}"
    elif expected is float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"{where} is {value!r}, not a number"
    elif expected in (str, int, bool) and type(value) is not expected:
        yield f"{where} is {value!r}, not {expected.__name__}"
