"""Answers that show one record, with the ETag that tells its versions apart."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final
from uuid import UUID

from ledger.videos.videos import Video
from metadata_api.http.problems import Problem, ProblemCode, not_found
from metadata_api.http.responses import COMMON_HEADERS, Response, json_response
from metadata_api.jobs.rendering import record_view
from metadata_api.operations.request import ApiRequest

_REST_CHARACTERS: Final = 16
_WEAK: Final = "W/"
_MOST_DIGITS: Final = 18  # of a bigint


def record_response(video: Video, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The answer that shows a record, with its ETag."""
    answer = json_response(record_view(video), status)
    headers = {**answer.headers, "ETag": _etag(video, answer.body)}
    if status is HTTPStatus.CREATED:
        headers["Location"] = f"/metadata/{video.id}"
    return replace(answer, headers=headers)


def record_unless_known(request: ApiRequest, video: Video) -> Response:
    """The same, or 304 without a body when If-None-Match names this very answer."""
    response = record_response(video)
    etag = response.headers["ETag"]
    header = request.header("If-None-Match") or ""
    known = {tag.strip().removeprefix(_WEAK) for tag in header.split(",")}
    if etag in known or "*" in known:
        return Response(HTTPStatus.NOT_MODIFIED.value, None, "", {**COMMON_HEADERS, "ETag": etag})
    return response


def wanted_versions(request: ApiRequest) -> Sequence[int] | None:
    """People's versions named by If-Match; None when any will do. Tags this API never gave match nothing."""
    header = request.header("If-Match")
    if header is None or header.strip() == "*":
        return None
    tags = (part.strip() for part in header.split(","))
    edits = (tag[1:-1].partition(".")[0] for tag in tags if len(tag) > 2 and tag[0] == tag[-1] == '"')
    return [int(edit) for edit in edits if edit.isascii() and edit.isdigit() and len(edit) <= _MOST_DIGITS]


def why_not(video: Video | None, video_id: UUID) -> Problem:
    """Why a change of a record was refused: there is none, or somebody else has changed it."""
    if video is None:
        return not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
    detail = f"people have changed the record {video.version} times; read it again and repeat the change"
    etag = record_response(video).headers["ETag"]
    return Problem(ProblemCode.VERSION_MISMATCH, detail, headers={"ETag": etag})


def _etag(video: Video, body: str) -> str:
    """What people wrote, as a number, and a digest of everything in the answer."""
    rest = hashlib.sha256(body.encode()).hexdigest()[:_REST_CHARACTERS]
    return f'"{video.version}.{rest}"'
