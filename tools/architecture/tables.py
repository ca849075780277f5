"""The tables of docs/architecture.md that are read from imports, contracts and the program."""

from typing import Final

from tools.architecture.connections import in_order
from tools.architecture.deployment import Deployment
from tools.architecture.deployment_layout import LEDGER, PLACES, WRITTEN
from tools.architecture.imports import (
    ON_TOP,
    Contracts,
    Layers,
    Pair,
    modules_in,
    package_imports,
    rooms_in,
)
from tools.architecture.parts import PictureError

_MOST_MODULES: Final = 15
# Packages with more modules of their own than that, and why.
_WIDE: Final = {
    "components": "a component or one of its helpers each",
    "local": "a part of the stand-in for Pulumi's engine and for AWS each",
    "local.apply": "one service of AWS each",
}


def packages_table(rules: Contracts) -> str:
    """Give a row for each root package: its size, and what it may import of ours and may not of all.

    Raises:
        PictureError: A package has many modules and no reason, or a reason and few.
    """
    imports = package_imports(rules.packages)
    rows = []
    wide = set()
    for package in rules.packages:
        for holder in (package, *rooms_in(package, rules.packages)):
            if _own_modules(holder, rules) > _MOST_MODULES:
                wide.add(holder)
        ours = [name for name in (*rules.packages, *ON_TOP) if name != package]
        allowed = [name for name in ours if _may(package, name, rules, imports)]
        named = [f"**{name}**" if (package, name) in imports else name for name in allowed]
        rows.append(
            [
                f"`{package}`",
                _size(package, rules),
                _listed(named),
                "; ".join(["anything else of ours", *_others(package, rules)]),
            ]
        )
    if wide != set(_WIDE):
        message = (
            f"tools/architecture/tables.py must give a reason for {sorted(wide)}, which have more than "
            f"{_MOST_MODULES} modules of their own, and for no other package"
        )
        raise PictureError(message)
    head = ["Package", "Modules", "May import of ours (**does**)", "May not import"]
    return _table(head, rows)


def rooms_table(rules: Contracts) -> str:
    """Give a row for each room of the packages whose rooms lie in layers."""
    rows = [
        [f"`{package}.{room}`", _room_size(f"{package}.{room}", rules), _listed(_below(room, layers))]
        for package, layers in rules.rooms.items()
        for layer in layers
        for room in layer
    ]
    return _table(["Room", "Modules", "May import within its package"], rows)


def arrows_table(deployment: Deployment) -> str:
    """Give a row for all that joins two boxes, and where the program and the picture say so."""
    titles = {place.key: deployment.title(place) for place in PLACES}
    rows = []
    for (source, target), found in deployment.joined.items():
        verbs = in_order(one.verb for one in found if one.verb)
        proofs = dict.fromkeys(f"`{one.proof}`" for one in found)
        shown = "arrow"
        if (source, target) in WRITTEN:
            shown = f"not drawn: {WRITTEN[source, target]}"
        elif target == LEDGER and source in deployment.marked:
            shown = "mark"
        cells = [titles[source], titles[target], ", ".join(verbs), _few(list(proofs)), shown]
        rows.append(cells)
    order = {title: place for place, title in enumerate(titles.values())}
    rows.sort(key=lambda row: (order[row[0]], order[row[1]]))
    return _table(["From", "To", "What", "Where the program says so", "In the picture"], rows)


def _may(package: str, other: str, rules: Contracts, imports: frozenset[Pair]) -> bool:
    if other in ON_TOP or (package, other) in rules.forbidden or _higher(package, other, rules.services):
        return False
    return not _reaches(other, package, imports)  # nothing imports in a circle


def _higher(package: str, other: str, layers: Layers) -> bool:
    heights = {name: height for height, layer in enumerate(layers) for name in layer}
    return package in heights and other in heights and heights[other] <= heights[package]


def _reaches(start: str, goal: str, imports: frozenset[Pair]) -> bool:
    return any(
        target == goal or _reaches(target, goal, imports) for source, target in imports if source == start
    )


def _others(package: str, rules: Contracts) -> list[str]:
    """Name what of other people's a package may not import, with the modules that may all the same."""
    ours = {*rules.packages, *ON_TOP}
    named = sorted(target for source, target in rules.forbidden if source == package and target not in ours)
    said = []
    for name in named:
        excepted = sorted(
            f"`{source}`"
            for source, target in rules.excepted
            if (target, source.partition(".")[0]) == (name, package)
        )
        said.append(f"{name} (but {', '.join(excepted)} may)" if excepted else name)
    return [", ".join(said)] if said else []


def _below(room: str, layers: Layers) -> list[str]:
    height = next(height for height, layer in enumerate(layers) if room in layer)
    return [name for layer in layers[height + 1 :] for name in layer]


def _own_modules(package: str, rules: Contracts) -> int:
    depth = package.count(".") + 1
    return sum(module.count(".") == depth for module in modules_in(package, rules.packages))


def _size(package: str, rules: Contracts) -> str:
    rooms = [
        f"{room.rpartition('.')[2]} {len(modules_in(room, rules.packages))}"
        for room in rooms_in(package, rules.packages)
    ]
    reasons = [f"{name}: {_WIDE[name]}" for name in _WIDE if name.partition(".")[0] == package]
    text = str(len(modules_in(package, rules.packages)))
    if package not in rules.rooms and rooms:
        text += f" ({', '.join(rooms)})"
    return "; ".join([text, *reasons])


def _room_size(room: str, rules: Contracts) -> str:
    count = len(modules_in(room, rules.packages))
    return str(count) if count else "a module"


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing"


def _few(proofs: list[str]) -> str:
    return ", ".join(proofs) if len(proofs) <= 3 else f"{proofs[0]} and {len(proofs) - 1} like it"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
