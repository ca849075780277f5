"""What cannot be decoded of a damaged source that is kept: how much is lost, and what takes its place. Pure.

The picture before a gap stays and silence fills it, so that picture and sound keep step behind it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from media.inspect.packets import PacketTimes
from media.inspect.probe import Source
from media.plan.plan import Plan
from media.tools.warnings import SourceWarning, WarningCode

LEAST_HELD_SECONDS: Final = 0.25
"""Less than this at the end of picture or sound is bridged by every player."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLoss:
    """What is lost of the picture.

    Attributes:
        pictures: Those of the source that could not be decoded, or only in part.
        held_frames: Frames of the result for which the last picture stays, because none follows.
    """

    pictures: int = 0
    held_frames: int = 0

    def __add__(self, other: "PictureLoss") -> "PictureLoss":
        """The loss of two parts of a picture."""
        return PictureLoss(
            pictures=self.pictures + other.pictures, held_frames=self.held_frames + other.held_frames
        )

    def warnings(self, source: Source, frame_rate: Fraction) -> tuple[SourceWarning, ...]:
        """What is to be told of it, at the result's frame rate."""
        if not self.pictures and not self.held_frames:
            return ()
        rate = source.video.average_rate or frame_rate
        lost = float(max(self.pictures / rate, self.held_frames / frame_rate))
        message = f"{lost:.2f} seconds of the picture cannot be decoded whole; what was shown before stays."
        return (_warning(message, {"damaged_pictures": self.pictures, "lost_seconds": round(lost, 3)}),)


NO_LOSS: Final = PictureLoss()


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
    return tuple(
        _sound_warning(stream, packets, (times or {})[stream].usual_step_seconds if times else None)
        for stream, packets in sorted(faults.items())
    )


def _sound_warning(stream: int, packets: int, step_seconds: float | None) -> SourceWarning:
    lost = f"{packets} packets" if step_seconds is None else f"{packets * step_seconds:.2f} seconds"
    facts: dict[str, int | float] = {"track": stream + 1, "damaged_packets": packets}
    if step_seconds is not None:
        facts["lost_seconds"] = round(packets * step_seconds, 3)
    return _warning(f"{lost} of the sound of track {stream + 1} cannot be decoded; silence is there.", facts)


def _warning(message: str, facts: Mapping[str, int | float]) -> SourceWarning:
    return SourceWarning(code=WarningCode.SOURCE_DAMAGED, message=message, facts=facts)
