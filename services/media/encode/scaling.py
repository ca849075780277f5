"""Brings the one decoded picture to the sizes of all rungs. Pure."""

from collections.abc import Sequence
from typing import Any

from media.plan.rungs import PlannedRung


def scale_all(picture: Any, rungs: Sequence[PlannedRung], *, usual_form: bool) -> tuple[list[Any], Any]:
    """Bring a picture to the size of every rung.

    Rungs with at most half the pixels of the second one are scaled from that one: two percent less work for
    the whole ladder, at the same likeness with the source (docs/adr/0020).

    Args:
        picture: The stream.
        rungs: From large to small.
        usual_form: Whether the picture has the range and the pixels of the renditions already; then a rung of
            its size takes it as it is, without a copy.

    Returns:
        A stream for each rung, and one more copy of the picture.
    """
    small = [rung for rung in rungs[2:] if 2 * _pixels(rung) <= _pixels(rungs[1])]
    large = rungs[: len(rungs) - len(small)]
    copies = _split(picture, len(large) + 1)
    scaled = [_scale(copy, rung, usual_form) for copy, rung in zip(copies, large, strict=False)]
    if small:
        scaled[1], *halves = _split(scaled[1], len(small) + 1)
        scaled += [_scale(copy, rung, usual_form) for copy, rung in zip(halves, small, strict=True)]
    return scaled, copies[-1]


def _split(picture: Any, copies: int) -> list[Any]:
    node = picture.filter_multi_output("split", copies)
    return [node[position] for position in range(copies)]


def _pixels(rung: PlannedRung) -> int:
    return rung.width * rung.height


def _scale(picture: Any, rung: PlannedRung, usual_form: bool) -> Any:
    wanted = {} if usual_form else {"out_range": "tv"}
    scaled = picture.filter("scale", rung.width, rung.height, flags="bicubic", **wanted)
    if usual_form:
        scaled = scaled.filter("setparams", range="tv")
    return scaled.filter("setsar", 1).filter("format", "yuv420p")


def tone_map(picture: Any, width: int, height: int) -> Any:
    """Bring HDR to BT.709; the first conversion already scales to the wanted size, which halves the work."""
    linear = picture.filter("zscale", w=width, h=height, t="linear", npl=100)
    mapped = linear.filter("format", "gbrpf32le").filter("zscale", p="bt709")
    mapped = mapped.filter("tonemap", "mobius", desat=0).filter("zscale", t="bt709", m="bt709", r="tv")
    return mapped.filter("format", "yuv420p")
