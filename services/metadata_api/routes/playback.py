"""Playing private videos: an answer with links for players, and the playlists behind these links."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from http import HTTPStatus
from typing import Final
from uuid import UUID

from ledger.access.keys import Scope
from ledger.videos import playback, sidecars
from ledger.videos.playback import NothingToPlayError, Playable, PlayableFile
from ledger.videos.sidecars import Sidecar
from metadata_api.environment.playback_token import PlaybackGrant
from metadata_api.http.problems import Problem, ProblemCode, not_found
from metadata_api.http.responses import COMMON_HEADERS, Response, json_response, timestamp
from metadata_api.models.playback import (
    PlaybackQuery,
    PlaybackView,
    RenditionView,
    TextFileView,
    TextTrackView,
)
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.request import ApiRequest
from metadata_api.playback.edge_links import over_edge
from metadata_api.playback.playback_links import PLAYBACK_LINK_PROBLEMS, read_grant
from metadata_api.playback.playlists import Place, with_addresses_in_dash, with_addresses_in_hls
from metadata_api.playback.sidecar_playlists import (
    playlist_name,
    sidecar_playlist,
    with_sidecars_in_dash,
    with_sidecars_in_master,
)
from runtime import clients

routes = RouteGroup("Playback")
PLAYBACK_EXPIRY_SECONDS: Final = 3_600
_TEXT_TYPE: Final = "text/vtt"
_HLS_TYPE: Final = "application/vnd.apple.mpegurl"
_DASH_TYPE: Final = "application/dash+xml"
_SCRUB: Final = "scrub.vtt"
_PLAYLIST_SUFFIX: Final = ".m3u8"
_LINK_PROBLEMS: Final = (
    *PLAYBACK_LINK_PROBLEMS,
    ProblemCode.OUTPUT_NOT_FOUND,
    ProblemCode.UPSTREAM_UNAVAILABLE,
)


@routes.route(
    "GET",
    "/metadata/{video_id}/playback",
    summary="Play a video",
    scope=Scope.VIEWER,
    returns=PlaybackView,
    problems=(ProblemCode.VIDEO_NOT_FOUND, ProblemCode.VIDEO_NOT_READY, ProblemCode.UPSTREAM_UNAVAILABLE),
)
def get_playback(request: ApiRequest) -> Response:
    """Links that a player without an API key can use until expires_at: an hour, over the edge longer.

    hls and dash are paths below the address of this API; append them to it. They and everything they lead to
    show the outputs of one job, and end together at expires_at. hls_url and dash_url need nothing else; they
    are there where the stack delivers over the edge.
    """
    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    with request.connection() as conn:
        try:
            found = playback.of_video(conn, video_id)
            beside = sidecars.of_video(conn, video_id)
        except NothingToPlayError:
            detail = (
                f"no published job of video {video_id} that makes something to play is COMPLETED; follow its "
                "latest job and try again then, or pin one with PUT /metadata/…/current-job"
            )
            raise Problem(ProblemCode.VIDEO_NOT_READY, detail) from None
    if found is None:
        raise not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
    return _answer(request, found, beside)


@routes.route(
    "GET",
    "/jobs/{job_id}/playback",
    summary="Play what one job made",
    scope=Scope.VIEWER,
    returns=PlaybackView,
    problems=(
        ProblemCode.JOB_NOT_FOUND,
        ProblemCode.JOB_NOT_COMPLETED,
        ProblemCode.UPSTREAM_UNAVAILABLE,
    ),
)
def get_job_playback(request: ApiRequest) -> Response:
    """The same for any completed job, whether its video plays it or another one."""
    job_id = request.path_id("job_id", ProblemCode.JOB_NOT_FOUND)
    with request.connection() as conn:
        try:
            found = playback.of_job(conn, job_id)
        except NothingToPlayError:
            detail = f"job {job_id} is not COMPLETED; follow it and try again then"
            raise Problem(ProblemCode.JOB_NOT_COMPLETED, detail) from None
        beside = sidecars.of_video(conn, found.video_id) if found else ()
    if found is None:
        raise not_found(ProblemCode.JOB_NOT_FOUND, str(job_id))
    return _answer(request, found, beside)


def _answer(request: ApiRequest, found: Playable, beside: Sequence[Sidecar]) -> Response:
    now = datetime.now(UTC)
    edge = request.resources.edge
    if edge is None:
        ends = (now + timedelta(seconds=PLAYBACK_EXPIRY_SECONDS)).replace(microsecond=0)
    else:
        ends = edge.end(now, _seconds(found))
    grant = PlaybackGrant(video_id=found.video_id, job_id=found.job_id, expires_at=ends)
    return json_response(_view(request, found, beside, grant))


@routes.route(
    "GET",
    "/playback/{job_id}/manifest.mpd",
    summary="Read a DASH manifest",
    content_type=_DASH_TYPE,
    query=PlaybackQuery,
    problems=_LINK_PROBLEMS,
    open=True,
)
def get_dash_manifest(request: ApiRequest) -> Response:
    """The manifest with a signed URL for each rendition; the link's token takes the place of an API key."""
    grant, token = read_grant(request)
    found, beside = _granted(request, grant)
    manifest = found.named("dash")
    if manifest is None:
        raise not_found(ProblemCode.OUTPUT_NOT_FOUND, "manifest.mpd")
    text = _stored_text(found.bucket, manifest)
    addressed = with_addresses_in_dash(text, _places(request, found, grant, token))
    return _playlist(_DASH_TYPE, with_sidecars_in_dash(addressed, beside, partial(_with_token, token=token)))


@routes.route(
    "GET",
    "/playback/{job_id}/{playlist_name}",
    summary="Read an HLS playlist",
    content_type=_HLS_TYPE,
    query=PlaybackQuery,
    problems=_LINK_PROBLEMS,
    open=True,
)
def get_hls_playlist(request: ApiRequest) -> Response:
    """master.m3u8 leads to the playlists of the renditions here, and these to one signed URL each."""
    grant, token = read_grant(request)
    found, beside = _granted(request, grant)
    name = request.path_text("playlist_name")
    here = partial(_with_token, token=token)
    track = next((item for item in beside if playlist_name(item.name) == name), None)
    if track is not None:
        return _playlist(_HLS_TYPE, sidecar_playlist(track.name, _seconds(found) or track.ends_seconds, here))
    playlist = found.by_file_name().get(name)
    if playlist is None or not name.endswith(_PLAYLIST_SUFFIX):
        raise not_found(ProblemCode.OUTPUT_NOT_FOUND, name)
    text = _stored_text(found.bucket, playlist)
    addressed = with_addresses_in_hls(text, _places(request, found, grant, token))
    return _playlist(_HLS_TYPE, with_sidecars_in_master(addressed, beside, here))


@routes.route(
    "GET",
    "/playback/{job_id}/scrub.vtt",
    summary="Read a scrub track",
    content_type=_TEXT_TYPE,
    query=PlaybackQuery,
    problems=_LINK_PROBLEMS,
    open=True,
)
def get_scrub_track(request: ApiRequest) -> Response:
    """Which part of the sprite shows each moment; every cue leads to the sprite by a signed URL."""
    grant, _ = read_grant(request)
    found, _ = _granted(request, grant)
    track, sprite = found.companion("scrub"), found.companion("sprite")
    if track is None or sprite is None:
        raise not_found(ProblemCode.OUTPUT_NOT_FOUND, _SCRUB)
    url = _media(request, found, grant)(sprite)
    text = _stored_text(found.bucket, track)
    return _playlist(_TEXT_TYPE, text.replace(f"{sprite.file_name}#", f"{url}#"))


def _granted(request: ApiRequest, grant: PlaybackGrant) -> tuple[Playable, Sequence[Sidecar]]:
    with request.connection() as conn:
        try:
            found = playback.of_job(conn, grant.job_id)
        except NothingToPlayError:
            found = None
        beside = sidecars.of_video(conn, grant.video_id) if found else ()
    if found is None:
        raise not_found(ProblemCode.JOB_NOT_FOUND, str(grant.job_id))
    return found, beside


def _places(request: ApiRequest, found: Playable, grant: PlaybackGrant, token: str) -> Place:
    """Where players find a file: playlists here, under the same token, media in the bucket or its edge."""
    files, media = found.by_file_name(), _media(request, found, grant)

    # One URL for each file, however often a playlist names it: players cache by URL.
    @cache
    def place(name: str) -> str:
        if name.endswith(_PLAYLIST_SUFFIX):
            return _with_token(files[name].file_name, token)
        return media(files[name])

    return place


def _media(request: ApiRequest, found: Playable, grant: PlaybackGrant) -> Callable[[PlayableFile], str]:
    """Where a file itself is: over the edge below one link for all of them, else behind one of its own."""
    edge = request.resources.edge
    if edge is not None:
        return over_edge(edge, grant, request.client)
    seconds = grant.seconds_left(datetime.now(UTC))
    return lambda file: request.resources.presigner.media(found.bucket, file.key, seconds)


def _view(
    request: ApiRequest, found: Playable, beside: Sequence[Sidecar], grant: PlaybackGrant
) -> PlaybackView:
    token = request.resources.playback_tokens.issue(grant)
    hls, dash, poster, sprite, scrub = (
        found.named("hls"),
        found.named("dash"),
        found.companion("poster"),
        found.companion("sprite"),
        found.companion("scrub"),
    )
    media = _media(request, found, grant)
    scrubs = sprite is not None and scrub is not None

    def whole(file: PlayableFile | None) -> str | None:
        return None if file is None or request.resources.edge is None else media(file)

    return PlaybackView(
        video_id=str(grant.video_id),
        job_id=str(grant.job_id),
        hls=None if hls is None else _path(found.job_id, hls, token),
        dash=None if dash is None else _path(found.job_id, dash, token),
        hls_url=whole(hls),
        dash_url=whole(dash),
        poster_url=None if poster is None else media(poster),
        sprite_url=None if sprite is None else media(sprite),
        scrub=f"/playback/{found.job_id}/{_with_token(_SCRUB, token)}" if scrubs else None,
        scrub_url=whole(scrub) if scrubs else None,
        duration_seconds=_seconds(found),
        renditions=[_rendition(file) for file in found.files if file.kind == "rendition"],
        subtitles=[
            TextTrackView(name=item.name, language=item.language, label=item.label) for item in beside
        ],
        subtitle_files=[
            TextFileView(name=file.name, language=file.language, url=media(file))
            for file in found.companions
            if file.kind == "subtitles"
        ],
        expires_at=timestamp(grant.expires_at),
    )


def _seconds(found: Playable) -> float | None:
    durations = [file.duration_seconds for file in found.files if file.duration_seconds is not None]
    return max(durations, default=None)


def _rendition(file: PlayableFile) -> RenditionView:
    return RenditionView(
        name=file.name,
        width=file.width,
        height=file.height,
        codec=file.codec,
        bitrate_kbps=file.bitrate_kbps,
        frame_rate=file.frame_rate,
    )


def _path(job_id: UUID, file: PlayableFile, token: str) -> str:
    return f"/playback/{job_id}/{_with_token(file.file_name, token)}"


def _with_token(name: str, token: str) -> str:
    return f"{name}?token={token}"


def _stored_text(bucket: str, file: PlayableFile) -> str:
    stored = clients.s3().get_object(Bucket=bucket, Key=file.key)
    return stored["Body"].read().decode()


def _playlist(content_type: str, text: str) -> Response:
    return Response(HTTPStatus.OK.value, content_type, text, dict(COMMON_HEADERS))
