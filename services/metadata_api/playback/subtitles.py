"""Subtitles from callers: cleaned before they are stored, and shown without their text."""

from ledger.videos.sidecars import NewSidecar, Sidecar
from metadata_api.http.problems import ProblemCode, field_problem
from metadata_api.http.responses import timestamp
from metadata_api.models.subtitles import SubtitleBody, SubtitleView


def new_sidecar(name: str, body: SubtitleBody) -> NewSidecar:
    """A clean track.

    Raises:
        Problem: SUBTITLES_REFUSED, when the text is no usable SubRip or WebVTT.
    """
    # Its regular expressions are compiled at the first track only, not by every cold start.
    from metadata_api.playback.subtitle_text import SubtitleTextError, clean_subtitles

    try:
        clean = clean_subtitles(body.text)
    except SubtitleTextError as error:
        raise field_problem("text", str(error), ProblemCode.SUBTITLES_REFUSED) from error
    return NewSidecar(
        name=name,
        language=body.language,
        label=body.label or body.language,
        webvtt=clean.webvtt,
        cues=clean.cues,
        ends_seconds=clean.ends_seconds,
    )


def subtitle_view(track: Sidecar) -> SubtitleView:
    """A track as callers see it."""
    return SubtitleView(
        name=track.name,
        language=track.language,
        label=track.label,
        cues=track.cues,
        ends_seconds=track.ends_seconds,
        size_bytes=track.size_bytes,
        updated_at=timestamp(track.updated_at),
    )
