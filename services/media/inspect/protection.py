"""Refuses early what no tool can read: protected films, and films that lie in another file.

A decoder fed with encrypted samples gives noise or an error about anything but the cause.
"""

from collections.abc import Mapping, Sequence
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
from media.containers.matroska_tracks import read_encryption
from media.containers.mp4_tracks import PROTECTED_ENTRIES, read_tracks
from media.containers.scrambled import (
    is_protected_asf,
    is_protected_flv,
    is_scrambled_program,
    is_scrambled_transport,
    scrambled_pids,
)
from media.inspect.chosen_tracks import PROTECTED
from media.inspect.describe import Described
from media.tools.errors import ErrorCode, InvalidInputError

PICTURE: Final = "video"
SOUND: Final = "audio"
_WORDS: Final = {"video": "picture", "audio": "sound"}
_SCHEMES: Final = {
    **dict.fromkeys(("cenc", "cens", "cbc1", "cbcs"), "Common Encryption"),
    "piff": "PlayReady",
    "itun": "FairPlay",
    "adrm": "Audible",
    "adkm": "Adobe Access",
}


def refuse_unreachable(path: Path, container: Container, needed: str) -> None:
    """Make sure that the media can be read at all, from what the container says of them.

    Args:
        path: The source, of which the container is known.
        container: Its format.
        needed: What cannot be done without: `video` or `audio`.

    Raises:
        InvalidInputError: All tracks of what is needed are protected, or lie in another file.
    """
    if container is MP4:
        _check_mp4(path, needed)
    elif container is MATROSKA:
        locked = _only(needed, [(track.kind, track.is_encrypted) for track in read_encryption(path)])
        if locked:
            raise _encrypted(_named(locked), "the file's own encryption")
    elif container is WINDOWS_MEDIA and is_protected_asf(path):
        raise _encrypted("film", "Windows Media DRM or PlayReady")
    elif container is FLASH and is_protected_flv(path):
        raise _encrypted("film", "Adobe Access")
    elif container is PROGRAM_STREAM and is_scrambled_program(path):
        raise _encrypted("film", "the scrambling of discs")
    elif container is TRANSPORT_STREAM and is_scrambled_transport(path, frozenset({needed})):
        raise _encrypted("film", "the scrambling of broadcasts")


def protected_tracks(described: Described) -> dict[int, str]:
    """The tracks that cannot be read without a key, by their index in the file."""
    streams = described.document.streams
    if described.container is MATROSKA:
        tracks = read_encryption(described.media.path)
        return {index: PROTECTED for index, track in enumerate(tracks) if track.is_encrypted}
    if described.container is TRANSPORT_STREAM:
        pids = {f"{pid:#x}" for pid in scrambled_pids(described.media.path)}
        # Recorders that open the packets may leave their marks; then ffprobe tells what is in them.
        closed = [stream for stream in streams if not (stream.width or stream.channels)]
        return {stream.index: PROTECTED for stream in closed if stream.id in pids}
    return {stream.index: PROTECTED for stream in streams if stream.codec_tag_string in PROTECTED_ENTRIES}


def refuse_protected(described: Described, locked: Mapping[int, str], needed: str) -> None:
    """Refuse a source once its tracks are known.

    Raises:
        InvalidInputError: All tracks of what is needed are protected.
    """
    tracks = [stream for stream in described.document.streams if stream.codec_type == needed]
    if tracks and all(stream.index in locked for stream in tracks):
        is_broadcast = described.container is TRANSPORT_STREAM
        raise _encrypted(
            _WORDS[needed], "the scrambling of broadcasts" if is_broadcast else "copy protection"
        )


def _check_mp4(path: Path, needed: str) -> None:
    tracks = read_tracks(path)
    locked = _only(needed, [(track.kind, track.scheme is not None) for track in tracks])
    if locked:
        scheme = next((track.scheme for track in tracks if track.scheme and track.kind in locked), "")
        known = _SCHEMES.get(scheme, "copy protection")
        raise _encrypted(_named(locked), f"{known} ({scheme})" if scheme else known)
    elsewhere = _only(needed, [(track.kind, track.is_elsewhere) for track in tracks])
    if elsewhere:
        what = _named(elsewhere)
        raise InvalidInputError(
            ErrorCode.INPUT_NOT_SELF_CONTAINED,
            f"The file is a reference movie: its {what} {_are(what)} in another file.",
            "Open it where the other file is, export it as a self-contained movie, and upload that; or "
            "upload the other file.",
        )


def _only(needed: str, tracks: Sequence[tuple[str, bool]]) -> set[str]:
    """The kinds of which every track is concerned; none where one of what is needed is not."""
    kinds = {PICTURE, SOUND} if needed == PICTURE else {SOUND}
    concerned = {kind for kind, _ in tracks if kind in kinds} - {kind for kind, is_so in tracks if not is_so}
    return concerned if needed in concerned else set()


def _named(kinds: set[str]) -> str:
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
