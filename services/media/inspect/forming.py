"""Looks closer at the chosen video: what its colours are, what is to be seen of it, and which turn counts."""

from dataclasses import replace
from itertools import pairwise
from typing import Final

from media.containers.formats import MATROSKA, MP4
from media.headers.colours import read_colours
from media.headers.declared_picture import Crop, DeclaredPicture
from media.headers.dolby_vision import check_base_layer
from media.headers.matroska_pictures import read_matroska_pictures
from media.headers.mp4_pictures import read_mp4_pictures
from media.headers.picture_form import PictureForm
from media.inspect.ffprobe import StreamDocument
from media.inspect.first_frames import FirstFrame, FirstFrames, read_first_frames
from media.inspect.probe import Source, VideoStream
from media.tools.session import Session

_FIELD_CODECS: Final = frozenset({"hevc"})
"""Of these ffmpeg gives the two fields of a picture one by one; of all others, woven."""


def formed(session: Session, source: Source) -> Source:
    """Add to the chosen video how its pictures are to be taken; warn of what was assumed.

    Raises:
        InvalidInputError: Only players of Dolby Vision can show its colours, or it cannot be read.
    """
    video = source.video
    looked_at = read_first_frames(session, source.media)
    stream = looked_at.stream(video.index)
    declared = _declared(source, looked_at)
    first_field = _first_field(video.codec, looked_at.of(video.index))
    if first_field:
        stream = stream.model_copy(update={"height": 2 * stream.height})
    colours, warnings = read_colours(stream, declared)
    session.warn(*warnings)
    check_base_layer(stream, colours)
    form = PictureForm(
        colours=colours,
        captions=any(frame.captions for frame in looked_at.of(video.index)),
        obeys_turn=stream.obeys_turn,
        first_field=first_field,
    )
    transfer = colours.transfer if colours.high_dynamic_range else video.color_transfer
    video = replace(video, color_transfer=transfer, form=form)
    if declared is not None and declared.crop is not None:
        video = _cropped(video, declared.crop, declared)
    return replace(source, video=_woven(video) if first_field else video)


def _declared(source: Source, looked_at: FirstFrames) -> DeclaredPicture | None:
    """What the container says about the chosen video, found by its place among the tracks of video."""
    readers = {MP4.name: read_mp4_pictures, MATROSKA.name: read_matroska_pictures}
    reader = readers.get(source.container.name)
    found = reader(source.media.path) if reader else ()
    indices = [stream.index for stream in looked_at.streams if not _is_attached(stream)]
    if len(found) != len(indices) or source.video.index not in indices:
        return None
    return found[indices.index(source.video.index)]


def _is_attached(stream: StreamDocument) -> bool:
    return stream.disposition.get("attached_pic") == 1


def _cropped(video: VideoStream, crop: Crop, declared: DeclaredPicture) -> VideoStream:
    return replace(
        video,
        width=video.width - crop.left - crop.right,
        height=video.height - crop.top - crop.bottom,
        pixel_aspect=declared.pixel_aspect or video.pixel_aspect,
        form=replace(video.form, crop=crop.turned(video.rotation)),
    )


def _woven(video: VideoStream) -> VideoStream:
    return replace(
        video,
        height=2 * video.height,
        nominal_rate=video.nominal_rate / 2,
        average_rate=video.average_rate / 2,
        interlaced=True,
    )


def _first_field(codec: str, frames: list[FirstFrame]) -> str:
    """Which field comes first where every picture is a single one; they take turns."""
    # Where reading stops, later pictures may come out whose neighbours were not read.
    frames = frames[: len(frames) // 2]
    tops = [frame.top_field_first for frame in frames]
    if codec not in _FIELD_CODECS or len(frames) < 2 or not all(frame.interlaced_frame for frame in frames):
        return ""
    if any(before == after for before, after in pairwise(tops)):
        return ""
    return "top" if tops[0] else "bottom"
