"""Protected films and films that lie elsewhere are refused early, by name, and nothing else is."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from media.containers.formats import MATROSKA
from media.containers.mp4_tracks import _Index
from media.containers.sniff import sniff
from media.inspect.describe import Described
from media.inspect.ffprobe import ProbeDocument
from media.inspect.inspection import inspect_audio, inspect_source
from media.inspect.protection import PICTURE, SOUND, protected_tracks, refuse_unreachable
from media.produce.produce import produce
from media.tools.command import MediaInput
from media.tools.errors import ErrorCode, InvalidInputError
from media.tools.limits import Budget, Limits
from media.tools.session import Session
from media.tools.warnings import WarningCode
from profiles import get_profile
from tests import words_sources as sources
from tests.this_machine import THIS_MACHINE

pytestmark = pytest.mark.integration

Make = Callable[[Path], Path]
WMV_PROTECTIONS = (
    "2211b3fb-bd23-11d2-b4b7-00a0c955fc6e",
    "298ae614-2622-4c17-b935-dae07ee9289c",
    "43058533-6981-49e6-9b74-ad12cb86d58c",
)
PROTECTED: dict[str, tuple[Make, str]] = {
    "cenc": (sources.make_cenc, "picture and sound are protected by Common Encryption (cenc)"),
    "cbcs": (partial(sources.make_cenc, scheme=b"cbcs"), "Common Encryption (cbcs)"),
    "playready": (partial(sources.make_cenc, scheme=b"piff"), "PlayReady (piff)"),
    "unnamed": (
        partial(sources.make_renamed_entry, entry=b"encv"),
        "picture is protected by copy protection",
    ),
    "rented": (partial(sources.make_renamed_entry, entry=b"drmi"), "picture is protected by FairPlay"),
    "bought song": (partial(sources.make_renamed_entry, entry=b"drms"), "sound is protected by FairPlay"),
    "audio book": (partial(sources.make_renamed_entry, entry=b"aavd"), "sound is protected by Audible"),
    "matroska": (sources.make_encrypted_matroska, "picture is protected by the file's own encryption"),
    "flash": (sources.make_filtered_flv, "Adobe Access"),
    "broadcast": (sources.make_scrambled_transport, "the scrambling of broadcasts"),
    "disc": (sources.make_scrambled_program, "the scrambling of discs"),
    **{
        f"windows {number}": (partial(sources.make_protected_wmv, protection=protection), "Windows Media DRM")
        for number, protection in enumerate(WMV_PROTECTIONS)
    },
}
ELSEWHERE: dict[str, Make] = {
    "reference": sources.make_reference_movie,
    "list of references": sources.make_list_of_references,
}
USABLE: dict[str, Make] = {
    "signed": partial(sources.make_encrypted_matroska, algorithm=0),
    "compressed": partial(sources.make_encrypted_matroska, compressed=True),
    "one programme in clear": partial(sources.make_scrambled_transport, pids=(0x101,)),
    "self-contained": partial(sources.make_reference_movie, flags=1),
    "no location": partial(sources.make_reference_movie, location=b""),
    **{
        name: partial(sources.make_short, name=name)
        for name in ("clear.mp4", "clear.mkv", "clear.wmv", "clear.ts", "clear.vob", "clear.mov")
    },
}


def check(path: Path, needed: str = PICTURE) -> None:
    refuse_unreachable(path, sniff(path, Limits()), needed)


@pytest.mark.parametrize(("make", "words"), PROTECTED.values(), ids=PROTECTED)
def test_a_protected_source_is_refused_by_its_protection(make: Make, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check(make(tmp_path), SOUND if words.startswith("sound") else PICTURE)

    assert caught.value.code is ErrorCode.INPUT_ENCRYPTED
    assert words in caught.value.message
    assert "without protection" in caught.value.remedy


@pytest.mark.parametrize("make", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_film_that_lies_in_another_file_is_refused(make: Make, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check(make(tmp_path))

    assert caught.value.code is ErrorCode.INPUT_NOT_SELF_CONTAINED
    assert "film.mov" not in caught.value.message


def test_the_sound_of_a_list_of_references_is_elsewhere_too(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check(sources.make_list_of_references(tmp_path), SOUND)

    assert caught.value.code is ErrorCode.INPUT_NOT_SELF_CONTAINED


@pytest.mark.parametrize("make", USABLE.values(), ids=USABLE)
def test_a_source_that_can_be_read_is_let_through(make: Make, tmp_path: Path) -> None:
    check(make(tmp_path))


def test_sound_in_clear_may_be_taken_from_beside_a_protected_picture(tmp_path: Path) -> None:
    check(sources.make_renamed_entry(tmp_path, b"encv"), SOUND)
    with pytest.raises(InvalidInputError):
        check(sources.make_renamed_entry(tmp_path, b"enca"), SOUND)


def test_a_picture_in_clear_is_taken_without_its_protected_sound(tmp_path: Path) -> None:
    limits = Limits()
    session = Session(workdir=tmp_path, limits=limits, budget=Budget(limits.work_seconds), threads=1)

    source = inspect_source(session, sources.make_renamed_entry(tmp_path, b"enca"))

    assert source.audios == ()
    assert [(warning.code, dict(warning.facts)["tracks"]) for warning in session.warnings] == [
        (WarningCode.TRACKS_LEFT_OUT, "2")
    ]
    assert "is protected and is left out" in session.warnings[0].message


@pytest.mark.parametrize(("pids", "look"), [((0x101,), inspect_audio), ((0x100,), inspect_source)])
def test_a_scrambled_track_of_a_broadcast_is_refused_by_its_protection(
    tmp_path: Path, pids: tuple[int, ...], look: Callable[[Session, Path], object]
) -> None:
    with pytest.raises(InvalidInputError, match="the scrambling of broadcasts") as caught:
        look(_session(tmp_path), sources.make_noise_in_transport(tmp_path, pids=pids))

    assert caught.value.code is ErrorCode.INPUT_ENCRYPTED


def test_a_scrambled_track_beside_a_picture_in_clear_is_left_out_as_protected(tmp_path: Path) -> None:
    session = _session(tmp_path)

    source = inspect_source(session, sources.make_noise_in_transport(tmp_path, pids=(0x101,)))

    assert source.audios == ()
    assert ["is protected and is left out" in warning.message for warning in session.warnings] == [True]


def test_a_mark_that_a_recorder_left_behind_does_no_harm(tmp_path: Path) -> None:
    session = _session(tmp_path)

    source = inspect_source(session, sources.make_scrambled_transport(tmp_path, pids=(0x101,)))

    assert len(source.audios) == 1
    assert session.warnings == []


def _session(directory: Path) -> Session:
    limits = Limits()
    return Session(workdir=directory, limits=limits, budget=Budget(limits.work_seconds), threads=1)


def test_an_encrypted_track_of_matroska_is_known_by_its_place(tmp_path: Path) -> None:
    picture = sources.matroska_track(b"\x01")
    path = sources.make_encrypted_matroska(tmp_path, kind=b"\x02", before=picture)
    check(path)
    with pytest.raises(InvalidInputError):
        check(path, SOUND)

    media = MediaInput(path=path, formats=("matroska",), codecs=())
    described = Described(media=media, container=MATROSKA, document=ProbeDocument())
    assert protected_tracks(described) == {1: "is protected"}


@pytest.mark.parametrize("name", ["web", "audio", "thumbnails", "passthrough"])
def test_every_profile_refuses_a_protected_source_before_a_tool_reads_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = sources.make_cenc(tmp_path)
    # With no tools on the path, whatever started one would fail for another reason.
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(InvalidInputError) as caught:
        produce(
            source,
            profile=get_profile(name),
            workdir=tmp_path,
            limits=Limits(),
            size=THIS_MACHINE,
            report=lambda _: None,
        )

    assert caught.value.code is ErrorCode.INPUT_ENCRYPTED


def test_an_index_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "endless.mp4"
    path.write_bytes(b"\0\0\0\x08ftyp" + b"\0\0\0\x10moov\0\0\0\x08trak" * 200_000)
    with path.open("rb") as file:
        index = _Index(file)
        assert index.tracks(path.stat().st_size) == []
        assert file.tell() < path.stat().st_size
