"""Draws the deployed parts: what the program says, where `deployment_layout` puts it."""

import json
from collections.abc import Iterable

from local.program import ProgramRun
from tools.architecture.connections import (
    Connection,
    connections,
    in_order,
    invoked_by_deployment,
    schedules,
)
from tools.architecture.deployment_layout import (
    FRAME_MEMBERS,
    LEDGER,
    LEGEND,
    LEGEND_TOP,
    PAGE_HEIGHT,
    PLACES,
    S3,
    WIRES,
    WRITTEN,
    Place,
    Wire,
)
from tools.architecture.drawing import Arrow, Box, Picture, Point, Rect, Text
from tools.architecture.lettering import LINE_PX, wrapped
from tools.architecture.parts import Parts, PictureError

_LAYOUT = "tools/architecture/deployment_layout.py"
Joined = dict[tuple[str, str], list[Connection]]


class Deployment:
    """The parts of two stacks and what joins them, by the boxes that stand for them."""

    def __init__(self, dev: ProgramRun, prod: ProgramRun) -> None:
        """Read both stacks; what is only in prod is a proviso in a box.

        Raises:
            PictureError: A part has no place or a connection no arrow, or the reverse.
        """
        self.parts, self._everywhere = Parts(dev), Parts(prod)
        self._box_of = {member: place.key for place in PLACES for member in place.members}
        self._check_places()
        self.joined = self._by_boxes(connections(dev, self.parts))
        self.marked = {
            source for source, target in self.joined if target == LEDGER and not _wired(source, target)
        }
        self._check_wires()
        self._woken = schedules(dev, self.parts)
        self._invoked = invoked_by_deployment(dev, self.parts)

    def lines(self, place: Place) -> tuple[str, ...]:
        """Give what a box says, in lines that fit it."""
        said = [self._description(place)]
        said += [text for name, text in place.elsewhere if name in self._everywhere.by_name]
        said += [f"Runs {self._woken[name]}" for name in place.members if name in self._woken]
        said += ["Runs at each deployment" for name in place.members if name in self._invoked]
        said += ["In no VPC" for name in place.members if self._is_outside(name)]
        if any("dead-letters" in name for name in place.members):
            said.append("+ dead letters")
        if place.key == "machine":
            said.append(_states(self.parts))
        room = place.x[1] - place.x[0] - 16
        return tuple(line for text in said if text for line in wrapped(text, room))

    def words(self, wire: Wire) -> str:
        """Give what an arrow says: the verbs of all connections that it shows."""
        shown = [one for pair in _pairs(wire) for one in self.joined[pair]]
        verbs = {one.verb for one in shown if one.verb}
        return ", ".join(in_order(verbs))

    def title(self, place: Place) -> str:
        """Give what a box is called; a function is called as its logs and metrics call it."""
        if place.title:
            return place.title
        variables = self.parts.by_name[place.members[0]].inputs["environment"]["variables"]
        return str(variables["POWERTOOLS_SERVICE_NAME"])

    def _is_outside(self, name: str) -> bool:
        part = self.parts.by_name.get(name)
        return part is not None and part.type.endswith(":Function") and not part.inputs.get("vpcConfig")

    def _description(self, place: Place) -> str:
        described = (self.parts.by_name[name].inputs.get("description") for name in place.members[:1])
        return place.text or next(described) or ""

    def _by_boxes(self, found: Iterable[Connection]) -> Joined:
        joined: Joined = {}
        for one in found:
            pair = self._box_of.get(one.source, one.source), self._box_of.get(one.target, one.target)
            if pair[0] != pair[1]:
                joined.setdefault(pair, []).append(one)
        return joined

    def _check_places(self) -> None:
        known = self.parts.by_name.keys() | self._everywhere.by_name.keys()
        if homeless := sorted(known - self._box_of.keys()):
            message = f"the program has {homeless[0]}, which has no place in {_LAYOUT}: give it one"
            raise PictureError(message)
        if gone := sorted(self._box_of.keys() - known):
            message = f"{_LAYOUT} has a place for {gone[0]}, which the program no longer has: take it out"
            raise PictureError(message)

    def _check_wires(self) -> None:
        wired = {pair for wire in WIRES for pair in _pairs(wire)}
        told = wired | WRITTEN.keys() | {(source, LEDGER) for source in self.marked}
        for (source, target), found in self.joined.items():
            if (source, target) not in told:
                message = f"{source} -> {target} ({found[0].proof}) has no arrow in {_LAYOUT}: draw one"
                raise PictureError(message)
        if gone := sorted(told - self.joined.keys()):
            source, target = gone[0]
            message = f"nothing in the program joins {source} -> {target}: take it out of {_LAYOUT}"
            raise PictureError(message)


def draw(deployment: Deployment) -> Picture:
    """Draw the deployed parts."""
    rects: dict[str, Rect] = {S3.key: S3}
    boxes = []
    for place in PLACES:
        box = Box(
            key=place.key,
            title=deployment.title(place),
            lines=deployment.lines(place),
            kind=place.kind,
            left=place.x[0],
            top=place.y[0],
            width=place.x[1] - place.x[0],
            height=place.y[1] - place.y[0],
            mark=LEDGER if place.key in deployment.marked or place.key == LEDGER else "",
        )
        rects[place.key] = box
        boxes.append(box)
    return Picture(
        title="The deployed parts",
        description="Drawn from the synthesised program: every part, and what acts on what.",
        height=PAGE_HEIGHT,
        boxes=(*boxes, *_legend()),
        frames=(S3,),
        arrows=tuple(_arrow(wire, rects, deployment) for wire in WIRES),
        notes=_notes(deployment.parts),
    )


def _wired(source: str, target: str) -> bool:
    return any((source, target) in _pairs(wire) for wire in WIRES)


def _pairs(wire: Wire) -> list[tuple[str, str]]:
    """Give the pairs of boxes that an arrow joins; one at a frame stands for one at each of its members."""
    sources = FRAME_MEMBERS.get(wire.source, (wire.source,))
    targets = FRAME_MEMBERS.get(wire.target, (wire.target,))
    return [(source, target) for source in sources for target in targets]


def _states(parts: Parts) -> str:
    """Name the states of the workflow in which something is done."""
    (name,) = parts.of_type(":StateMachine")
    states = json.loads(parts.by_name[name].inputs["definition"])["States"]
    return ", ".join(state for state, body in states.items() if body["Type"] in {"Task", "Map"})


def _arrow(wire: Wire, rects: dict[str, Rect], deployment: Deployment) -> Arrow:
    way = wire.way
    points = way if isinstance(way, tuple) else _straight(rects[wire.source], rects[wire.target], way)
    words: tuple[Text, ...] = ()
    if wire.words_at is not None:
        x, middle = wire.words_at
        rows = wrapped(deployment.words(wire), wire.limit_px)
        first = middle + 4 - (len(rows) - 1) * LINE_PX // 2
        words = tuple(
            Text(x=x, baseline=first + row * LINE_PX, text=text, anchor=wire.anchor)
            for row, text in enumerate(rows)
        )
    return Arrow(source=wire.source, target=wire.target, points=points, words=words, dashed=wire.event)


def _straight(source: Rect, target: Rect, at: int) -> tuple[Point, ...]:
    if source.bottom <= target.top:
        return (at, source.bottom), (at, target.top)
    if target.bottom <= source.top:
        return (at, source.top), (at, target.bottom)
    if source.right <= target.left:
        return (source.right, at), (target.left, at)
    return (source.left, at), (target.right, at)


def _legend() -> list[Box]:
    return [
        Box(key=f"legend-{kind}", title=title, kind=kind, left=left, top=LEGEND_TOP, width=width, height=24)
        for kind, title, left, width in LEGEND
    ]


def _notes(parts: Parts) -> tuple[Text, ...]:
    around = ", ".join(f"{count} {word}" for word, count in parts.counts.items())
    said = (
        "An arrow goes from who acts to what it acts on; a dashed one is an event or message that wakes it.",
        f"Around all of it, not drawn: the network with {around}.",
    )
    return tuple(Text(x=16, baseline=LEGEND_TOP + 44 + row * 16, text=text) for row, text in enumerate(said))
