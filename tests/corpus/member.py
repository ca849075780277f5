"""A member of the corpus: a source that was drawn, what is right for it, what is wrong with a result."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media.tools.errors import ErrorCode
from tests.corpus.outcome import Outcome
from tests.corpus.seen import Seen

Colour = tuple[int, int, int]
Make = Callable[[Path], Path]

WHITE: Final[Colour] = (255, 255, 255)
RED: Final[Colour] = (255, 0, 0)
BLUE: Final[Colour] = (0, 0, 255)
_NEAR_STEPS: Final = 70
"""Steps of 255: what old codecs, a guessed matrix and 4:2:0 take from colours; a wrong one takes more."""
_NEAR_HERTZ: Final = 8.0
_NEAR_SECONDS: Final = 0.13


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A colour at one place and time.

    Attributes:
        share: When, as a share of the length.
        x: Where, as a share of the width.
        y: Where, as a share of the height.
        near: Largest difference in steps of 255.
    """

    share: float
    colour: Colour
    x: float = 0.75
    y: float = 0.75
    near: int = _NEAR_STEPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """The strongest frequency of a track between two times in seconds; 0 Hz for silence."""

    hertz: float
    start: float
    end: float
    track: int = 0


FLAG: Final = (
    Spot(share=0.2, colour=RED),
    Spot(share=0.85, colour=BLUE),
    Spot(share=0.2, colour=WHITE, x=0.25, y=0.25),
)
"""What `film` draws: red, then blue, and its upper left quarter white."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """What must come of a source. None and empty values are not looked at, but `tones` and `tracks` are.

    Attributes:
        size: Of the largest rendition in pixels.
        seconds: Of picture and sound alike.
        lenient_seconds: Largest difference of a length.
        rate: Frames a second.
        spots: Colours of the picture.
        tracks: How many tracks of sound.
        tones: What they sound like.
        said: Codes of warnings that must be there.
        unsaid: Codes of warnings that must not.
        refused: The codes of which one must be the answer; empty where the source must be made.
        words: What the refusal must say, so that it names its rule.
    """

    size: tuple[int, int] | None = None
    seconds: float | None = None
    lenient_seconds: float = _NEAR_SECONDS
    rate: float | None = None
    spots: tuple[Spot, ...] = ()
    tracks: int | None = None
    tones: tuple[Tone, ...] = ()
    said: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    refused: tuple[ErrorCode, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One source of a family.

    Attributes:
        name: What was drawn, for people.
        make: Writes it into a directory.
        right: What must come of it.
        profile: With which it is ordered.
        more: Finds what else is wrong, where `right` has no word for it.
    """

    name: str
    make: Make
    right: Right
    profile: str = "web"
    more: Callable[[Outcome], list[str]] | None = None


def faults(member: Member, outcome: Outcome) -> list[str]:
    """Everything that is wrong with what came of a member; empty when it is right."""
    right = member.right
    if right.refused:
        return _faults_of_refusal(right, outcome)
    if outcome.code is not None:
        return [f"ended {outcome.code}: {outcome.message}"]
    seen = Seen(outcome.main())
    wrong = [*_faults_of_picture(right, outcome, seen), *_faults_of_sound(right, seen)]
    said = set(outcome.warnings())
    wrong += [f"did not say {code}" for code in right.said if code not in said]
    wrong += [f"said {code}" for code in right.unsaid if code in said]
    return wrong + (member.more(outcome) if member.more else [])


def _faults_of_refusal(right: Right, outcome: Outcome) -> list[str]:
    if outcome.code is None:
        return [f"was made, not refused with {' or '.join(right.refused)}"]
    if outcome.code not in right.refused:
        return [f"ended {outcome.code}, not {' or '.join(right.refused)}: {outcome.message}"]
    return (
        []
        if right.words.lower() in outcome.message.lower()
        else [f"does not name its rule: {outcome.message}"]
    )


def _faults_of_picture(right: Right, outcome: Outcome, seen: Seen) -> list[str]:
    wrong = []
    renditions = outcome.files("rendition", "image")
    if right.size is not None and seen.has_picture:
        found = (renditions[0].width, renditions[0].height) if renditions else seen.size
        wrong += (
            [] if found == right.size else [f"is {found[0]}x{found[1]}, not {right.size[0]}x{right.size[1]}"]
        )
    if right.rate is not None and abs(seen.rate - right.rate) > 0.02:
        wrong.append(f"has {seen.rate:g} frames a second, not {right.rate:g}")
    if right.seconds is not None:
        wrong += [
            f"{kind} lasts {length:.3f} s, not {right.seconds:.3f}"
            for kind, length in seen.lengths.items()
            if abs(length - right.seconds) > right.lenient_seconds
        ]
    for spot in right.spots:
        found_colour = seen.colour(spot.share, spot.x, spot.y)
        if max(abs(a - b) for a, b in zip(found_colour, spot.colour, strict=True)) > spot.near:
            wrong.append(
                f"shows {found_colour} at {spot.share:g} ({spot.x:g}, {spot.y:g}), not {spot.colour}"
            )
    return wrong


def _faults_of_sound(right: Right, seen: Seen) -> list[str]:
    wrong = []
    if right.tracks is not None and seen.tracks != right.tracks:
        return [f"has {seen.tracks} tracks of sound, not {right.tracks}"]
    for tone in right.tones:
        found = seen.hertz(tone.start, tone.end, tone.track)
        lenient = max(_NEAR_HERTZ, 1.5 / (tone.end - tone.start))
        if abs(found - tone.hertz) > lenient:
            where = f"track {tone.track + 1} from {tone.start:g} to {tone.end:g} s"
            wrong.append(f"sounds like {found:.0f} Hz on {where}, not {tone.hertz:.0f}")
    return wrong
