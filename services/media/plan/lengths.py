"""How long the result is when picture and sound end at different times: both play to the later end. Pure.

Players stop, stall or go back where one of two streams ends before the other: the last picture is held, and
silence follows the sound, so that every player gets to the end.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from media.inspect.probe import Source
from media.plan.tracks import PlannedAudio
from media.tools.warnings import SourceWarning, WarningCode

_APART_SECONDS: Final = 0.25
"""Players bridge less than this by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """What is played.

    Attributes:
        whole_seconds: From the beginning of the source to the later end; None when it does not tell.
        picture_seconds: To the end of the picture; None when the source does not tell.
        sound_seconds: To the end of the longest kept track of sound; None without one.
    """

    whole_seconds: float | None
    picture_seconds: float | None
    sound_seconds: float | None = None

    def held_frames(self, frame_rate: Fraction) -> int:
        """How many times the last frame is repeated."""
        if self.whole_seconds is None or self.picture_seconds is None:
            return 0
        return round(Fraction(self.whole_seconds - self.picture_seconds) * frame_rate)

    def filled(
        self, tracks: Sequence[PlannedAudio], *, keeps_damage: bool = False
    ) -> tuple[PlannedAudio, ...]:
        """Let silence follow the tracks that end before the whole does, or may do so because of damage."""
        return tuple(
            replace(track, fill_seconds=self.whole_seconds)
            if self._ends_early(track, -math.inf if keeps_damage else _APART_SECONDS)
            else track
            for track in tracks
        )

    def _ends_early(self, track: PlannedAudio, least_seconds: float) -> bool:
        ends = track.stream.duration_seconds
        known = self.sound_seconds is not None and self.whole_seconds is not None and ends is not None
        return known and (self.whole_seconds or 0.0) - (ends or 0.0) > least_seconds

    def warnings(self) -> tuple[SourceWarning, ...]:
        """What is to be told of a source whose streams end far apart."""
        picture, sound, whole = self.picture_seconds, self.sound_seconds, self.whole_seconds
        if picture is None or sound is None or whole is None:
            return ()
        facts = {"picture_seconds": round(picture, 3), "sound_seconds": round(sound, 3)}
        if whole - picture > _APART_SECONDS:
            message = f"The picture ends after {picture:.2f} seconds, the sound after {sound:.2f}: the last "
            message += "picture stays until the sound ends."
            return (SourceWarning(code=WarningCode.PICTURE_ENDS_EARLY, message=message, facts=facts),)
        if whole - sound > _APART_SECONDS:
            message = f"The sound ends after {sound:.2f} seconds, the picture after {picture:.2f}: silence "
            message += "follows the sound."
            return (SourceWarning(code=WarningCode.SOUND_ENDS_EARLY, message=message, facts=facts),)
        return ()


def find_lengths(source: Source, tracks: Sequence[PlannedAudio]) -> Lengths:
    """Compare the ends of the picture and of the kept sound; only measured ones are believed."""
    declared = source.video.duration_seconds or source.duration_seconds
    picture = source.video.duration_seconds
    sounds = [track.stream.duration_seconds or 0.0 for track in tracks]
    if source.times is None or picture is None or not sounds:
        return Lengths(whole_seconds=declared, picture_seconds=declared)
    sound = max(sounds)
    whole = sound if sound - picture > _APART_SECONDS else picture
    return Lengths(whole_seconds=whole, picture_seconds=picture, sound_seconds=sound)
