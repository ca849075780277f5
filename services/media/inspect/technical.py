"""The summary of a source that people read on the video's record: every stream, as ffprobe describes it."""

from typing import Any

from media.inspect.ffprobe import ProbeDocument, StreamDocument


def stream_facts(document: ProbeDocument) -> list[dict[str, Any]]:
    """Describe every stream in the order of the file; what ffprobe does not tell is left out.

    No free text of the source is among it: titles and names of handlers may be private.
    """
    return [
        {name: value for name, value in _facts(stream).items() if value not in {None, "", "unknown"}}
        for stream in document.streams
    ]


def _facts(stream: StreamDocument) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "index": stream.index,
        "kind": stream.codec_type,
        "codec": stream.codec_name,
        "profile": stream.profile,
        "bitrate_kbps": round(stream.bit_rate / 1000) or None,
        "start_seconds": stream.start_time,
        "duration_seconds": stream.duration_seconds,
        "language": stream.language,
        "default": stream.is_default or None,
    }
    if stream.codec_type == "video":
        facts |= _picture(stream)
    elif stream.codec_type == "audio":
        facts |= {
            "channels": stream.channels or None,
            "channel_layout": stream.channel_layout,
            "sample_rate_hz": stream.sample_rate or None,
        }
    return facts


def _picture(stream: StreamDocument) -> dict[str, Any]:
    return {
        "level": stream.level if stream.level > 0 else None,
        "width": stream.width or None,
        "height": stream.height or None,
        "pixel_aspect": str(stream.pixel_aspect),
        "rotation": stream.rotation,
        "nominal_frame_rate": str(stream.nominal_rate) if stream.nominal_rate else None,
        "average_frame_rate": str(stream.average_rate) if stream.average_rate else None,
        "field_order": stream.field_order,
        "pixel_format": stream.pix_fmt,
        "bit_depth": stream.bit_depth or None,
        "color_range": stream.color_range,
        "color_space": stream.color_space,
        "color_primaries": stream.color_primaries,
        "color_transfer": stream.color_transfer,
        "cover": stream.is_picture or None,
    }
