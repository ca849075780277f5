"""How wide text becomes, without a font at hand: the advance widths of Helvetica, which Arial shares."""

TITLE_PX = 13
TEXT_PX = 11
LINE_PX = 14
# Other sans-serif fonts run a little wider.
_RESERVE = 1.06
_WIDTHS_PERMILLE = {
    **dict.fromkeys("ijl'|", 222),
    **dict.fromkeys("ft.,:;!/ ", 278),
    **dict.fromkeys("r()-", 333),
    **dict.fromkeys("cksvxyz", 500),
    **dict.fromkeys("abdeghnopqu_0123456789?", 556),
    **dict.fromkeys("FTZL", 600),
    **dict.fromkeys("ABEKPSVXY&", 667),
    **dict.fromkeys("CDHNRUw", 722),
    **dict.fromkeys("GOQ", 778),
    **dict.fromkeys("mM", 833),
    "I": 278,
    "J": 500,
    "W": 944,
}
_OTHER_PERMILLE = 600
_BOLD = 1.07


def width_px(text: str, size_px: int, *, bold: bool = False) -> float:
    """Estimate the width of a line of text in pixels, rather too wide than too narrow."""
    permille = sum(_WIDTHS_PERMILLE.get(character, _OTHER_PERMILLE) for character in text)
    return permille / 1000 * size_px * _RESERVE * (_BOLD if bold else 1.0)


def wrapped(text: str, limit_px: float, size_px: int = TEXT_PX) -> tuple[str, ...]:
    """Break text between words into lines of at most this width; a longer word stands alone."""
    lines: list[str] = []
    for word in text.split():
        if lines and width_px(f"{lines[-1]} {word}", size_px) <= limit_px:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)
