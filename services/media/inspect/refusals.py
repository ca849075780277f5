"""The words in which a source is refused, wherever that is noticed."""

import re
from typing import Final

from media.tools.errors import (
    ErrorCode,
    InvalidInputError,
    LimitExceededError,
    MediaError,
    ToolFailedError,
)
from media.tools.limits import Limits

_TOO_LARGE_PICTURE: Final = re.compile(r"exceeds specified max pixel count|Picture size \d+x\d+ is invalid")
_TOO_MANY_STREAMS: Final = ("Cannot allocate memory", "max_streams")
_REFUSED_CODEC: Final = re.compile(r"Codec \((\w+)\) not on whitelist")
_REASONS: Final = (
    ("moov atom not found", "its index (the moov box) is missing"),
    ("description is longer than", "its description is longer than any real one"),
    ("Could not find codec parameters", "what one of its tracks holds cannot be told"),
    ("EBML header parsing failed", "its header is damaged"),
    ("End of file", "it ends before anything that can be shown"),
    ("Invalid data found", "its content is damaged, or is not what its beginning announces"),
)
"""What a tool's words mean to a person who has only the file, the most telling first."""


def _reason(log: str) -> str:
    return next(
        (words for sign, words in _REASONS if sign in log), "its content is damaged or of no known kind"
    )


def names_large_picture(log: str) -> bool:
    """Whether a tool gave up on a picture because of its size."""
    return _TOO_LARGE_PICTURE.search(log) is not None


def explain(error: ToolFailedError, limits: Limits) -> MediaError:
    """Turn a failed read of a source into the error that tells its uploader what to do."""
    if names_large_picture(error.log):
        return picture_too_large("The picture", limits)
    refused = _REFUSED_CODEC.search(error.log)
    if refused is not None:
        return codec_refused(refused[1])
    if any(sign in error.log for sign in _TOO_MANY_STREAMS):
        return LimitExceededError(
            ErrorCode.LIMIT_EXCEEDED,
            f"The file needs more memory than allowed, or has more than {limits.max_streams} streams.",
            "Export the video with one video and one audio stream and upload the new file.",
        )
    return InvalidInputError(
        ErrorCode.INPUT_UNREADABLE,
        f"The file cannot be read as a video: {_reason(error.log)}.",
        "Check that the file plays, export it again as MP4, and upload the new file.",
    )


def check_duration(seconds: float | None, limits: Limits) -> None:
    """Refuse a source that declares a longer duration than allowed."""
    if (seconds or 0.0) > limits.max_duration_seconds:
        raise LimitExceededError(
            ErrorCode.LIMIT_EXCEEDED,
            f"The source lasts {seconds:.0f} seconds; at most {limits.max_duration_seconds:.0f} are allowed.",
            "Upload a shorter video, or ask the operator to raise the limit.",
        )


def picture_too_large(subject: str, limits: Limits) -> LimitExceededError:
    """The error of a picture with more pixels than the limits allow."""
    return LimitExceededError(
        ErrorCode.LIMIT_EXCEEDED,
        f"{subject} is larger than the allowed {limits.max_pixels} pixels.",
        "Scale it down and upload the new file.",
    )


def codec_refused(name: str, *, is_sound: bool = False) -> InvalidInputError:
    """The error of a codec that is not accepted."""
    if is_sound:
        return InvalidInputError(
            ErrorCode.CODEC_NOT_ALLOWED,
            f"The sound is coded as {name!r}, which is not accepted.",
            "Export the sound as AAC, MP3, FLAC or WAV and upload the new file.",
        )
    return InvalidInputError(
        ErrorCode.CODEC_NOT_ALLOWED,
        f"The codec {name!r} is not accepted.",
        "Export the video as H.264 or HEVC with AAC sound and upload the new file.",
    )
