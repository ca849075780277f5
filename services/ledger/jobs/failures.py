"""Turns what the workflow reports about a failed execution into a reason that people can act on."""

import json
from typing import Any

from ledger.models import Failure
from ledger.states import ErrorCode

MAX_TEXT_CHARACTERS = 2000

_RETRY_LATER = "Retry the job; if it fails again, ask the operator to look at the execution's history."

# Said when a failure brings no words of its own.
_DEFAULT_TEXTS: dict[ErrorCode, tuple[str, str]] = {
    ErrorCode.INPUT_EMPTY: ("The file is empty.", "Upload the file again."),
    ErrorCode.INPUT_ENCRYPTED: (
        "The file is protected, so nobody can read it without its key.",
        "Upload a copy without protection.",
    ),
    ErrorCode.INPUT_NOT_SELF_CONTAINED: (
        "The film lies in another file, which is not part of this one.",
        "Export it as a self-contained movie and upload that.",
    ),
    ErrorCode.INPUT_IS_PICTURE: ("The file is a picture.", "Order the job with the profile image."),
    ErrorCode.INPUT_NOT_MEDIA: ("The file is not a video in a known format.", "Upload a video file."),
    ErrorCode.INPUT_TRUNCATED: ("The file ends too early.", "Upload the complete file."),
    ErrorCode.INPUT_UNREADABLE: ("The file cannot be read.", "Export the video again and upload it."),
    ErrorCode.INPUT_NO_VIDEO: ("The file has no video track.", "Upload a file with a video track."),
    ErrorCode.INPUT_NO_AUDIO: (
        "The file has no sound.",
        "Upload a file with sound, or choose another profile.",
    ),
    ErrorCode.PASSTHROUGH_NOT_POSSIBLE: (
        "The source would have to be encoded.",
        "Order the job with a profile that encodes, for example web.",
    ),
    ErrorCode.OVERRIDE_NOT_POSSIBLE: (
        "What the job asks for does not fit its source.",
        "Order a new job with values that fit the source.",
    ),
    ErrorCode.CODEC_NOT_ALLOWED: ("The file's codec is not accepted.", "Convert it, e.g. to H.264 and AAC."),
    ErrorCode.DOLBY_VISION_ONLY: (
        "The film is Dolby Vision without a picture for other players.",
        "Export it as HDR10, HLG or a standard picture.",
    ),
    ErrorCode.LIMIT_EXCEEDED: ("The file exceeds a limit.", "Upload a smaller or shorter video."),
    ErrorCode.PICTURE_TOO_SMALL: (
        "The picture is too small for the codec.",
        "Order the job with a profile that makes H.264, for example web.",
    ),
    ErrorCode.SIZE_MISMATCH: ("The file does not have the announced size.", "Upload the file again."),
    ErrorCode.CHECKSUM_MISMATCH: ("The file does not have the announced checksum.", "Upload the file again."),
    ErrorCode.SOURCE_ARCHIVED: (
        "The file is in the archive and cannot be read at once.",
        "Ask for it with POST /metadata/{video_id}/restore and retry the job.",
    ),
    ErrorCode.SOURCE_MISSING: ("The file is no longer there.", "Upload it again as a new job."),
    ErrorCode.ENCODE_FAILED: ("The video could not be encoded.", "Export the video again and upload it."),
    ErrorCode.VERIFICATION_FAILED: ("A produced file did not pass its checks.", _RETRY_LATER),
    ErrorCode.ACCESS_DENIED: ("A service refused access.", "The operator must correct the role."),
    ErrorCode.OUT_OF_MEMORY: (
        "The processing needs more memory than the worker has.",
        "Upload a video with smaller pictures, or ask the operator for larger tasks.",
    ),
    ErrorCode.OUT_OF_SPACE: ("The worker ran out of disk space.", "The operator must give it more."),
    ErrorCode.NO_CAPACITY: (
        "AWS had no room for the job's task for too long.",
        "Retry the job; if it fails again, ask the operator about Fargate's quota.",
    ),
    ErrorCode.TASK_REFUSED: (
        "AWS refuses to start the job's task.",
        "The operator must correct the deployment and then retry the job.",
    ),
    ErrorCode.UPLOAD_EXPIRED: ("The file was not uploaded in time.", "Create a new job and upload the file."),
    ErrorCode.INTERRUPTED: ("The processing was interrupted too often.", _RETRY_LATER),
    ErrorCode.TIMED_OUT: ("The processing took longer than allowed.", "Upload a shorter video."),
    ErrorCode.INTERNAL: ("The platform failed to process the video.", _RETRY_LATER),
}

_CODES_BY_ERROR_NAME: dict[str, ErrorCode] = {
    "InvalidInput": ErrorCode.INPUT_UNREADABLE,
    "LimitExceeded": ErrorCode.LIMIT_EXCEEDED,
    "OutOfMemory": ErrorCode.OUT_OF_MEMORY,
    "ProcessingFailed": ErrorCode.ENCODE_FAILED,
    "Interrupted": ErrorCode.INTERRUPTED,
    "States.Timeout": ErrorCode.TIMED_OUT,
    "States.HeartbeatTimeout": ErrorCode.INTERRUPTED,
}


def failure(code: ErrorCode, message: str = "", remedy: str = "") -> Failure:
    """A failure whose missing texts are filled with the code's usual ones."""
    default_message, default_remedy = _DEFAULT_TEXTS[code]
    return Failure(
        code=code,
        message=_text(message) or default_message,
        remedy=_text(remedy) or default_remedy,
    )


def failure_from_workflow(error: str, cause: str) -> Failure:
    """Reads an execution's error name and cause.

    Workers send JSON with code, message and remedy as the cause. Anything else (a timeout, an ECS start
    failure, a lost Lambda) is told by the error name; its cause is internal and is not shown to people.
    """
    fallback = _CODES_BY_ERROR_NAME.get(error, ErrorCode.INTERNAL)
    told = _json_object(cause)
    try:
        code = ErrorCode(told["code"])
    except (KeyError, ValueError):
        return failure(fallback)
    return failure(code, str(told.get("message") or ""), str(told.get("remedy") or ""))


def needed_memory_mib(cause: str) -> int | None:
    """Reads from an execution's cause the least memory that a task must have; None where nobody told it."""
    told = _json_object(cause).get("needed_memory_mib")
    return told if isinstance(told, int) else None


def _json_object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _text(value: str) -> str:
    # PostgreSQL's text takes no NUL, and a mail needs no more than this.
    return value.replace("\0", "").strip()[:MAX_TEXT_CHARACTERS]
