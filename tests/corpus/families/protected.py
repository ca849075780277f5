"""Protected files: refused by the name of their protection, or made without the track that is protected."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from media.tools.errors import ErrorCode
from tests import words_sources as sources
from tests.corpus.member import Make, Member, Right

_SCHEMES: Final = (b"cenc", b"cens", b"cbc1", b"cbcs", b"piff")
_PICTURES: Final = (b"encv", b"drmi", b"p264")
_SOUNDS: Final = (b"enca", b"drms", b"aavd")
_WINDOWS: Final = (
    "2211b3fb-bd23-11d2-b4b7-00a0c955fc6e",
    "298ae614-2622-4c17-b935-dae07ee9289c",
    "43058533-6981-49e6-9b74-ad12cb86d58c",
)
_PROFILES: Final = ("web", "audio", "thumbnails", "passthrough", "hevc-to-h264")


def draw(random: Random) -> Member:
    """A protected file, or one of which a part is protected."""
    return random.choice((_whole, _whole, _picture, _sound, _elsewhere))(random)


def _refused(name: str, make: Make, words: str, profile: str) -> Member:
    right = Right(refused=(ErrorCode.INPUT_ENCRYPTED,), words=words)
    return Member(name=f"{name} for {profile}", make=make, right=right, profile=profile)


def _whole(random: Random) -> Member:
    scheme, protection = random.choice(_SCHEMES), random.choice(_WINDOWS)
    kinds: tuple[tuple[str, Make, str], ...] = (
        (f"mp4 {scheme.decode()}", partial(sources.make_cenc, scheme=scheme), scheme.decode()),
        ("wmv", partial(sources.make_protected_wmv, protection=protection), "Windows Media DRM"),
        ("ts", partial(sources.make_noise_in_transport, pids=(0x100, 0x101)), "scrambling of broadcasts"),
    )
    name, make, words = random.choice(kinds)
    return _refused(name, make, words, random.choice(_PROFILES))


def _picture(random: Random) -> Member:
    """The picture alone: no film is left, but the sound can be taken."""
    entry = random.choice(_PICTURES[:2])
    kinds: tuple[tuple[str, Callable[[Path], Path], str], ...] = (
        (f"mp4 {entry.decode()}", partial(sources.make_renamed_entry, entry=entry), "picture is protected"),
        ("webm", sources.make_encrypted_matroska, "file's own encryption"),
        ("flv", sources.make_filtered_flv, "Adobe Access"),
        ("vob", sources.make_scrambled_program, "scrambling of discs"),
        ("ts", partial(sources.make_noise_in_transport, pids=(0x100,)), "scrambling of broadcasts"),
    )
    name, make, words = random.choice(kinds)
    if name.startswith("mp4") and random.choice((False, True)):
        return Member(
            name=f"{name} for audio", make=make, right=Right(seconds=1.0, tracks=1), profile="audio"
        )
    return _refused(name, make, words, random.choice(("web", "thumbnails", "hevc-to-h264")))


def _sound(random: Random) -> Member:
    """The sound alone: the film is made without it, and that is said."""
    entry = random.choice(_SOUNDS)
    name, make = random.choice(
        (
            (f"mp4 {entry.decode()}", partial(sources.make_renamed_entry, entry=entry)),
            ("ts", partial(sources.make_noise_in_transport, pids=(0x101,))),
        )
    )
    if random.choice((False, True)):
        return _refused(f"{name} in the sound", make, "protected", "audio")
    right = Right(seconds=1.0, tracks=0, said=("TRACKS_LEFT_OUT",))
    return Member(name=f"{name} in the sound for web", make=make, right=right)


def _elsewhere(random: Random) -> Member:
    """Not protected, but not there either."""
    make = random.choice((sources.make_reference_movie, sources.make_list_of_references))
    right = Right(refused=(ErrorCode.INPUT_NOT_SELF_CONTAINED,), words="in another file")
    # The first has no track of sound at all, here or elsewhere.
    wanted = [name for name in _PROFILES if make is not sources.make_reference_movie or name != "audio"]
    profile = random.choice(wanted)
    return Member(name=f"{make.__name__} for {profile}", make=make, right=right, profile=profile)
