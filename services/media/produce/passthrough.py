"""Puts the source's own streams into new files; one that would have to be encoded is refused."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

from media.encode.audio import EncodedAudio
from media.encode.audio_commands import audio_file
from media.encode.encode import Encoded
from media.encode.encode_commands import language_tag, video_file
from media.encode.picture_facts import PictureFacts
from media.encode.subtitles import extract_subtitles
from media.headers.colours import HDR_TRANSFERS
from media.inspect.ffprobe import parse_document
from media.inspect.inspection import inspect_source
from media.inspect.probe import AudioStream, Source
from media.inspect.refusals import explain
from media.package.package import package
from media.plan.plan import Plan
from media.plan.rungs import PlannedRung
from media.plan.sprite import plan_sprite
from media.plan.tracks import PlannedText, choose_texts, keep_audios
from media.produce.catalogue import catalogue, keep_only
from media.produce.production import Made, Stage, Stages
from media.produce.scan import Scan, ScanOptions, scan
from media.tools import command
from media.tools.command import Command, compile_ffmpeg, read, write
from media.tools.errors import ErrorCode, InvalidInputError, ToolFailedError
from media.tools.limits import Limits
from media.tools.session import Session
from media.verify.verify import verify
from profiles import PassthroughProfile, VerificationSettings

# What browsers play: 8 bits of H.264, 8 and 10 bits of the younger codecs.
_PLAYABLE: Final = {
    "h264": frozenset({"yuv420p", "yuvj420p"}),
    "hevc": frozenset({"yuv420p", "yuvj420p", "yuv420p10le"}),
    "av1": frozenset({"yuv420p", "yuv420p10le"}),
}
_PROBE_SECONDS: Final = 120.0
_NOTHING_ENCODED: Final = VerificationSettings(sample_places=0)
_MOST_APART_SECONDS: Final = 0.1
"""Sound that starts later has to be filled up with silence, because players begin at the first picture."""
_MOST_BEYOND_SECONDS: Final = 0.5
"""Players stop where the picture ends; sound that goes on for longer needs a picture that stays."""


def make_passthrough(session: Session, path: Path, profile: PassthroughProfile, stages: Stages) -> Made:
    """Make and check everything that a passthrough profile promises.

    Raises:
        InvalidInputError: The source would have to be encoded; the message lists the reasons.
    """
    with stages.during(Stage.INSPECTING):
        source = inspect_source(session, path)
        frames, keyframes = _count(session, source)
        _refuse_unfit(source, longest_gap(keyframes), profile)
        plan = _plan(source, profile)
    with stages.during(Stage.ENCODING):
        encoded = _copy(session, source, plan, profile, stages, frames)
    with stages.during(Stage.PACKAGING):
        packaged = package(session, encoded, plan, profile)
    with stages.during(Stage.VERIFYING):
        checked = verify(session, packaged, plan, encoded, _NOTHING_ENCODED)
        files = catalogue(packaged, plan, encoded, checked)
        keep_only(files, packaged.directory)
    return Made(technical=source.technical(), files=files)


def reasons_against(source: Source, keyframe_seconds: float, profile: PassthroughProfile) -> list[str]:
    """Why a source cannot be used as it is; empty when it can."""
    video = source.video
    formats = _PLAYABLE.get(video.codec)
    found = [
        (formats is None, f"the video codec is {video.codec} (h264, hevc or av1 can be kept)"),
        (
            formats is not None and video.pixel_format not in formats,
            f"the pixel format {video.pixel_format} does not play everywhere in {video.codec}",
        ),
        (video.color_transfer in HDR_TRANSFERS, "the picture is HDR and would have to be tone-mapped"),
        (video.interlaced, "the picture is interlaced"),
        (video.form.crop is not None, "the edges of the picture have to be cut off"),
        (video.rotation != 0, f"the picture has to be turned by {video.rotation} degrees"),
        (video.pixel_aspect != 1, f"the pixels are not square ({video.pixel_aspect})"),
        (
            keyframe_seconds > profile.max_keyframe_seconds,
            f"keyframes lie {keyframe_seconds:.1f} s apart (at most {profile.max_keyframe_seconds:g} s)",
        ),
    ]
    tracks = source.audios[: profile.max_audio_tracks]
    found += [
        (track.codec != "aac", f"track {position} of the sound is {track.codec} (aac can be kept)")
        for position, track in enumerate(tracks, start=1)
    ]
    found += [
        (
            abs(track.start_seconds - video.start_seconds) > _MOST_APART_SECONDS,
            f"track {position} starts {track.start_seconds - video.start_seconds:.2f} s after the picture",
        )
        for position, track in enumerate(tracks, start=1)
    ]
    beyond = [_seconds_beyond(source, track) for track in tracks]
    found += [
        (
            seconds > _MOST_BEYOND_SECONDS,
            f"track {position} goes on for {seconds:.2f} s after the picture has ended",
        )
        for position, seconds in enumerate(beyond, start=1)
    ]
    return [reason for applies, reason in found if applies]


def _seconds_beyond(source: Source, track: AudioStream) -> float:
    """How long a track goes on behind the picture; only measured ends are believed."""
    picture, sound = source.video.duration_seconds, track.duration_seconds
    return 0.0 if source.times is None or picture is None or sound is None else sound - picture


def longest_gap(keyframes: Sequence[float]) -> float:
    """The longest time between two neighbouring keyframes; 0 for fewer than two."""
    return max((after - before for before, after in pairwise(keyframes)), default=0.0)


def _refuse_unfit(source: Source, keyframe_seconds: float, profile: PassthroughProfile) -> None:
    reasons = reasons_against(source, keyframe_seconds, profile)
    if reasons:
        raise InvalidInputError(
            ErrorCode.PASSTHROUGH_NOT_POSSIBLE,
            f"The source cannot be kept as it is: {'; '.join(reasons)}.",
            "Order the job with a profile that encodes, for example web.",
        )


def _count(session: Session, source: Source) -> tuple[int, list[float]]:
    """How many frames there are, and when every keyframe is shown; only keyframes are decoded."""
    wanted = command.probe_frames(
        source.media, session.limits, step="count-frames", everything=False, stream=source.video.index
    )
    try:
        # As when a rendition is read back: the keyframes of a film take no longer than the film.
        longest = source.duration_seconds or session.limits.max_duration_seconds
        completed = session.inspect(wanted, seconds=_PROBE_SECONDS + longest)
    except ToolFailedError as error:
        raise explain(error, session.limits) from error
    document = parse_document(completed.stdout)
    packets = max((stream.packets for stream in document.streams), default=0)
    return packets, [frame.seconds for frame in document.frames if frame.key_frame]


def _plan(source: Source, profile: PassthroughProfile) -> Plan:
    video = source.video
    measured = source.times[video.index].average_rate if source.times else None
    rate = (measured or video.average_rate or video.nominal_rate or Fraction(25)).limit_denominator(1001)
    size = video.width, video.height
    rung = PlannedRung(
        name=f"{min(size)}p", width=size[0], height=size[1], max_bitrate_kbps=source.bitrate_kbps or 0
    )
    declared = video.duration_seconds or source.duration_seconds
    return Plan(
        codec=video.codec,
        rungs=(rung,),
        frame_rate=rate,
        gop_frames=max(1, round(Fraction(profile.segment_seconds) * rate)),
        gops_per_segment=1,
        deinterlace=False,
        tone_map=False,
        audios=keep_audios(source.audios, profile.max_audio_tracks),
        texts=choose_texts(source.subtitles, profile.subtitles),
        sprite=plan_sprite(size, declared, profile.sprite),
        copied=True,
    )


def _copy(
    session: Session, source: Source, plan: Plan, profile: PassthroughProfile, stages: Stages, frames: int
) -> Encoded:
    """Copy the streams; beside that decode the whole picture once, which also proves that it is sound."""
    scans: list[Scan] = []
    texts: list[tuple[PlannedText, Path]] = []
    overrides = ScanOptions(sprite=profile.sprite, poster=profile.poster)
    session.together(
        lambda: scans.append(scan(session, source, overrides, stages)),
        lambda: session.produce(copy_command(source, plan, session.workdir, session.limits), outputs=0),
        lambda: texts.extend(extract_subtitles(session, source, plan.texts)),
    )
    tracks = tuple((track, audio_file(session.workdir, track)) for track in plan.audios)
    return Encoded(
        videos=((plan.top.name, video_file(session.workdir, plan.top)),),
        audio=EncodedAudio(tracks=tracks, seconds=source.duration_seconds or 0.0),
        texts=tuple(texts),
        sprite=scans[0].sprite,
        picture=PictureFacts(ssim={}, black=(), frozen=()),
        frames=frames,
        video_seconds=scans[0].video_seconds,
        poster=scans[0].poster,
    )


def copy_command(source: Source, plan: Plan, directory: Path, limits: Limits) -> Command:
    """Copy picture and sound into one MP4 each; their distance in time stays."""
    opened = read(source.media, limits)
    tag = {"tag:v": "hvc1"} if plan.codec == "hevc" else {}
    outputs = [
        write([opened[str(source.video.index)]], video_file(directory, plan.top), c="copy", **tag),
        *(
            write(
                [opened[str(track.stream.index)]],
                audio_file(directory, track),
                c="copy",
                **language_tag(track.stream),
            )
            for track in plan.audios
        ),
    ]
    return compile_ffmpeg("copy", outputs, threads=1)
