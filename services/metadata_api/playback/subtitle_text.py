"""Subtitles from outside, SubRip or WebVTT, become WebVTT that holds nothing but times, words and three tags.

Built anew from what was understood, never passed on: players run in browsers, and styles, regions, classes
and comments of a stranger are not needed to read what is said.
"""

import html
import re
from dataclasses import dataclass
from typing import Final

MAX_TEXT_BYTES: Final = 1_048_576
MAX_CUES: Final = 20_000
MAX_CUE_CHARACTERS: Final = 2_000
_CLOCK: Final = r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})"
_TIMING: Final = re.compile(rf"^{_CLOCK}[ \t]*-->[ \t]*{_CLOCK}(?:[ \t]+(.*))?$", re.ASCII)
_SETTING: Final = re.compile(
    r"^(?:align:(?:start|center|end|left|right)|vertical:(?:rl|lr)|(?:line|position|size):-?\d{1,3}%?)$",
    re.ASCII,
)
_TAG: Final = re.compile(r"<(/?)([A-Za-z]*)[^<>\n]{0,200}>|\{\\[^{}\n]{0,100}\}")
_KEPT_TAGS: Final = frozenset({"i", "b", "u"})
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
"""Controls, halves of characters, and what stands for bytes that were no UTF-8."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class SubtitleTextError(ValueError):
    """The text cannot be used as subtitles; whoever sent it must act."""


@dataclass(frozen=True, slots=True)
class CleanSubtitles:
    """What is kept of a file.

    Attributes:
        webvtt: The whole track.
        cues: How many pieces of text it shows.
        ends_seconds: When the last one ends.
    """

    webvtt: str
    cues: int
    ends_seconds: float


def clean_subtitles(text: str) -> CleanSubtitles:
    """Read SubRip or WebVTT, and write it anew.

    Raises:
        SubtitleTextError: It is no such text, or is larger than allowed.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_TEXT_BYTES:
        message = f"the text has {size} bytes; at most {MAX_TEXT_BYTES} are accepted"
        raise SubtitleTextError(message)
    if _NO_TEXT.search(text):
        message = "the text holds bytes that are no text; save the file as UTF-8 and send it again"
        raise SubtitleTextError(message)
    blocks = re.split(r"\n[ \t]*\n", text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    cues = sorted(cue for block in blocks if (cue := _cue(block)) is not None)
    if not cues:
        message = "no subtitle with a time such as 00:00:01,000 --> 00:00:02,500 was found; send SRT or VTT"
        raise SubtitleTextError(message)
    if len(cues) > MAX_CUES:
        message = f"the text holds {len(cues)} subtitles; at most {MAX_CUES} are accepted"
        raise SubtitleTextError(message)
    lines = [
        f"{_clock(start)} --> {_clock(end)}{settings}\n{words}\n" for start, end, settings, words in cues
    ]
    return CleanSubtitles("\n".join(["WEBVTT\n", *lines]), len(cues), max(cue[1] for cue in cues) / 1000)


def _cue(block: str) -> tuple[int, int, str, str] | None:
    """One block as start, end, settings and words; None for headers, comments, styles and empty ones."""
    lines = block.strip("\n").split("\n")
    for position, line in enumerate(lines[:2]):
        found = _TIMING.match(line.strip())
        if found is None:
            continue
        start, end = _milliseconds(found.groups()[:4]), _milliseconds(found.groups()[4:8])
        words = _words("\n".join(lines[position + 1 :]))
        return (start, end, _settings(found[9]), words) if start < end and words else None
    return None


def _words(text: str) -> str:
    """Plain text with balanced i, b and u; everything else that looks like a tag is left out."""
    if len(text) > MAX_CUE_CHARACTERS:
        message = f"one subtitle has {len(text)} characters; at most {MAX_CUE_CHARACTERS} are accepted"
        raise SubtitleTextError(message)
    pieces: list[str] = []
    opened: list[str] = []
    last = 0
    for tag in _TAG.finditer(text):
        pieces.append(_escaped(text[last : tag.start()]))
        last, name = tag.end(), (tag[2] or "").lower()
        if name not in _KEPT_TAGS:
            continue
        if not tag[1]:
            opened.append(name)
            pieces.append(f"<{name}>")
        elif opened and opened[-1] == name:
            pieces.append(f"</{opened.pop()}>")
    pieces.append(_escaped(text[last:]))
    pieces += [f"</{name}>" for name in reversed(opened)]
    lines = (line.strip() for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if re.sub(r"</?[ibu]>", "", line))


def _escaped(text: str) -> str:
    return html.escape(_CONTROLS.sub("", html.unescape(text)), quote=False)


def _settings(text: str | None) -> str:
    kept = [part for part in (text or "").split() if _SETTING.match(part)]
    return "".join(f" {part}" for part in kept[:4])


def _milliseconds(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, rest = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole * 1000 + int((rest or "0").ljust(3, "0"))


def _clock(milliseconds: int) -> str:
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
