"""What will be made out of a source: sizes, rates and group lengths, decided before encoding. Pure."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from media.containers.formats import FLASH, TRANSPORT_STREAM
from media.headers.colours import HDR_TRANSFERS
from media.headers.picture_form import AS_IT_IS, PictureForm
from media.inspect.probe import Source, VideoStream
from media.plan.captions import keeps_captions
from media.plan.lengths import Lengths, find_lengths
from media.plan.overrides import NO_OVERRIDES, Overrides, TrimSpan, plan_trim
from media.plan.quality_samples import Run, choose_runs
from media.plan.rungs import PlannedRung, choose_rungs, encodable
from media.plan.shape import Shape, decoded_shape
from media.plan.sprite import SpritePlan, plan_sprite
from media.plan.tracks import PlannedAudio, PlannedText, choose_audios, choose_texts
from media.plan.watermark_placement import PlacedWatermark, WatermarkPicture, place_watermark
from profiles import LadderProfile, VerificationSettings

_STANDARD_RATES: Final = (
    *(Fraction(10), Fraction(12), Fraction(15), Fraction(20), Fraction(24000, 1001), Fraction(24)),
    Fraction(25),
    *(Fraction(30000, 1001), Fraction(30), Fraction(48), Fraction(50), Fraction(60000, 1001), Fraction(60)),
)
_STEADY_TOLERANCE: Final = Fraction(1, 100)
_SNAP_TOLERANCE: Final = Fraction(1, 500)
_LOWEST_FRAME_RATE: Final = 10
_OVERLONG: Final = (TRANSPORT_STREAM, FLASH)
_LIMITED_RANGES: Final = frozenset({"", "tv", "unknown"})
"""What does not tell is taken for limited, as every player does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything the encoders need to know.

    Attributes:
        codec: Of the video: `h264`, `hevc` or `av1`.
        rungs: From large to small, never empty, never larger than the source.
        frame_rate: Constant rate of all renditions.
        gop_frames: Frames from one keyframe to the next, the same in all renditions.
        gops_per_segment: Groups of pictures in one media segment.
        deinterlace: Whether the source's fields must be woven first.
        tone_map: Whether the source is high dynamic range and must be brought to the standard range.
        audios: The tracks of sound, the main one first.
        texts: The subtitles.
        sprite: Layout of the sheet of small pictures.
        samples: Frames that are kept for the comparison with the finished renditions.
        copied: Whether the source's own stream is used, whose keyframes follow no rhythm of ours.
        expected_seconds: How long the result will be; None when the source does not tell.
        trim: The part of the source that is wanted; None for all of it.
        watermark: What is laid over the picture.
        form: What is done to the decoded pictures before all else.
        keeps_captions: Whether captions in the picture come out whole: every frame stays, the codec has them.
        usual_form: Whether the source is known to be 8-bit 4:2:0 of the limited range, as the renditions are.
        most_frames: How many there are, where ffmpeg may put a stray picture behind the end; else None.
        held_frames: How often the last frame is repeated, because the sound goes on behind the picture.
        shape: Of the decoded pictures; None where they are turned, cut or woven, for which it must be steady.
        boxed: Whether pictures that come in another aspect get bars, rather than being stretched.
    """

    codec: str
    rungs: tuple[PlannedRung, ...]
    frame_rate: Fraction
    gop_frames: int
    gops_per_segment: int
    deinterlace: bool
    tone_map: bool
    audios: tuple[PlannedAudio, ...]
    texts: tuple[PlannedText, ...]
    sprite: SpritePlan
    samples: tuple[Run, ...] = ()
    copied: bool = False
    expected_seconds: float | None = None
    trim: TrimSpan | None = None
    watermark: PlacedWatermark | None = None
    usual_form: bool = False
    most_frames: int | None = None
    held_frames: int = 0
    shape: Shape | None = None
    boxed: bool = False
    form: PictureForm = AS_IT_IS
    keeps_captions: bool = False

    @property
    def first_frame(self) -> int:
        """Number of the first wanted frame in the whole source, at the plan's rate."""
        return round(self.trim.start * self.frame_rate) if self.trim else 0

    @property
    def wanted_frames(self) -> int | None:
        """How many frames are wanted at most; None for all up to the source's end."""
        if self.trim is None or self.trim.end is None:
            return self.most_frames
        return round(self.trim.end * self.frame_rate) - self.first_frame

    @property
    def gop_seconds(self) -> Fraction:
        """Exact distance of two keyframes."""
        return self.gop_frames / self.frame_rate

    @property
    def segment_seconds(self) -> Fraction:
        """Exact length of a full media segment."""
        return self.gop_seconds * self.gops_per_segment

    @property
    def needs_one_size(self) -> bool:
        """Whether filters that see no change of size come before the scaling to the renditions."""
        converted = self.tone_map or bool(self.form.colours and self.form.colours.convertible)
        return converted or self.deinterlace or self.watermark is not None

    @property
    def top(self) -> PlannedRung:
        """The largest rendition."""
        return self.rungs[0]

    @property
    def smallest(self) -> PlannedRung:
        """The smallest rendition."""
        return self.rungs[-1]


def make_plan(
    source: Source,
    profile: LadderProfile,
    overrides: Overrides = NO_OVERRIDES,
    watermark: WatermarkPicture | None = None,
) -> Plan:
    """Choose the renditions for a source.

    Args:
        source: What probing told.
        profile: What to make.
        overrides: What this job asks for beyond it.
        watermark: The watermark that it asks for, once it has been looked into.

    Raises:
        InvalidInputError: The overrides do not fit the source, or it is too small for the codec.
    """
    settings = profile.video
    frame_rate = choose_frame_rate(source.video, settings.max_frame_rate)
    gop_frames = max(1, round(Fraction(settings.gop_seconds) * frame_rate))
    gop_seconds = gop_frames / frame_rate
    shown = display_size(source.video)
    rungs = choose_rungs(limit_height(shown, overrides.max_height), frame_rate, settings)
    rungs = encodable(rungs, settings.codec)
    audios = choose_audios(source.audios, profile.audio)
    lengths = find_lengths(source, audios)
    trim = plan_trim(overrides.trim, lengths.whole_seconds, frame_rate)
    expected = trim.length(lengths.whole_seconds) if trim else lengths.whole_seconds
    return Plan(
        codec=settings.codec,
        rungs=rungs,
        frame_rate=frame_rate,
        gop_frames=gop_frames,
        gops_per_segment=max(1, round(Fraction(settings.segment_seconds) / gop_seconds)),
        deinterlace=source.video.interlaced,
        tone_map=source.video.color_transfer in HDR_TRANSFERS,
        form=source.video.form,
        keeps_captions=keeps_captions(source.video, settings.codec, frame_rate),
        usual_form=source.video.pixel_format == "yuv420p" and source.video.color_range in _LIMITED_RANGES,
        audios=tuple(
            replace(track, trim=trim)
            for track in lengths.filled(audios, keeps_damage=overrides.keeps_damage(profile))
        ),
        texts=choose_texts(source.subtitles, profile.subtitles),
        sprite=plan_sprite((rungs[0].width, rungs[0].height), expected, profile.sprite),
        samples=_choose_samples(expected, frame_rate, gop_frames, profile.verification),
        expected_seconds=expected,
        trim=trim,
        most_frames=_most_frames(source, lengths, frame_rate),
        held_frames=lengths.held_frames(frame_rate),
        watermark=_place(watermark, source.video, rungs[0], shown) if watermark else None,
        shape=decoded_shape(source.video),
    )


def _most_frames(source: Source, lengths: Lengths, frame_rate: Fraction) -> int | None:
    """Where ffmpeg makes too many pictures of the last packets.

    Of a broadcast that changes its numbers it gives the last picture under the old ones at the end; in FLV a
    picture lasts as long as its bitstream says, which may name any rate.
    """
    if source.container not in _OVERLONG or source.times is None or lengths.whole_seconds is None:
        return None
    return math.ceil(lengths.whole_seconds * frame_rate)


def _choose_samples(
    expected_seconds: float | None, frame_rate: Fraction, gop_frames: int, settings: VerificationSettings
) -> tuple[Run, ...]:
    frames = math.floor(expected_seconds * frame_rate) if expected_seconds else None
    return choose_runs(frames, gop_frames, places=settings.sample_places, frames=settings.sample_frames)


def _place(
    watermark: WatermarkPicture, video: VideoStream, top: PlannedRung, shown: tuple[int, int]
) -> PlacedWatermark:
    """It is laid on the decoded picture, or on one of the top's size where colours are converted."""
    base = (top.width, top.height) if video.is_converted else upright_size(video)
    return place_watermark(watermark, base, shown)


def limit_height(size: tuple[int, int], max_height: int | None) -> tuple[int, int]:
    """The size of a picture that may not be higher than `max_height`."""
    if max_height is None or size[1] <= max_height:
        return size
    return 2 * math.ceil(size[0] * max_height / size[1] / 2), max_height


def upright_size(video: VideoStream) -> tuple[int, int]:
    """Width and height of the decoded picture, turned upright; its pixels need not be square."""
    return (video.height, video.width) if video.rotation in {90, 270} else (video.width, video.height)


def display_size(video: VideoStream) -> tuple[int, int]:
    """Width and height as a viewer sees them: square pixels, turned upright."""
    width, height = float(video.width), float(video.height)
    if video.pixel_aspect > 1:
        width *= float(video.pixel_aspect)
    else:
        height /= float(video.pixel_aspect)
    if video.rotation in {90, 270}:
        width, height = height, width
    return round(width), round(height)


def choose_frame_rate(video: VideoStream, maximum: int) -> Fraction:
    """Choose the constant output rate.

    A steady source keeps its exact rate. One with a variable rate gets the next standard rate at or above its
    average, so that no frame is lost on average and no rate of 90,000 is ever encoded; one that moves in
    bursts gets the rate of these. Rates above `maximum`
    are divided by a whole number, which keeps motion even; those of slide shows are multiplied by one, for
    players need a keyframe every few seconds.
    """
    nominal, average = video.nominal_rate, video.moving_rate or video.average_rate
    if not average:
        average = nominal if 0 < nominal <= 120 else Fraction(25)
    steady = nominal > 0 and abs(nominal - average) <= average * _STEADY_TOLERANCE
    rate = nominal if steady else _standard_rate(average)
    if rate > maximum:
        rate = rate / math.ceil(rate / maximum)
    elif rate < _LOWEST_FRAME_RATE:
        rate = rate * math.ceil(_LOWEST_FRAME_RATE / rate)
    nearest = min(_STANDARD_RATES, key=lambda standard: abs(rate - standard))
    snaps = abs(rate - nearest) <= nearest * _SNAP_TOLERANCE and not _is_exact(rate)
    return nearest if snaps else rate.limit_denominator(1001)


def _standard_rate(average: Fraction) -> Fraction:
    floor = average * (1 - _STEADY_TOLERANCE)
    return next((rate for rate in _STANDARD_RATES if rate >= floor), _STANDARD_RATES[-1])


def _is_exact(rate: Fraction) -> bool:
    return rate.denominator in {1, 1001}
