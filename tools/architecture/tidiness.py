"""What a careful reader would object to in a picture, as far as geometry can tell."""

from collections.abc import Iterator
from itertools import combinations, pairwise

from tools.architecture.drawing import PAGE_WIDTH, Arrow, Box, Frame, Picture, Point, Rect, Text

SMALLEST_TEXT_PX = 11
_MARGIN_PX = 4
Segment = tuple[Point, Point]


def defects(picture: Picture) -> list[str]:
    """Give everything that overlaps, sticks out, runs through something or is too small, as sentences."""
    return [
        *_overlaps(picture),
        *_text_that_does_not_fit(picture),
        *_crowded_words(picture),
        *_arrows_astray(picture),
    ]


def crossings(picture: Picture) -> list[tuple[str, str]]:
    """Give the pairs of arrows that cross or touch each other, each as `source -> target`."""
    return [
        (f"{one.source} -> {one.target}", f"{other.source} -> {other.target}")
        for one, other in combinations(picture.arrows, 2)
        if any(_meet(a, b) for a in pairwise(one.points) for b in pairwise(other.points))
    ]


def _overlaps(picture: Picture) -> Iterator[str]:
    for one, other in combinations(picture.boxes, 2):
        if _share_room(one, other):
            yield f"the boxes {one.key} and {other.key} overlap"
    for frame in picture.frames:
        for box in picture.boxes:
            if _share_room(frame, box) and not _holds(frame, box):
                yield f"the border of the frame {frame.key} runs through the box {box.key}"
    page = Rect(left=0, top=0, width=PAGE_WIDTH, height=picture.height)
    for thing in _things(picture):
        if not _holds(page, thing):
            yield f"{thing.key} does not lie on the page"


def _text_that_does_not_fit(picture: Picture) -> Iterator[str]:
    for box in picture.boxes:
        for text in box.texts:
            room = box.width - 8 - (12 if box.mark and text is box.texts[0] else 0)
            if text.rect.width > room - _MARGIN_PX or text.baseline > box.bottom - _MARGIN_PX:
                yield f"{text.text!r} does not fit into the box {box.key}"
    for text in _all_texts(picture):
        if text.size_px < SMALLEST_TEXT_PX:
            yield f"{text.text!r} is smaller than {SMALLEST_TEXT_PX} px"


def _crowded_words(picture: Picture) -> Iterator[str]:
    words = [(word, arrow) for arrow in picture.arrows for word in arrow.words]
    loose = [*(word for word, _ in words), *picture.notes, *(frame.text for frame in picture.frames)]
    page = Rect(left=_MARGIN_PX, top=0, width=PAGE_WIDTH - 2 * _MARGIN_PX, height=picture.height)
    for text in loose:
        if not _holds(page, text.rect):
            yield f"{text.text!r} does not lie on the page"
        for box in picture.boxes:
            if _share_room(text.rect, box):
                yield f"{text.text!r} lies on the box {box.key}"
        for arrow in picture.arrows:
            if any(_enters(segment, text.rect) for segment in pairwise(arrow.points)):
                yield f"the arrow {arrow.source} -> {arrow.target} runs through {text.text!r}"
    for one, other in combinations(loose, 2):
        if _share_room(one.rect, other.rect):
            yield f"{one.text!r} lies on {other.text!r}"


def _arrows_astray(picture: Picture) -> Iterator[str]:
    places = {thing.key: thing for thing in _things(picture)}
    for arrow in picture.arrows:
        name = f"the arrow {arrow.source} -> {arrow.target}"
        for key, point in ((arrow.source, arrow.points[0]), (arrow.target, arrow.points[-1])):
            if not _on_border(point, places[key]):
                yield f"{name} does not end at the border of {key}"
        yield from (f"{name} runs through the box {key}" for key in _boxes_entered(arrow, picture))


def _boxes_entered(arrow: Arrow, picture: Picture) -> Iterator[str]:
    for box in picture.boxes:
        if any(_enters(segment, box) for segment in pairwise(arrow.points)):
            yield box.key


def _things(picture: Picture) -> tuple[Box | Frame, ...]:
    return (*picture.boxes, *picture.frames)


def _all_texts(picture: Picture) -> Iterator[Text]:
    for box in picture.boxes:
        yield from box.texts
    for arrow in picture.arrows:
        yield from arrow.words
    yield from picture.notes
    yield from (frame.text for frame in picture.frames)


def _share_room(one: Rect, other: Rect) -> bool:
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    )


def _holds(outer: Rect, inner: Rect) -> bool:
    return (
        outer.left <= inner.left
        and inner.right <= outer.right
        and outer.top <= inner.top
        and inner.bottom <= outer.bottom
    )


def _on_border(point: Point, rect: Rect) -> bool:
    x, y = point
    inside = rect.left <= x <= rect.right and rect.top <= y <= rect.bottom
    return inside and (x in {rect.left, rect.right} or y in {rect.top, rect.bottom})


def _enters(segment: Segment, rect: Rect) -> bool:
    """Whether a horizontal, vertical or slanted line has points inside, not only on the border."""
    (x1, y1), (x2, y2) = segment
    steps = max(abs(x2 - x1), abs(y2 - y1), 1)
    return any(
        rect.left < x1 + (x2 - x1) * step / steps < rect.right
        and rect.top < y1 + (y2 - y1) * step / steps < rect.bottom
        for step in range(steps + 1)
    )


def _meet(one: Segment, other: Segment) -> bool:
    (a, b), (c, d) = one, other
    sides = [_side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)]
    if all(side == 0 for side in sides):  # on one line: do they share a stretch of it?
        return all(
            max(min(a[axis], b[axis]), min(c[axis], d[axis]))
            <= min(max(a[axis], b[axis]), max(c[axis], d[axis]))
            for axis in (0, 1)
        )
    return sides[0] * sides[1] <= 0 and sides[2] * sides[3] <= 0


def _side(start: Point, end: Point, point: Point) -> int:
    turn = (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])
    return (turn > 0) - (turn < 0)
