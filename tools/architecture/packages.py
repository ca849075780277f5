"""Draws the packages: rows and rooms by the contracts, arrows by the real imports."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from tools.architecture.drawing import Arrow, Box, Frame, Picture, Point, Rect, Text
from tools.architecture.imports import (
    Contracts,
    Layers,
    Pair,
    levels,
    modules_in,
    not_implied,
    package_imports,
    rooms_in,
)
from tools.architecture.lettering import LINE_PX, TITLE_PX, wrapped
from tools.architecture.packages_layout import COLUMNS, DOWN_AT, HANGS_BELOW
from tools.architecture.parts import PictureError

_LAYOUT = "tools/architecture/packages_layout.py"
_GAP_PX = 44
_TITLE_ROOM_PX = 26
_BRICK_PX = 26
_TURN_ABOVE_BOTTOM_PX = 16
_PASSAGE_PX = 34


class _Page:
    """Collects what is drawn, row by row from the top."""

    def __init__(self, rules: Contracts) -> None:
        self.rules = rules
        self.boxes: list[Box] = []
        self.frames: list[Frame] = []
        self.notes: list[Text] = []
        self.rects: dict[str, Rect] = {}
        self.bottom = 0

    def heading(self, title: str, text: str) -> None:
        foot = self.bottom + 28
        self.notes.append(Text(x=16, baseline=foot, text=title, size_px=TITLE_PX, bold=True))
        self.notes.append(Text(x=884, baseline=foot, text=text, anchor="end"))
        self.bottom = foot + 14

    def rows(self, layers: Layers) -> None:
        """Draw packages below those of higher layers that stand over them; the first layer has one height."""
        top, highest = self.bottom, max(self._height(name) for name in layers[0])
        for layer in layers:
            for name in layer:
                over = [self.rects[other].bottom for other in self.rects if _over(other, name)]
                start = max((bottom + _GAP_PX for bottom in over if bottom > top), default=top)
                self._draw(name, start, highest if layer is layers[0] else self._height(name))
            for name in layer:
                if name in HANGS_BELOW:  # so that an arrow can pass below the neighbour
                    self._lower(name, self.rects[HANGS_BELOW[name]].bottom)
        self.bottom = max(rect.bottom for rect in self.rects.values())

    def _lower(self, name: str, bottom: int) -> None:
        (box,) = (box for box in self.boxes if box.key == name)
        lowered = replace(box, top=bottom + _PASSAGE_PX - box.height)
        self.boxes[self.boxes.index(box)] = self.rects[name] = lowered

    def _height(self, name: str) -> int:
        layers = self.rules.rooms.get(name)
        if layers:
            return _TITLE_ROOM_PX + len(layers) * _BRICK_PX + 6
        return 30 + LINE_PX * len(self._lines(name))

    def _draw(self, name: str, top: int, height: int) -> None:
        (left, right), kind = COLUMNS[name]
        count = len(modules_in(name, self.rules.packages))
        title = f"{name} ({count})"
        layers = self.rules.rooms.get(name)
        if layers is None:
            box = Box(
                key=name,
                title=title,
                lines=self._lines(name),
                kind=kind,
                left=left,
                top=top,
                width=right - left,
                height=height,
            )
            self.boxes.append(box)
            self.rects[name] = box
            return
        frame = Frame(key=name, title=title, kind=kind, left=left, top=top, width=right - left, height=height)
        self.frames.append(frame)
        self.rects[name] = frame
        self._bricks(frame, layers)

    def _bricks(self, frame: Frame, layers: Layers) -> None:
        room = frame.height - _TITLE_ROOM_PX - 6
        edges = [frame.top + _TITLE_ROOM_PX + room * row // len(layers) for row in range(len(layers) + 1)]
        for layer, (top, bottom) in zip(layers, pairwise(edges), strict=True):
            start = frame.left + 6
            steps = [start + (frame.width - 12) * place // len(layer) for place in range(len(layer) + 1)]
            for (left, right), name in zip(pairwise(steps), layer, strict=True):
                count = len(modules_in(f"{frame.key}.{name}", self.rules.packages))
                brick = Box(
                    key=f"{frame.key}.{name}",
                    title=f"{name} ({count})" if count else name,
                    kind=frame.kind,
                    left=left,
                    top=top,
                    width=right - left - 2,
                    height=bottom - top - 2,
                )
                self.boxes.append(brick)

    def _lines(self, name: str) -> tuple[str, ...]:
        """Name the rooms with their size, then the modules beside them."""
        packages = self.rules.packages
        rooms = rooms_in(name, packages)
        said = [f"{room.rpartition('.')[2]} ({len(modules_in(room, packages))})" for room in rooms]
        modules = [
            module.rpartition(".")[2] for module in modules_in(name, packages) if module.count(".") == 1
        ]
        left, right = COLUMNS[name][0]
        if len(modules) > 15:
            said.append(f"and {len(modules)} modules")
        else:
            said += modules
        if name in self.rules.services[0]:  # they are as tall as the tallest anyway
            return tuple(said)
        return wrapped(", ".join(said), right - left - 16)


def draw(rules: Contracts) -> Picture:
    """Draw the packages.

    Raises:
        PictureError: A package or an import has no place, or a place stands for none.
    """
    imports = package_imports(rules.packages)
    shown = not_implied(imports)
    _check("package", set(rules.packages), set(COLUMNS))
    _check("import", shown, set(DOWN_AT))
    services = {name for layer in rules.services for name in layer}
    others = levels(set(rules.packages) - services, imports)
    page = _Page(rules)
    page.heading(
        "services/: what is deployed",
        "A package, and a room in it, imports what lies below. Arrows that follow from others are left out.",
    )
    page.rows(rules.services)
    page.heading(
        "The program that deploys them, and what builds and runs them here", "It imports no service."
    )
    page.rows(others)
    return Picture(
        title="The packages",
        description="Drawn from the imports: every package with its rooms and the number of its modules.",
        height=page.bottom + 16,
        boxes=tuple(page.boxes),
        frames=tuple(page.frames),
        arrows=tuple(_arrow(pair, page.rects) for pair in sorted(shown)),
        notes=tuple(page.notes),
    )


def _over(upper: str, lower: str) -> bool:
    (left, right), (other_left, other_right) = COLUMNS[upper][0], COLUMNS[lower][0]
    return left < other_right and other_left < right


def _arrow(pair: Pair, rects: Mapping[str, Rect]) -> Arrow:
    source, target = rects[pair[0]], rects[pair[1]]
    at = DOWN_AT[pair]
    if target.left <= at <= target.right:
        points: tuple[Point, ...] = ((at, source.bottom), (at, target.top))
    else:
        turn = target.bottom - _TURN_ABOVE_BOTTOM_PX
        points = ((at, source.bottom), (at, turn), (target.right if at > target.right else target.left, turn))
    return Arrow(source=pair[0], target=pair[1], points=points)


def _check(what: str, there: set[str] | frozenset[Pair] | set[Pair], laid_out: set[str] | set[Pair]) -> None:
    if homeless := sorted(there - laid_out):
        message = f"the {what} {homeless[0]} has no place in {_LAYOUT}: give it one"
        raise PictureError(message)
    if gone := sorted(laid_out - there):
        message = f"{_LAYOUT} has a place for the {what} {gone[0]}, which is not there any more: take it out"
        raise PictureError(message)
