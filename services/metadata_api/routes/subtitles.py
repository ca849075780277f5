"""Subtitles beside a video: added, replaced and removed at any time, without processing it again."""

import re
from http import HTTPStatus
from typing import Final
from uuid import UUID

from ledger.access.keys import Scope
from ledger.videos import sidecars, videos
from ledger.videos.sidecars import TooManyTracksError
from metadata_api.http.problems import Problem, ProblemCode, field_problem, not_found
from metadata_api.http.responses import COMMON_HEADERS, Response, empty_response, json_response
from metadata_api.models.playback import PlaybackQuery
from metadata_api.models.subtitles import (
    MAX_SUBTITLE_BODY_BYTES,
    NAME_PATTERN,
    SubtitleBody,
    SubtitleList,
    SubtitleView,
)
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.request import ApiRequest
from metadata_api.playback.playback_links import PLAYBACK_LINK_PROBLEMS, read_grant
from metadata_api.playback.subtitles import new_sidecar, subtitle_view

routes = RouteGroup("Subtitles")
_TEXT_TYPE: Final = "text/vtt"
_SUFFIX: Final = ".vtt"
_BASE: Final = "/metadata/{video_id}/subtitles"


@routes.route(
    "GET",
    _BASE,
    summary="List subtitles",
    scope=Scope.VIEWER,
    returns=SubtitleList,
    problems=(ProblemCode.VIDEO_NOT_FOUND,),
)
def list_subtitles(request: ApiRequest) -> Response:
    """The tracks that were added beside the video; those inside its source are outputs of its jobs."""
    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    with request.connection() as conn:
        if videos.get(conn, video_id) is None:
            raise not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
        found = sidecars.of_video(conn, video_id)
    return json_response(SubtitleList(items=[subtitle_view(item) for item in found]))


@routes.route(
    "PUT",
    _BASE + "/{track_name}",
    summary="Add or replace subtitles",
    scope=Scope.PRODUCER,
    body=SubtitleBody,
    returns=SubtitleView,
    problems=(
        ProblemCode.VALIDATION_FAILED,
        ProblemCode.SUBTITLES_REFUSED,
        ProblemCode.VIDEO_NOT_FOUND,
        ProblemCode.BODY_TOO_LARGE,
        ProblemCode.UNSUPPORTED_MEDIA_TYPE,
    ),
)
def put_subtitles(request: ApiRequest) -> Response:
    """SubRip or WebVTT, written anew as plain WebVTT; the video's playlists offer it from the next read on.

    Times count from the beginning of the video as it is played. Repeating the call changes nothing.
    """
    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    name = request.path_text("track_name")
    if re.fullmatch(NAME_PATTERN, name) is None:
        raise field_problem("track_name", "must be 1 to 32 lower-case letters, digits and hyphens")
    new = new_sidecar(name, request.body(SubtitleBody, max_bytes=MAX_SUBTITLE_BODY_BYTES))
    with request.connection() as conn:
        try:
            with conn.transaction():
                stored = sidecars.put(conn, video_id, new)
        except TooManyTracksError as error:
            raise Problem(ProblemCode.SUBTITLES_REFUSED, str(error)) from error
    if stored is None:
        raise not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
    return json_response(subtitle_view(stored))


@routes.route(
    "GET",
    _BASE + "/{track_name}",
    summary="Read subtitles",
    scope=Scope.VIEWER,
    content_type=_TEXT_TYPE,
    problems=(ProblemCode.VIDEO_NOT_FOUND, ProblemCode.SUBTITLES_NOT_FOUND),
)
def get_subtitles(request: ApiRequest) -> Response:
    """The track as WebVTT."""
    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    return _text_of(request, video_id, request.path_text("track_name"))


@routes.route(
    "DELETE",
    _BASE + "/{track_name}",
    summary="Remove subtitles",
    scope=Scope.PRODUCER,
    status=HTTPStatus.NO_CONTENT,
    problems=(ProblemCode.VIDEO_NOT_FOUND, ProblemCode.SUBTITLES_NOT_FOUND),
)
def delete_subtitles(request: ApiRequest) -> Response:
    """The video's playlists no longer offer the track from their next read on."""
    video_id, name = (
        request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND),
        request.path_text("track_name"),
    )
    with request.connection() as conn:
        removed = videos.get(conn, video_id) is not None and sidecars.remove(conn, video_id, name)
    if not removed:
        raise not_found(ProblemCode.SUBTITLES_NOT_FOUND, name)
    return empty_response()


@routes.route(
    "GET",
    "/playback/{job_id}/subtitles/{file_name}",
    summary="Play subtitles",
    content_type=_TEXT_TYPE,
    query=PlaybackQuery,
    problems=(*PLAYBACK_LINK_PROBLEMS, ProblemCode.SUBTITLES_NOT_FOUND),
    open=True,
)
def play_subtitles(request: ApiRequest) -> Response:
    """A track as the playlists name it; the link's token takes the place of an API key."""
    grant, _ = read_grant(request)
    return _text_of(request, grant.video_id, request.path_text("file_name").removesuffix(_SUFFIX))


def _text_of(request: ApiRequest, video_id: UUID, name: str) -> Response:
    with request.connection() as conn:
        text = sidecars.text(conn, video_id, name)
    if text is None:
        raise not_found(ProblemCode.SUBTITLES_NOT_FOUND, name)
    return Response(HTTPStatus.OK.value, _TEXT_TYPE, text, dict(COMMON_HEADERS))
