"""Refuses early what no tool can read: protected films, and films that lie in another file.

A decoder fed with encrypted samples gives noise or an error about anything but the cause.
"""

from pathlib import Path
from typing import Final

from media.containers.formats import (
    FLASH,
    MATROSKA,
    MP4,
    PROGRAM_STREAM,
    TRANSPORT_STREAM,
    WINDOWS_MEDIA,
    Container,
)
from media.containers.matroska_tracks import encrypted_tracks
from media.containers.mp4_tracks import read_tracks
from media.containers.scrambled import (
    is_protected_asf,
    is_protected_flv,
    is_scrambled_program,
    is_scrambled_transport,
)
from media.tools.errors import ErrorCode, InvalidInputError

PICTURE_AND_SOUND: Final = frozenset({"video", "audio"})
SOUND: Final = frozenset({"audio"})
_WORDS: Final = {"video": "picture", "audio": "sound"}
_SCHEMES: Final = {
    **dict.fromkeys(("cenc", "cens", "cbc1", "cbcs"), "Common Encryption"),
    "piff": "PlayReady",
    "itun": "FairPlay",
    "adrm": "Audible",
    "adkm": "Adobe Access",
}


def refuse_unreachable(path: Path, container: Container, kinds: frozenset[str]) -> None:
    """Make sure that the media can be read at all, from what the container says of them.

    Args:
        path: The source, of which the container is known.
        container: Its format.
        kinds: What is wanted of it: `video`, `audio`, or both.

    Raises:
        InvalidInputError: What is wanted is protected, or lies in another file.
    """
    if container is MP4:
        _check_mp4(path, kinds)
    elif container is MATROSKA:
        locked = kinds.intersection(encrypted_tracks(path))
        if locked:
            raise _encrypted(_named(locked), "the file's own encryption")
    elif container is WINDOWS_MEDIA and is_protected_asf(path):
        raise _encrypted("film", "Windows Media DRM or PlayReady")
    elif container is FLASH and is_protected_flv(path):
        raise _encrypted("film", "Adobe Access")
    elif container is PROGRAM_STREAM and is_scrambled_program(path):
        raise _encrypted("film", "the scrambling of discs")
    elif container is TRANSPORT_STREAM and is_scrambled_transport(path, kinds):
        raise _encrypted("film", "the scrambling of broadcasts")


def _check_mp4(path: Path, kinds: frozenset[str]) -> None:
    tracks = [track for track in read_tracks(path) if track.kind in kinds]
    locked = {track.kind for track in tracks if track.scheme is not None}
    if locked:
        scheme = next((track.scheme for track in tracks if track.scheme), "")
        known = _SCHEMES.get(scheme, "copy protection")
        raise _encrypted(_named(locked), f"{known} ({scheme})" if scheme else known)
    elsewhere = {track.kind for track in tracks if track.is_elsewhere}
    if elsewhere:
        what = _named(elsewhere)
        raise InvalidInputError(
            ErrorCode.INPUT_NOT_SELF_CONTAINED,
            f"The file is a reference movie: its {what} {_are(what)} in another file.",
            "Open it where the other file is, export it as a self-contained movie, and upload that; or "
            "upload the other file.",
        )


def _named(kinds: set[str] | frozenset[str]) -> str:
    return " and ".join(_WORDS[kind] for kind in ("video", "audio") if kind in kinds)


def _are(what: str) -> str:
    return "are" if " and " in what else "is"


def _encrypted(what: str, by: str) -> InvalidInputError:
    return InvalidInputError(
        ErrorCode.INPUT_ENCRYPTED,
        f"The {what} {_are(what)} protected by {by} and cannot be read without a key.",
        "Upload a copy without protection: whoever made the file can export one. Keys cannot be given to the "
        "platform.",
    )
