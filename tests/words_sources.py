"""Sources about which something has to be said: odd ones, protected ones, and films that lie elsewhere."""

import random
import uuid
from pathlib import Path

from tests.media import ffmpeg


def make_many_tracks(directory: Path, *, tracks: int = 9, seconds: float = 1) -> Path:
    """A small picture with more tracks of sound than a profile keeps."""
    path = directory / "many-tracks.mp4"
    sounds = [
        argument
        for number in range(tracks)
        for argument in ("-f", "lavfi", "-i", f"sine=f={300 + 100 * number}:d={seconds}")
    ]
    maps = [argument for number in range(tracks + 1) for argument in ("-map", str(number))]
    ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=s=256x144:r=25:d={seconds}", *sounds, *maps),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "64k", str(path)),
    )
    return path


def make_short(directory: Path, name: str, *more: str) -> Path:
    """A second of picture and sound in the container that the name asks for."""
    path = directory / name
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=1", "-f", "lavfi", "-i", "sine=d=1", "-shortest"),
        *("-pix_fmt", "yuv420p", *more, str(path)),
    )
    return path


def make_cenc(directory: Path, scheme: bytes = b"cenc") -> Path:
    """Really encrypted by Common Encryption; of another scheme only the name is written."""
    path = make_short(
        directory,
        f"{scheme.decode()}.mp4",
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-encryption_scheme", "cenc-aes-ctr"),
        *(
            "-encryption_key",
            "76a6c65c5ea762046bd749a2e632ccbb",
            "-encryption_kid",
            "a7e61c373e219033c21091fa607bf3b8",
        ),
    )
    data = path.read_bytes()
    place = data.index(b"schm")
    while place >= 0:
        data = data[: place + 8] + scheme + data[place + 12 :]
        place = data.find(b"schm", place + 12)
    path.write_bytes(data)
    return path


def make_renamed_entry(directory: Path, entry: bytes) -> Path:
    """An MP4 whose track of picture or sound is announced under another name, as shops do."""
    path = make_short(directory, f"{entry.decode()}.mp4", "-c:v", "libx264", "-c:a", "aac")
    clear = b"mp4a" if entry in {b"enca", b"drms", b"aavd"} else b"avc1"
    data = path.read_bytes()
    place = data.index(clear, data.index(b"stsd", data.index(b"vmhd" if clear == b"avc1" else b"smhd")))
    path.write_bytes(data[:place] + entry + data[place + 4 :])
    return path


def make_encrypted_matroska(
    directory: Path,
    *,
    algorithm: int = 5,
    compressed: bool = False,
    kind: bytes = b"\x01",
    before: bytes = b"",
) -> Path:
    """The head of a WebM with a track that is encrypted, only signed (algorithm 0), or only compressed.

    Args:
        directory: Where it is written.
        algorithm: Of the encryption.
        compressed: Whether it is only that.
        kind: Of the track: 1 picture, 2 sound.
        before: Tracks in front of it.
    """
    how = (
        _ebml("5034", _ebml("4254", b"\x03"))
        if compressed
        else _ebml("5035", _ebml("47e1", bytes([algorithm])))
    )
    encodings = _ebml("6d80", _ebml("6240", _ebml("5033", b"\x00" if compressed else b"\x01") + how))
    tracks = before + matroska_track(kind, encodings)
    segment = _ebml("1549a966", _ebml("2ad7b1", b"\x0f\x42\x40")) + _ebml("1654ae6b", tracks)
    return _write(
        directory / "locked.webm", _ebml("1a45dfa3", _ebml("4282", b"webm")) + _ebml("18538067", segment)
    )


def matroska_track(kind: bytes, more: bytes = b"") -> bytes:
    """The entry of a track: 1 picture, 2 sound."""
    return _ebml("ae", _ebml("d7", b"\x01") + _ebml("83", kind) + _ebml("86", b"V_VP9") + more)


def make_protected_wmv(directory: Path, protection: str) -> Path:
    """A WMV with one more object in its header: the one with the GUID that only protected files have."""
    path = make_short(directory, "locked.wmv", "-c:v", "wmv2", "-c:a", "wmav2")
    data = path.read_bytes()
    added = uuid.UUID(protection).bytes_le + (40).to_bytes(8, "little") + bytes(16)
    size = int.from_bytes(data[16:24], "little") + len(added)
    count = int.from_bytes(data[24:28], "little") + 1
    head = data[:16] + size.to_bytes(8, "little") + count.to_bytes(4, "little") + data[28:30]
    return _write(path, head + added + data[30:])


def make_filtered_flv(directory: Path) -> Path:
    """An FLV whose tags of picture are marked as encrypted."""
    path = make_short(directory, "locked.flv", "-c:v", "flv", "-ar", "44100")
    data = bytearray(path.read_bytes())
    place = int.from_bytes(data[5:9], "big") + 4
    while place + 11 < len(data):
        size = int.from_bytes(data[place + 1 : place + 4], "big")
        data[place] |= 0x20 if data[place] == 9 else 0
        place += 11 + size + 4
    return _write(path, bytes(data))


def make_scrambled_transport(directory: Path, *, pids: tuple[int, ...] = (0x100, 0x101)) -> Path:
    """A transport stream with the packets of some streams marked as scrambled: 256 picture, 257 sound."""
    path = make_short(directory, "locked.ts", "-c:v", "mpeg2video", "-c:a", "mp2")
    data = bytearray(path.read_bytes())
    for place in range(0, len(data), 188):
        if int.from_bytes(data[place + 1 : place + 3], "big") & 0x1FFF in pids:
            data[place + 3] |= 0x80
    return _write(path, bytes(data))


def make_noise_in_transport(directory: Path, *, pids: tuple[int, ...] = (0x100, 0x101)) -> Path:
    """Not only marked as scrambled: what is in the packets of these streams is noise."""
    path = make_scrambled_transport(directory, pids=pids)
    data, noise = bytearray(path.read_bytes()), random.Random(1)  # noqa: S311 - test material
    for place in range(0, len(data), 188):
        if data[place + 3] & 0xC0:
            start = place + 4 + (1 + data[place + 4] if data[place + 3] & 0x20 else 0)
            data[start : place + 188] = noise.randbytes(place + 188 - start)
    return _write(path, bytes(data))


def make_scrambled_program(directory: Path) -> Path:
    """A program stream whose packets of picture are marked as scrambled."""
    path = make_short(directory, "locked.vob", "-c:v", "mpeg2video", "-c:a", "mp2", "-f", "vob")
    data = bytearray(path.read_bytes())
    place = data.find(b"\x00\x00\x01\xe0")
    while place >= 0:
        data[place + 6] |= 0x10
        place = data.find(b"\x00\x00\x01\xe0", place + 4)
    return _write(path, bytes(data))


def make_reference_movie(directory: Path, *, flags: int = 0, location: bytes = b"file:///film.mov\0") -> Path:
    """The index of a movie whose picture lies elsewhere; flag 1 or no location means in this file."""
    entry = _box(b"url ", flags.to_bytes(4, "big") + location)
    handler = _box(b"hdlr", bytes(8) + b"vide" + bytes(13))
    information = _box(b"minf", _box(b"dinf", _box(b"dref", (1).to_bytes(8, "big") + entry)))
    movie = _box(b"moov", _box(b"trak", _box(b"mdia", handler + information)))
    return _write(directory / "reference.mov", _box(b"ftyp", b"qt  " + bytes(4)) + movie)


def make_list_of_references(directory: Path) -> Path:
    """A movie that only names others for QuickTime to choose from."""
    reference = _box(b"rmra", _box(b"rmda", _box(b"rdrf", bytes(4) + b"url " + b"\x00\x00\x00\x05a.mov")))
    return _write(directory / "list.mov", _box(b"moov", reference))


def _box(kind: bytes, inside: bytes) -> bytes:
    return (8 + len(inside)).to_bytes(4, "big") + kind + inside


def _ebml(name: str, inside: bytes) -> bytes:
    return bytes.fromhex(name) + (0x1000_0000 | len(inside)).to_bytes(4, "big") + inside


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
