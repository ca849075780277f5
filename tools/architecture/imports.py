"""The real imports between our packages, and the contracts of pyproject.toml that they keep."""

import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grimp

from tools.architecture.parts import PictureError

REPOSITORY_ROOT: Final = Path(__file__).resolve().parents[2]
# They may import everything, and nothing imports them.
ON_TOP: Final = ("bench", "tests")
Pair = tuple[str, str]
Layers = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    """What the import-linter's contracts say.

    Attributes:
        packages: Our root packages without those on top.
        services: The layers of the services, highest first.
        rooms: The layers within a package, by package.
        forbidden: Pairs of a package and what it may never import, of ours or of others.
        excepted: Pairs of a module and what it may import in spite of that.
    """

    packages: tuple[str, ...]
    services: Layers
    rooms: Mapping[str, Layers]
    forbidden: frozenset[Pair]
    excepted: frozenset[Pair]


def contracts(root: Path = REPOSITORY_ROOT) -> Contracts:
    """Read the contracts.

    Raises:
        PictureError: There is not exactly one contract about the layers of packages.
    """
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layered = [entry for entry in settings["contracts"] if entry["type"] == "layers"]
    between = [_layers(entry) for entry in layered if "containers" not in entry]
    if len(between) != 1:
        message = (
            f"the picture of the packages needs one contract of layers between packages, not {len(between)}"
        )
        raise PictureError(message)
    return Contracts(
        packages=tuple(name for name in settings["root_packages"] if name not in ON_TOP),
        services=between[0],
        rooms={package: _layers(entry) for entry in layered for package in entry.get("containers", ())},
        forbidden=frozenset(
            (source, target)
            for entry in settings["contracts"]
            if entry["type"] == "forbidden"
            for source in entry["source_modules"]
            for target in entry["forbidden_modules"]
        ),
        excepted=frozenset(
            (source.strip(), target.strip())
            for entry in settings["contracts"]
            for source, _, target in (text.partition("->") for text in entry.get("ignore_imports", ()))
        ),
    )


@functools.cache
def graph(packages: tuple[str, ...]) -> grimp.ImportGraph:
    """Read all imports of these packages; those for typing count."""
    return grimp.build_graph(*packages, cache_dir=None)


def package_imports(packages: tuple[str, ...]) -> frozenset[Pair]:
    """Give which package imports which, directly."""
    known = graph(packages)
    return frozenset(
        (package_of(module), package_of(imported))
        for module in known.modules
        for imported in known.find_modules_directly_imported_by(module)
        if package_of(module) != package_of(imported)
    )


def package_of(module: str) -> str:
    """Give the root package of a module."""
    return module.partition(".")[0]


def not_implied(pairs: Iterable[Pair]) -> frozenset[Pair]:
    """Leave out each pair whose ends other pairs join already; the pairs must form no circle."""
    below: dict[str, set[str]] = {}
    for source, target in pairs:
        below.setdefault(source, set()).add(target)

    def reached(start: str) -> set[str]:
        return {found for child in below.get(start, ()) for found in {child, *reached(child)}}

    return frozenset(
        (source, target)
        for source, targets in below.items()
        for target in targets
        if not any(target in reached(other) for other in targets - {target})
    )


def levels(packages: Iterable[str], pairs: Iterable[Pair]) -> Layers:
    """Sort packages so that each stands above all that it imports, highest first."""
    left, edges = set(packages), set(pairs)
    rows: list[tuple[str, ...]] = []
    while left:
        imported = {target for source, target in edges if source in left and target in left}
        rows.append(tuple(sorted(left - imported)))
        left &= imported
    return tuple(rows)


def modules_in(package: str, packages: tuple[str, ...]) -> tuple[str, ...]:
    """Give the names of all modules below a package, packages themselves not counted."""
    known = graph(packages)
    leaves = (module for module in known.find_descendants(package) if not known.find_children(module))
    return tuple(sorted(leaves))


def rooms_in(package: str, packages: tuple[str, ...]) -> tuple[str, ...]:
    """Give the names of the packages right below a package."""
    known = graph(packages)
    return tuple(sorted(child for child in known.find_children(package) if known.find_children(child)))


def _layers(contract: Mapping[str, Any]) -> Layers:
    return tuple(
        tuple(name.strip() for name in layer.replace(":", "|").split("|")) for layer in contract["layers"]
    )
