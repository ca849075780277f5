"""Every kind of untidiness is seen in a picture that has it and in no other."""

from dataclasses import replace

import pytest

from tools.architecture.drawing import Arrow, Box, Frame, Picture, Text, to_svg
from tools.architecture.lettering import width_px, wrapped
from tools.architecture.tidiness import crossings, defects


def box(key: str, left: int, top: int, **more: str) -> Box:
    return Box(key=key, title=more.get("title", key), left=left, top=top, width=100, height=60)


LEFT, MIDDLE, RIGHT = box("left", 20, 100), box("middle", 220, 100), box("right", 420, 100)
TIDY = Picture(
    title="Three boxes",
    description="For tests",
    height=400,
    boxes=(LEFT, MIDDLE, RIGHT),
    frames=(Frame(key="frame", title="Frame", left=200, top=60, width=340, height=120),),
    arrows=(
        Arrow(
            source="left",
            target="frame",
            points=((120, 130), (200, 130)),
            words=(Text(x=160, baseline=124, text="joins", anchor="middle"),),
        ),
        Arrow(source="middle", target="right", points=((320, 130), (420, 130))),
    ),
)


def with_boxes(*boxes: Box) -> Picture:
    return replace(TIDY, boxes=(*TIDY.boxes, *boxes))


def with_arrow(*points: tuple[int, int], words: tuple[Text, ...] = ()) -> Picture:
    arrow = Arrow(source="left", target="right", points=points, words=words)
    return replace(TIDY, arrows=(*TIDY.arrows, arrow))


AROUND = ((70, 160), (70, 220), (470, 220), (470, 160))


def test_a_tidy_picture_has_no_defects() -> None:
    assert defects(TIDY) == []
    assert defects(with_arrow(*AROUND)) == []
    assert crossings(with_arrow(*AROUND)) == []


@pytest.mark.parametrize(
    ("picture", "defect"),
    [
        (with_boxes(box("other", 60, 130)), "the boxes left and other overlap"),
        (with_boxes(box("other", 500, 165)), "the border of the frame frame runs through the box other"),
        (with_boxes(box("other", 850, 300)), "other does not lie on the page"),
        (
            with_boxes(box("other", 20, 300, title="a title much too long")),
            "'a title much too long' does not fit into the box other",
        ),
        (
            with_boxes(replace(box("other", 20, 300), lines=("one", "two", "three"))),
            "'three' does not fit into the box other",
        ),
        (
            replace(TIDY, notes=(Text(x=20, baseline=300, text="tiny", size_px=9),)),
            "'tiny' is smaller than 11 px",
        ),
        (
            with_arrow((120, 150), (420, 150)),
            "the arrow left -> right runs through the box middle",
        ),
        (with_arrow((70, 165), (70, 220), (470, 220), (470, 160)), "does not end at the border of left"),
        (
            with_arrow(*AROUND, words=(Text(x=225, baseline=150, text="on a box"),)),
            "'on a box' lies on the box middle",
        ),
        (
            with_arrow(*AROUND, words=(Text(x=140, baseline=126, text="on words"),)),
            "'joins' lies on 'on words'",
        ),
        (
            with_arrow(*AROUND, words=(Text(x=225, baseline=224, text="on its line"),)),
            "the arrow left -> right runs through 'on its line'",
        ),
        (
            with_arrow(*AROUND, words=(Text(x=880, baseline=300, text="outside"),)),
            "'outside' does not lie on the page",
        ),
    ],
)
def test_a_defect_is_named(picture: Picture, defect: str) -> None:
    found = defects(picture)
    assert len(found) == 1
    assert found[0].endswith(defect)


@pytest.mark.parametrize(
    "points",
    [
        ((70, 160), (70, 220), (370, 220), (370, 80), (470, 80), (470, 100)),  # across
        ((70, 160), (70, 220), (350, 220), (350, 130), (420, 130)),  # along
    ],
)
def test_arrows_that_cross_or_share_a_stretch_are_found(points: tuple[tuple[int, int], ...]) -> None:
    assert crossings(with_arrow(*points)) == [("middle -> right", "left -> right")]


def test_text_is_broken_between_words_and_never_too_wide() -> None:
    text = "Deletes what was deleted or left behind, heals what got lost in the buckets"
    lines = wrapped(text, 100)
    assert " ".join(lines) == text
    assert len(lines) > 3
    assert all(width_px(line, 11) <= 100 for line in lines)
    assert wrapped("unbreakable", 5) == ("unbreakable",)


def test_svg_holds_all_that_the_picture_holds_and_escapes_it() -> None:
    svg = to_svg(replace(TIDY, notes=(Text(x=20, baseline=300, text="a <b> & c"),)))
    for text in ("Three boxes", ">left<", ">Frame<", ">joins<", "a &lt;b&gt; &amp; c"):
        assert text in svg
    assert svg == to_svg(replace(TIDY, notes=(Text(x=20, baseline=300, text="a <b> & c"),)))
