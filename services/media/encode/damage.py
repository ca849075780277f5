"""What cannot be decoded of a damaged source that is kept: how much is lost, and what takes its place. Pure.

The picture before a gap stays and silence fills it, so that picture and sound keep step behind it.
"""

from collections.abc import Mapping
from typing import Final

from media.inspect.packets import PacketTimes
from media.inspect.probe import Source
from media.plan.plan import Plan
from media.tools.warnings import SourceWarning, WarningCode

LEAST_HELD_SECONDS: Final = 0.25
"""Less than this at the end of picture or sound is bridged by every player."""


def picture_loss(lost_seconds: float) -> tuple[SourceWarning, ...]:
    """What is to be told of a picture of which about so much could not be decoded, or only in part."""
    if not lost_seconds:
        return ()
    message = (
        f"About {lost_seconds:.2f} seconds of the picture cannot be decoded whole; "
        "the picture before them stays, or what is left of them is shown."
    )
    return (_warning(message, {"lost_seconds": round(lost_seconds, 3)}),)


def missing_frames(source: Source, plan: Plan, frames: int) -> int:
    """How many frames there should be behind the last one that could be made.

    Only packets that were measured promise any, and where nothing can be decoded nothing can stay.

    Args:
        source: The source.
        plan: What was to be made of it.
        frames: How many came out.
    """
    if source.times is None or plan.expected_seconds is None or not frames:
        return 0
    missing = round(plan.expected_seconds * float(plan.frame_rate)) - frames
    return missing if missing / plan.frame_rate > LEAST_HELD_SECONDS else 0


def sound_loss(faults: Mapping[int, int], times: PacketTimes | None) -> tuple[SourceWarning, ...]:
    """What is to be told of sound that could not be decoded.

    Args:
        faults: How many packets of each stream were not.
        times: Tell how long these are; None where that could not be measured.
    """
    steps = {stream: found.usual_step_seconds for stream, found in (times or {}).items()}
    return tuple(
        _sound_warning(stream, packets, packets * steps.get(stream, 0.0))
        for stream, packets in sorted(faults.items())
    )


def _sound_warning(stream: int, packets: int, lost_seconds: float) -> SourceWarning:
    lost = f"About {lost_seconds:.2f} seconds" if lost_seconds else f"{packets} packets"
    facts: dict[str, int | float] = {"track": stream + 1, "damaged_packets": packets}
    if lost_seconds:
        facts["lost_seconds"] = round(lost_seconds, 3)
    return _warning(f"{lost} of the sound of track {stream + 1} cannot be decoded; silence is there.", facts)


def _warning(message: str, facts: Mapping[str, int | float]) -> SourceWarning:
    return SourceWarning(code=WarningCode.SOURCE_DAMAGED, message=message, facts=facts)
