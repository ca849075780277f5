"""Finds the operation that a method and a path ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from metadata_api.operations.operation import Operation

_SEPARATOR: Final = "/"


@dataclass(frozen=True, slots=True)
class Match:
    """An operation and the parameters that the path gives it."""

    operation: Operation
    parameters: Mapping[str, str]


class Router:
    """All operations by the number of segments of their path.

    A parameter takes any text without a slash, whatever characters it has: an id that no video can have is an
    unknown video and no unknown path. Of two paths that fit, the one with fewer parameters is meant.

    Args:
        operations: Everything the API can do.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._by_length: dict[int, list[tuple[list[str], Operation]]] = {}
        for operation in sorted(operations, key=lambda item: item.path.count("{")):
            template = _segments(operation.path)
            self._by_length.setdefault(len(template), []).append((template, operation))

    def find(self, method: str, path: str) -> Match | None:
        """The operation of this method and path; a slash at the end makes no difference."""
        segments = _segments(path)
        for template, operation in self._by_length.get(len(segments), ()):
            if operation.method == method and _fits(template, segments):
                return Match(operation, _parameters(template, segments))
        return None

    def methods(self, path: str) -> list[str]:
        """The methods that a path takes; none when there is no such path."""
        segments = _segments(path)
        templates = self._by_length.get(len(segments), ())
        found = (operation.method for template, operation in templates if _fits(template, segments))
        return list(dict.fromkeys(found))


def _segments(path: str) -> list[str]:
    return path.rstrip(_SEPARATOR).split(_SEPARATOR)


def _fits(template: Sequence[str], segments: Sequence[str]) -> bool:
    return all(
        wanted == given or (given and wanted.startswith("{"))
        for wanted, given in zip(template, segments, strict=True)
    )


def _parameters(template: Sequence[str], segments: Sequence[str]) -> dict[str, str]:
    pairs = zip(template, segments, strict=True)
    return {wanted[1:-1]: given for wanted, given in pairs if wanted.startswith("{")}
