"""Makes a source in each format that is accepted and that ffmpeg can write: picture, and a tone of 440 Hz."""

from collections.abc import Callable
from pathlib import Path

from tests.media import ffmpeg, picture

SECONDS = 2.0
_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_TONE = ("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={SECONDS}")

FILMS: dict[str, tuple[str, ...]] = {
    "mpeg1.mpg": ("-c:v", "mpeg1video", "-c:a", "mp2", "-f", "mpeg"),
    "mpeg2.vob": ("-c:v", "mpeg2video", "-c:a", "ac3", "-f", "vob"),
    "pcm.vob": ("-c:v", "mpeg2video", "-c:a", "pcm_dvd", "-f", "dvd"),
    "latm.ts": (*_H264, "-c:a", "aac", "-mpegts_flags", "latm"),
    "dts.ts": (*_H264, "-c:a", "dca", "-strict", "-2", "-ac", "2"),
    "s302m.ts": ("-c:v", "mpeg2video", "-c:a", "s302m", "-strict", "-2", "-ac", "2"),
    "truehd.mkv": (*_H264, "-c:a", "truehd", "-strict", "-2", "-ac", "2"),
    "tape.dv": ("-s", "720x576", "-pix_fmt", "yuv420p", "-ac", "2"),
    "camera.mxf": ("-c:v", "mpeg2video", "-c:a", "pcm_s16le"),
    "old.rm": ("-c:v", "rv20", "-s", "352x288", "-c:a", "ac3"),
    "archive.mkv": ("-c:v", "ffv1", "-c:a", "pcm_f64le"),
    "capture.avi": ("-c:v", "utvideo", "-c:a", "pcm_s16le"),
    "cinepak.avi": ("-c:v", "cinepak", "-s", "160x120", "-c:a", "adpcm_yamaha"),
    "animation.mov": ("-c:v", "qtrle", "-c:a", "pcm_s16be"),
    "sorenson.mov": ("-c:v", "svq1", "-s", "320x176", "-c:a", "alac"),
    "screen.flv": ("-c:v", "flashsv", "-c:a", "nellymoser", "-ar", "22050"),
    "cineform.mov": ("-c:v", "cfhd", "-pix_fmt", "yuv422p10le", "-c:a", "pcm_s24le"),
}
"""With picture and sound."""

PICTURES: dict[str, tuple[str, ...]] = {
    "bare.h264": _H264,
    "bare.hevc": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
    "bare.m1v": ("-c:v", "mpeg1video"),
    "bare.m2v": ("-c:v", "mpeg2video"),
    "bare.m4v": ("-c:v", "mpeg4", "-f", "m4v"),
    "bare.ivf": ("-c:v", "libvpx", "-deadline", "realtime"),
    "bare.obu": ("-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime"),
    "bare.y4m": ("-pix_fmt", "yuv420p"),
    "moving.gif": ("-loop", "0"),
    "moving.apng": ("-plays", "0"),
}
"""Without sound."""

SOUNDS: dict[str, tuple[str, ...]] = {
    "plain.mp3": ("-c:a", "mp3", "-write_xing", "0", "-id3v2_version", "0"),
    "layer2.mp2": ("-c:a", "mp2"),
    "bare.ac3": ("-c:a", "ac3"),
    "bare.eac3": ("-c:a", "eac3"),
    "bare.dts": ("-c:a", "dca", "-strict", "-2", "-ac", "2"),
    "bare.aac": ("-c:a", "aac"),
    "bare.gsm": ("-c:a", "libgsm", "-ar", "8000"),
    "gsm.wav": ("-c:a", "libgsm_ms", "-ar", "8000"),
    "float64.wav": ("-c:a", "pcm_f64le"),
    "rf64.wav": ("-c:a", "pcm_s16le", "-rf64", "always"),
    "voice.wav": ("-c:a", "g723_1", "-ar", "8000", "-b:a", "6300"),
    "wide.wav": ("-c:a", "g722", "-ar", "16000"),
    "long.w64": (),
    "apple.aiff": (),
    "apple.caf": (),
    "unix.au": (),
    "music.wv": (),
    "music.tta": (),
    "voice.ogg": ("-c:a", "libspeex", "-ar", "16000"),
}


def make_film(directory: Path, name: str) -> Path:
    """A film of `FILMS`."""
    ffmpeg(*picture("320x180", "25", SECONDS), *_TONE, *FILMS[name], str(directory / name))
    return directory / name


def make_picture(directory: Path, name: str) -> Path:
    """A bare picture of `PICTURES`."""
    ffmpeg(*picture("320x180", "25", SECONDS), *PICTURES[name], str(directory / name))
    return directory / name


def make_sound(directory: Path, name: str) -> Path:
    """Sound of `SOUNDS`."""
    ffmpeg(*_TONE, *SOUNDS[name], str(directory / name))
    return directory / name


def _tag(size: int) -> bytes:
    digits = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + digits + b"\0" * size


def _broadcast(directory: Path) -> bytes:
    ffmpeg(*picture("320x180", "25", SECONDS), *_TONE, *_H264, "-c:a", "aac", str(directory / "broadcast.ts"))
    return (directory / "broadcast.ts").read_bytes()


def _packets(data: bytes) -> list[bytes]:
    return [data[place : place + 188] for place in range(0, len(data), 188)]


def _mp3(directory: Path) -> bytes:
    return make_sound(directory, "plain.mp3").read_bytes()


DAMAGED_FILMS: dict[str, Callable[[Path], bytes]] = {
    "inside-a-packet.ts": lambda directory: _broadcast(directory)[100:],
    "behind-junk.ts": lambda directory: b"HTTP/1.1 200 OK\r\n\xff\0" + b"x" * 700 + _broadcast(directory),
    "204.ts": lambda directory: b"".join(packet + bytes(16) for packet in _packets(_broadcast(directory))),
    "192.m2ts": lambda directory: b"".join(
        b"\0\0\0\1" + packet for packet in _packets(_broadcast(directory))
    ),
}
BARE_PARTS: dict[str, Callable[[Path], bytes]] = {
    "message-first.h264": lambda directory: _units(directory, "bare.h264", lambda kind: kind & 0x1F == 6),
    "message-first.hevc": lambda directory: _units(directory, "bare.hevc", lambda kind: kind >> 1 == 39),
}
"""Bare pictures whose messages come before their sets of parameters."""
DAMAGED_SOUNDS: dict[str, Callable[[Path], bytes]] = {
    "behind-noise.mp3": lambda directory: bytes(range(1, 250)) * 20 + _mp3(directory),
    "behind-zeros.mp3": lambda directory: bytes(3000) + _mp3(directory),
    "two-tags.mp3": lambda directory: _tag(70_000) + _tag(500) + _mp3(directory),
    "tagged.aac": lambda directory: _tag(10_000) + make_sound(directory, "bare.aac").read_bytes(),
    "tagged.ac3": lambda directory: _tag(300) + make_sound(directory, "bare.ac3").read_bytes(),
}


def _units(directory: Path, name: str, comes_first: Callable[[int], bool]) -> bytes:
    """A bare stream with some of its units in front."""
    units = make_picture(directory, name).read_bytes().replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
    first = [unit for unit in units if comes_first(unit[0])]
    assert first
    return b"".join(b"\0\0\0\1" + unit for unit in [*first, *(unit for unit in units if unit not in first)])


def make_damaged(directory: Path, name: str) -> Path:
    """A file of `DAMAGED_FILMS`, `BARE_PARTS` or `DAMAGED_SOUNDS`: one that is put out of order."""
    path = directory / name
    path.write_bytes((DAMAGED_FILMS | BARE_PARTS | DAMAGED_SOUNDS)[name](directory))
    return path
