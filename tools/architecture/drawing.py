"""A picture as data: boxes, frames around them, arrows between them, and its text as SVG."""

from dataclasses import dataclass
from enum import StrEnum
from xml.sax.saxutils import escape, quoteattr

from tools.architecture.lettering import LINE_PX, TEXT_PX, TITLE_PX, width_px

PAGE_WIDTH = 900
Point = tuple[int, int]


class Kind(StrEnum):
    """What a box stands for; gives its colours."""

    OUTSIDE = "outside"
    EDGE = "edge"
    FUNCTION = "function"
    MESSAGES = "messages"
    WORK = "work"
    STORE = "store"
    PLAIN = "plain"


_COLOURS = {  # fill and stroke
    Kind.OUTSIDE: ("#ffffff", "#7a7f8c"),
    Kind.EDGE: ("#eceff4", "#5d6678"),
    Kind.FUNCTION: ("#fdeed9", "#b86e14"),
    Kind.MESSAGES: ("#fbe6f0", "#b0417a"),
    Kind.WORK: ("#e6e8fc", "#4b53b5"),
    Kind.STORE: ("#e3f4e8", "#37824d"),
    Kind.PLAIN: ("#f6f7f9", "#8b92a1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """A rectangle in pixels, with the origin at the top left of the page."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The right border."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The lower border."""
        return self.top + self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One line of text; `baseline` is the y of its foot, `anchor` tells which end stands at `x`."""

    x: int
    baseline: int
    text: str
    anchor: str = "start"
    size_px: int = TEXT_PX
    bold: bool = False

    @property
    def rect(self) -> Rect:
        """The room that the line takes."""
        width = round(width_px(self.text, self.size_px, bold=self.bold))
        left = {"start": self.x, "middle": self.x - width // 2, "end": self.x - width}[self.anchor]
        return Rect(left=left, top=self.baseline - self.size_px + 2, width=width, height=self.size_px)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box(Rect):
    """A thing: a title and lines below it, and perhaps a mark in the upper right corner."""

    key: str
    title: str
    lines: tuple[str, ...] = ()
    kind: Kind = Kind.PLAIN
    mark: str = ""

    @property
    def texts(self) -> tuple[Text, ...]:
        """The title and the lines where they stand."""
        foot = self.top + 17
        title = Text(x=self.left + 8, baseline=foot, text=self.title, size_px=TITLE_PX, bold=True)
        rows = enumerate(self.lines, start=1)
        return title, *(
            Text(x=self.left + 8, baseline=foot + row * LINE_PX + 1, text=line) for row, line in rows
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame(Rect):
    """Holds boxes together; arrows may pass its border, and may start or end there."""

    key: str
    title: str
    kind: Kind = Kind.PLAIN

    @property
    def text(self) -> Text:
        """The title where it stands."""
        return Text(x=self.left + 10, baseline=self.top + 16, text=self.title, size_px=TITLE_PX, bold=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A line from one box or frame to another, with a head at its end and perhaps words beside it."""

    source: str
    target: str
    points: tuple[Point, ...]
    words: tuple[Text, ...] = ()
    dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything on one page of `PAGE_WIDTH` pixels; `notes` is text that belongs to no box."""

    title: str
    description: str
    height: int
    boxes: tuple[Box, ...]
    frames: tuple[Frame, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    notes: tuple[Text, ...] = ()


_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" \
font-family="Helvetica, Arial, sans-serif" role="img" aria-labelledby="title description">
<title id="title">{title}</title>
<desc id="description">{description}</desc>
<defs><marker id="head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" \
markerUnits="userSpaceOnUse" orient="auto"><path d="M0,0.8 L8,4 L0,7.2 z" fill="#3a4150"/></marker></defs>
<rect width="{width}" height="{height}" rx="10" fill="#ffffff" stroke="#d5d9e0"/>
"""


def to_svg(picture: Picture) -> str:
    """Write the picture as SVG; equal pictures give equal text."""
    parts = [
        _HEAD.format(
            width=PAGE_WIDTH,
            height=picture.height,
            title=escape(picture.title),
            description=escape(picture.description),
        )
    ]
    parts += [_frame(frame) for frame in picture.frames]
    parts += [_arrow(arrow) for arrow in picture.arrows]
    parts += [_box(box) for box in picture.boxes]
    parts += [_text(text) for text in picture.notes]
    return "".join(parts) + "</svg>\n"


def _rect(rect: Rect, kind: Kind, corner_px: int, extra: str = "") -> str:
    fill, stroke = _COLOURS[kind]
    dash = ' stroke-dasharray="4 3"' if kind is Kind.OUTSIDE else ""
    return (
        f'<rect x="{rect.left}" y="{rect.top}" width="{rect.width}" height="{rect.height}" rx="{corner_px}" '
        f'fill="{fill}" stroke="{stroke}"{dash}{extra}/>\n'
    )


def _frame(frame: Frame) -> str:
    return _rect(frame, frame.kind, 10, ' fill-opacity="0.45"') + _text(frame.text)


def _box(box: Box) -> str:
    parts = [f"<g id={quoteattr(box.key)}>\n", _rect(box, box.kind, 6), *(_text(text) for text in box.texts)]
    if box.mark:
        parts.append(mark(box.right - 15, box.top + 7))
    return "".join(parts) + "</g>\n"


def mark(left: int, top: int) -> str:
    """Draw the sign that a box bears instead of an arrow: a small green cylinder."""
    return (
        f'<g transform="translate({left} {top})" fill="#37824d" stroke="#ffffff" stroke-width="0.8">'
        '<path d="M0,2.5 v7 a4,2 0 0 0 8,0 v-7 z"/><ellipse cx="4" cy="2.5" rx="4" ry="2"/></g>\n'
    )


def _arrow(arrow: Arrow) -> str:
    path = " L".join(f"{x},{y}" for x, y in arrow.points)
    dash = ' stroke-dasharray="5 3"' if arrow.dashed else ""
    line = (
        f'<path d="M{path}" fill="none" stroke="#3a4150" stroke-width="1.2"{dash} marker-end="url(#head)"/>\n'
    )
    return line + "".join(_text(word) for word in arrow.words)


def _text(text: Text) -> str:
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    weight = ' font-weight="bold"' if text.bold else ""
    return (
        f'<text x="{text.x}" y="{text.baseline}" font-size="{text.size_px}"{anchor}{weight} '
        f'fill="#1f2430">{escape(text.text)}</text>\n'
    )
