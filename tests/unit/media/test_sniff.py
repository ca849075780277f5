"""Only real media containers get past the first bytes, and files that were cut short are found there."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.containers.completeness import check_avi_complete, check_matroska_complete, check_mp4_complete
from media.containers.sniff import identify, sniff
from media.tools.errors import (
    DamagedInputError,
    ErrorCode,
    InvalidInputError,
    LimitExceededError,
    MediaError,
)
from media.tools.limits import Limits


def _box(kind: bytes, payload: bytes = b"", *, claimed: int | None = None) -> bytes:
    return (claimed or len(payload) + 8).to_bytes(4, "big") + kind + payload


FTYP = _box(b"ftyp", b"isom\0\0\2\0isom")
MOOV = _box(b"moov", b"\0" * 40)
MDAT = _box(b"mdat", b"\0" * 400)
EBML = b"\x1a\x45\xdf\xa3\x84\x42\x86\x81\x01"


def _refusal(tmp_path: Path, data: bytes) -> MediaError:
    path = tmp_path / "source"
    path.write_bytes(data)
    with pytest.raises(MediaError) as caught:
        sniff(path, Limits())
    return caught.value


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (FTYP, "MP4"),
        (_box(b"wide") + _box(b"mdat"), "MP4"),
        (EBML, "Matroska/WebM"),
        (b"RIFF\x10\0\0\0AVI LIST", "AVI"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "WAV"),
        (b"FLV\x01\x05", "FLV"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + b"\x10\x02", "WMV"),
        (b"OggS\0\x02", "Ogg"),
        (b"\x00\x00\x01\xba\x44", "MPEG-PS"),
        ((b"\x47\x40\0\x10" + b"\xff" * 184) * 6, "MPEG-TS"),
        ((b"\0\0\0\0\x47" + b"\xff" * 187) * 6, "MPEG-TS"),
        (b"ID3\x04\0\0", "MP3"),
        (b"\xff\xfb\x90\x64" + b"\0" * 40, "MP3"),
        (b"fLaC\0\0\0\x22", "FLAC"),
        (b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0", "WAV"),
        (b"RIFF\x10\0\0\0QLCMfmt ", "QCP"),
        (b"RIFF\x10\0\0\0CDXAfmt ", "MPEG-PS"),
        (b"FORM\0\0\1\0AIFFCOMM", "AIFF"),
        (b"#!AMR\n\x3c" + b"AAAA" * 20, "AMR"),
        (b"YUV4MPEG2 W8 H8 F25:1\nFRAME\n" + b"\x80" * 96, "Y4M"),
        (b"MAC \x96\x0f\0\0", "Monkey's Audio"),
        (b"MPCKSH\0", "Musepack 8"),
        (b"MP+\x07\0", "Musepack 7"),
        (b"\0\0\1\x67\x42\0\0\1\x68\xce", "raw H.264"),
        (b"\0\0\0\1\x40\1\x0c\0\0\0\1\x42\1", "raw HEVC"),
        (bytes(300) + (b"\x47\x40\0\x10" + b"\xff" * 184) * 6, "MPEG-TS"),
        ((b"\x47\x40\0\x10" + b"\xff" * 200) * 6, "MPEG-TS"),
    ],
)
def test_each_container_is_known_by_its_first_bytes(head: bytes, name: str) -> None:
    assert identify(head).name == name


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n", "a playlist"),
        (b"\xef\xbb\xbf#EXTM3U\n", "a playlist"),
        (b"ffconcat version 1.0\nfile seg.ts\n", "text"),
        (b"<?xml version='1.0'?><MPD></MPD>", "text"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "text"),
        ("Prosa mit Umlauten: äöü".encode(), "text"),
        (b"PK\x03\x04\x14\x00\x00", "not in a known video format"),
        (b"\x7fELF\x02\x01\x01\x00", "not in a known video format"),
        (b"G" * 4096, "text"),
        (b"MPCK or any other four letters", "text"),
        (b"#!AMR-like script\nrm -r .\n", "text"),
        (b"FORM\0\0\1\0ILBMBMHD", "not in a known video format"),
        (b"\0\0\1\x06" + b"\0" * 40, "not in a known video format"),
        ((b"\xd0" * 32 + b"\0") * 10, "not in a known video format"),
        (b"\x0b\x77" + b"\0" * 400, "not in a known video format"),
        (b"\x47" * 100 + b"\0", "not in a known video format"),
        (b"\0", "not in a known video format"),
    ],
)
def test_what_is_not_media_is_refused_by_kind(tmp_path: Path, data: bytes, words: str) -> None:
    refusal = _refusal(tmp_path, data)

    assert refusal.code is ErrorCode.INPUT_NOT_MEDIA
    assert words in refusal.message


def _tag(size: int) -> bytes:
    return b"ID3\3\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes(size)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (_tag(200_000) + b"fLaC\0\0\0\x22", "FLAC"),
        (_tag(20) + _tag(300) + b"\xff\xf1\x50\x80\x01\x7f\xfc" + bytes(40), "AAC"),
        (_tag(20) + bytes(40), "MP3"),
        (_tag(20) + b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n", "MP3"),
        (_tag(20) + FTYP + MOOV, "MP3"),
    ],
)
def test_behind_a_tag_of_music_nothing_but_music_is_known(tmp_path: Path, data: bytes, name: str) -> None:
    path = tmp_path / "source"
    path.write_bytes(data)

    assert sniff(path, Limits()).name == name


def test_an_empty_file_is_refused_as_empty(tmp_path: Path) -> None:
    assert _refusal(tmp_path, b"").code is ErrorCode.INPUT_EMPTY


def test_a_file_above_the_size_limit_is_refused_with_both_numbers(tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(b"\0" * 101)

    with pytest.raises(LimitExceededError, match="101 bytes; at most 100"):
        sniff(path, Limits(max_source_bytes=100))


def test_a_pipe_and_a_link_are_refused_without_being_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")

    for name in ("pipe", "link"):
        with pytest.raises(InvalidInputError, match="not a regular file"):
            sniff(tmp_path / name, Limits())


@pytest.mark.parametrize(
    "data",
    [
        FTYP + MOOV + MDAT,
        FTYP + MDAT + MOOV,
        FTYP + MOOV + _box(b"mdat", b"\0" * 40, claimed=1)[:8] + (56).to_bytes(8, "big") + b"\0" * 40,
        FTYP + MOOV + b"\0\0\0\0mdat" + b"\0" * 100,
        FTYP + MOOV + MDAT + b"trailing rubbish",
        FTYP + MOOV + MDAT + _box(b"free", b"\0", claimed=5000),
        FTYP + MOOV + MDAT + b"\0\0\0",
    ],
)
def test_whole_mp4_files_pass(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "source"
    path.write_bytes(data)

    assert sniff(path, Limits()).name == "MP4"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ((FTYP + MDAT + MOOV)[:300], "bytes are missing"),
        ((FTYP + MOOV + MDAT)[:300], "bytes are missing"),
        ((FTYP + MOOV + MDAT)[:40], "bytes are missing"),
        (FTYP + MDAT, "index"),
        (FTYP, "index"),
    ],
)
def test_mp4_files_cut_anywhere_are_truncated(tmp_path: Path, data: bytes, words: str) -> None:
    refusal = _refusal(tmp_path, data)

    assert refusal.code is ErrorCode.INPUT_TRUNCATED
    assert words in refusal.message


@pytest.mark.parametrize(
    ("data", "is_borne"),
    [
        ((FTYP + MOOV + MDAT)[:300], True),
        ((FTYP + MOOV + MDAT)[:40], False),
        ((FTYP + MDAT + MOOV)[:300], False),
        (FTYP + MDAT, False),
    ],
)
def test_of_an_mp4_only_what_is_missing_behind_its_index_can_be_borne(
    tmp_path: Path, data: bytes, is_borne: bool
) -> None:
    path, whole, borne = tmp_path / "source", FTYP + MOOV + MDAT, list[DamagedInputError]()
    path.write_bytes(data)

    if not is_borne:
        with pytest.raises(InvalidInputError, match="INPUT_TRUNCATED"):
            sniff(path, Limits(), borne.append)
    else:
        assert sniff(path, Limits(), borne.append).name == "MP4"
    lost = [error.lost for error in borne]
    assert lost == [{"missing_bytes": len(whole) - 300, "whole_bytes": len(whole)}] * is_borne


def test_a_matroska_segment_longer_than_its_file_is_truncated(tmp_path: Path) -> None:
    refusal = _refusal(tmp_path, EBML + b"\x18\x53\x80\x67" + b"\x41\x00" + b"\0" * 200)

    assert refusal.code is ErrorCode.INPUT_TRUNCATED
    assert "56 of 271 bytes" in refusal.message


@pytest.mark.parametrize("length", [b"\x01" + b"\xff" * 7, b"\xff", b"\x40\xc8"])
def test_a_matroska_segment_of_unknown_or_right_length_passes(tmp_path: Path, length: bytes) -> None:
    path = tmp_path / "source"
    path.write_bytes(EBML + b"\x18\x53\x80\x67" + length + b"\0" * 200)

    assert sniff(path, Limits()).name == "Matroska/WebM"


@given(data=st.binary(max_size=300))
def test_no_bytes_make_the_readers_fail_in_an_unforeseen_way(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any_bytes"
    with suppress(InvalidInputError):
        identify(data)
    cut_index = FTYP + _box(b"moov", data) + _box(b"mdat", claimed=5000)
    for prefix, check in (
        (b"", check_mp4_complete),
        (cut_index, check_mp4_complete),
        (EBML, check_matroska_complete),
        (EBML + b"\x18\x53\x80\x67\x01" + b"\0" * 5 + b"\xff\xff", check_matroska_complete),
        (b"RIFF\xff\xff\xff\x00AVI ", check_avi_complete),
    ):
        path.write_bytes(prefix + data)
        with suppress(InvalidInputError):
            check(path)


def test_an_avi_of_a_gigabyte_of_nothing_is_not_walked_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "nothing"
    with path.open("wb") as file:
        file.write(b"RIFF\xff\xff\xff\x7fAVI ")
        file.truncate(1 << 30)

    check_avi_complete(path)


def test_boxes_in_boxes_without_end_are_not_followed(tmp_path: Path) -> None:
    inner = b""
    for _ in range(5000):
        inner = _box(b"trak", inner)
    refusal = _refusal(tmp_path, FTYP + _box(b"moov", inner) + _box(b"mdat", claimed=5000))

    assert refusal.code is ErrorCode.INPUT_TRUNCATED
