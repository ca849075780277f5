"""Sources that mean harm, each with the only answer that it may get."""

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from media.tools.errors import ErrorCode
from tests import media
from tests.hostile_case import Case, Maker, raw, write
from tests.hostile_pictures import PICTURES
from tests.hostile_trap import Trap

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")


def _text(name: str, *lines: str) -> Maker:
    def make(directory: Path, trap: Trap) -> Path:
        text = "\n".join(lines).replace("FILE", str(trap.file)).replace("URL", trap.url)
        return write(directory / name, text.encode())

    return make


def _plain(maker: Callable[[Path], Path]) -> Maker:
    return lambda directory, _: maker(directory)


def _encoded(name: str, *options: str, size: str = "320x180", seconds: float = 1) -> Maker:
    def make(directory: Path, _: Trap) -> Path:
        media.ffmpeg(*media.picture(size, "25", seconds), *options, str(directory / name))
        return directory / name

    return make


_H264_HEAD = bytes.fromhex("00000001674200000000000168ce3c80")
_PACK = bytes.fromhex("000001ba44000400040100000300f8")


def _text_behind_tag(directory: Path, trap: Trap) -> Path:
    """A playlist where music is expected: behind the tag that players put in front of it."""
    playlist = "\n".join([*_HLS, str(trap.file), ""]).encode()
    return write(directory / "a.mp3", b"ID3\x03\0\0\0\0\0\x10" + b"\0" * 16 + playlist)


_HLS = ("#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:10", "#EXTINF:10,")


def _hls_in(prefix: bytes) -> Maker:
    def make(directory: Path, trap: Trap) -> Path:
        lines = "\n".join([*_HLS, str(trap.file), "#EXT-X-ENDLIST", ""])
        return write(directory / "hidden.mp4", prefix + lines.encode())

    return make


def _fifo(directory: Path, _: Trap) -> Path:
    os.mkfifo(directory / "pipe.mp4")
    return directory / "pipe.mp4"


def _link(target: str) -> Maker:
    def make(directory: Path, trap: Trap) -> Path:
        (directory / "link.mp4").symlink_to(target or trap.file)
        return directory / "link.mp4"

    return make


def _sparse_zeros(directory: Path, _: Trap) -> Path:
    with (directory / "zeros.mp4").open("wb") as file:
        file.truncate(2**31)
    return directory / "zeros.mp4"


def _many_streams(directory: Path, _: Trap) -> Path:
    path = directory / "streams.mkv"
    media.ffmpeg("-i", str(media.BIKES), *("-map", "0:v:0") * 500, "-t", "0.1", "-c", "copy", str(path))
    return path


def _long(directory: Path, _: Trap) -> Path:
    """27 hours at one frame a second."""
    path = directory / "long.mkv"
    one = directory / "one.mkv"
    media.ffmpeg("-f", "lavfi", "-i", "color=gray:size=16x16:rate=1:duration=60", "-c:v", "mpeg4", str(one))
    media.ffmpeg("-stream_loop", "1619", "-i", str(one), "-c", "copy", str(path))
    return path


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def _compressed_index(directory: Path, _: Trap) -> Path:
    """An MP4 whose compressed index unpacks to four gigabytes."""
    packed = zlib.compress(b"\0" * 2**24, 9)
    index = _box(b"cmov", _box(b"dcom", b"zlib"), _box(b"cmvd", struct.pack(">I", 0xFFFF_FF00), packed))
    return write(directory / "bomb.mp4", _box(b"ftyp", b"qt  \0\0\2\0") + _box(b"moov", index))


def _tables_without_order(directory: Path, _: Trap) -> Path:
    """A cut MP4 whose million rules of chunks would each walk a million chunks."""
    many, one = 1_000_000, struct.pack(">I", 1)
    there_and_back = struct.pack(">6I", 1, 1, 1, many + 1, 1, 1) * (many // 2)
    rules = _box(b"stsc", b"\0" * 4, struct.pack(">I", many), there_and_back)
    chunks = _box(b"stco", b"\0" * 4, struct.pack(">I", many), one * many)
    sizes = _box(b"stsz", b"\0" * 4, one, b"\xff" * 4)
    track = _box(b"trak", _box(b"mdia", _box(b"minf", _box(b"stbl", rules, chunks, sizes))))
    cut = struct.pack(">I", 4096) + b"mdat"
    return write(directory / "tables.mp4", _box(b"ftyp", b"isom\0\0\2\0") + _box(b"moov", track) + cut)


def _lying_box(directory: Path, _: Trap) -> Path:
    """A box that claims to be exabytes long."""
    lie = struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 2**62)
    return write(directory / "box.mp4", _box(b"ftyp", b"isom\0\0\2\0") + lie + b"\0" * 64)


def _nested_boxes(directory: Path, _: Trap) -> Path:
    """Boxes in boxes, thousands deep."""
    inner = b""
    for _level in range(20_000):
        inner = _box(b"moov", inner)
    return write(directory / "nested.mp4", _box(b"ftyp", b"isom\0\0\2\0") + inner)


def _null_packets(directory: Path, _: Trap) -> Path:
    """An endless transport stream in which nothing is ever sent."""
    return write(directory / "null.ts", (b"\x47\x1f\xff\x10" + b"\xff" * 184) * 150_000)


def _playlist_in_subtitles(directory: Path, trap: Trap) -> Path:
    """An AVI whose subtitles are a playlist (the GAB2 chunk of public attacks on converters)."""
    playlist = "\n".join([*_HLS, str(trap.file), "#EXTINF:10,", trap.url, "#EXT-X-ENDLIST", ""]).encode()
    gab2 = b"GAB2\0" + struct.pack("<HIHH", 2, 4, 0, 0) + struct.pack("<HI", 4, len(playlist)) + playlist
    video = struct.pack("<4s4sIHHIIIIIIII8x", b"vids", b"FMP4", 0, 0, 0, 0, 1, 25, 0, 25, 0, 0, 0)
    bitmap = struct.pack("<IiiHH4sIiiII", 40, 64, 64, 1, 24, b"FMP4", 12288, 0, 0, 0, 0)
    text = struct.pack("<4s4sIHHIIIIIIII8x", b"txts", b"\0\0\0\0", 0, 0, 0, 0, 1, 25, 0, 25, 0, 0, 0)
    main = struct.pack("<14I", 40_000, 0, 0, 0x10, 25, 0, 2, 0, 64, 64, 0, 0, 0, 0)
    header = _chunk(
        b"LIST",
        b"hdrl"
        + _chunk(b"avih", main)
        + _chunk(b"LIST", b"strl" + _chunk(b"strh", video) + _chunk(b"strf", bitmap))
        + _chunk(b"LIST", b"strl" + _chunk(b"strh", text) + _chunk(b"strf", b"")),
    )
    frames = _chunk(b"00dc", b"\0" * 64) + _chunk(b"01tx", gab2)
    movie = _chunk(b"LIST", b"movi" + frames * 3)
    return write(directory / "gab2.avi", _chunk(b"RIFF", b"AVI " + header + movie))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _cut_wmv(directory: Path, trap: Trap) -> Path:
    """The first half of a WMV; ffmpeg would take it for a shorter video."""
    path = _encoded("a.wmv", "-c:v", "wmv2")(directory, trap)
    os.truncate(path, path.stat().st_size // 2)
    return path


def _metadata_bomb(directory: Path, _: Trap) -> Path:
    """A usable MP4 with 80 MB of title and no end of tags."""
    path, words = directory / "title.mkv", directory / "title.txt"
    words.write_text(";FFMETADATA1\n" + "".join(f"tag{n}={'x' * 1_000_000}\n" for n in range(80)))
    media.ffmpeg(
        *(*media.picture("64x64", "25", 1), "-i", str(words), "-map", "0", "-map_metadata", "1"),
        *("-c:v", "mpeg4", str(path)),
    )
    return path


CASES: tuple[Case, ...] = (
    Case("hls-file", _text("a.mp4", *_HLS, "FILE", "#EXT-X-ENDLIST"), ErrorCode.INPUT_NOT_MEDIA),
    Case("hls-web", _text("a.mp4", *_HLS, "URL", "#EXT-X-ENDLIST"), ErrorCode.INPUT_NOT_MEDIA),
    Case(
        "hls-key",
        _text("a.m3u8", *_HLS[:2], '#EXT-X-KEY:METHOD=AES-128,URI="URL"', "#EXTINF:1,", "FILE"),
        ErrorCode.INPUT_NOT_MEDIA,
    ),
    Case("hls-after-bom", _hls_in(b"\xef\xbb\xbf\r\n"), ErrorCode.INPUT_NOT_MEDIA),
    Case("hls-after-nul", _hls_in(b"\0\0"), ErrorCode.INPUT_NOT_MEDIA),
    Case("hls-as-matroska", _hls_in(b"\x1a\x45\xdf\xa3" + b"\0" * 8), ErrorCode.INPUT_UNREADABLE),
    Case("hls-as-mp4", _hls_in(_box(b"ftyp", b"isom\0\0\2\0")), ErrorCode.INPUT_TRUNCATED),
    Case("hls-as-ts", _hls_in(b"\x47" + b"\0" * 187), ErrorCode.INPUT_NOT_MEDIA),
    Case("concat", _text("a.mp4", "ffconcat version 1.0", "file FILE"), ErrorCode.INPUT_NOT_MEDIA),
    Case("concat-near", _text("a.mp4", "ffconcat version 1.0", "file canary.ts"), ErrorCode.INPUT_NOT_MEDIA),
    Case(
        "dash",
        _text("a.mp4", '<?xml version="1.0"?>', "<MPD><BaseURL>URL</BaseURL></MPD>"),
        ErrorCode.INPUT_NOT_MEDIA,
    ),
    Case(
        "sdp", _text("a.mp4", "v=0", "c=IN IP4 127.0.0.1", "m=video 9 RTP/AVP 96"), ErrorCode.INPUT_NOT_MEDIA
    ),
    Case(
        "svg",
        _text("a.svg", '<svg xmlns="http://www.w3.org/2000/svg"><image href="URL"/></svg>'),
        ErrorCode.INPUT_NOT_MEDIA,
    ),
    Case("avi-gab2", _playlist_in_subtitles, ErrorCode.INPUT_UNREADABLE),
    Case("picture-16000", _plain(media.make_huge_picture), ErrorCode.LIMIT_EXCEEDED),
    Case(
        "mjpeg-9000",
        _encoded("a.avi", "-c:v", "mjpeg", "-frames:v", "1", size="9000x5000"),
        ErrorCode.LIMIT_EXCEEDED,
    ),
    Case("compressed-index", _compressed_index, ErrorCode.LIMIT_EXCEEDED),
    Case("500-streams", _many_streams, ErrorCode.LIMIT_EXCEEDED),
    Case("27-hours", _long, ErrorCode.LIMIT_EXCEEDED),
    Case("tables-without-order", _tables_without_order, ErrorCode.INPUT_TRUNCATED),
    Case("lying-box", _lying_box, ErrorCode.INPUT_TRUNCATED),
    Case("nested-boxes", _nested_boxes, ErrorCode.INPUT_UNREADABLE),
    Case("metadata-bomb", _metadata_bomb, ErrorCode.INPUT_UNREADABLE),
    Case("fifo", _fifo, ErrorCode.INPUT_NOT_MEDIA),
    Case("link-to-file", _link(""), ErrorCode.INPUT_NOT_MEDIA),
    Case("link-to-zeros", _link("/dev/zero"), ErrorCode.INPUT_NOT_MEDIA),
    Case("two-gigabytes-of-zeros", _sparse_zeros, ErrorCode.INPUT_NOT_MEDIA),
    Case("null-packets", _null_packets, ErrorCode.INPUT_UNREADABLE),
    Case("noise", _plain(media.make_noise), ErrorCode.INPUT_NOT_MEDIA),
    Case("empty", _plain(media.make_empty), ErrorCode.INPUT_EMPTY),
    Case("noise-as-wmv", raw("a.wmv", _ASF_HEADER + os.urandom(400_000)), ErrorCode.INPUT_UNREADABLE),
    Case("noise-as-ts", raw("a.ts", (b"\x47" + os.urandom(187)) * 2000), ErrorCode.INPUT_UNREADABLE),
    Case("index-cut-off", _plain(media.make_truncated_index_last), ErrorCode.INPUT_TRUNCATED),
    Case("media-cut-off", _plain(media.make_truncated_index_first), ErrorCode.INPUT_TRUNCATED),
    Case("wmv-cut-off", _cut_wmv, ErrorCode.INPUT_TRUNCATED),
    Case("matroska-cut-off", _plain(media.make_truncated_matroska), ErrorCode.INPUT_TRUNCATED),
    Case("magicyuv", _plain(media.make_refused_codec), ErrorCode.CODEC_NOT_ALLOWED),
    Case("snow", _encoded("a.avi", "-c:v", "snow", "-strict", "-2"), ErrorCode.CODEC_NOT_ALLOWED),
    Case("asus", _encoded("a.avi", "-c:v", "asv1", "-pix_fmt", "yuv420p"), ErrorCode.CODEC_NOT_ALLOWED),
    Case("jpeg-2000", _encoded("a.mov", "-c:v", "jpeg2000"), ErrorCode.CODEC_NOT_ALLOWED),
    Case("zlib", _encoded("a.mkv", "-c:v", "zlib"), ErrorCode.CODEC_NOT_ALLOWED),
    Case("text-behind-tag", _text_behind_tag, ErrorCode.INPUT_UNREADABLE, "audio"),
    Case(
        "playlist-as-y4m", _text("a.y4m", "YUV4MPEG2 W8 H8 F25:1", *_HLS, "FILE"), ErrorCode.INPUT_UNREADABLE
    ),
    Case("huge-y4m", _text("a.y4m", "YUV4MPEG2 W30000 H30000 F25:1", "FRAME"), ErrorCode.LIMIT_EXCEEDED),
    Case("noise-as-h264", raw("a.h264", _H264_HEAD + os.urandom(400_000)), ErrorCode.INPUT_UNREADABLE),
    Case("noise-as-ps", raw("a.mpg", _PACK + os.urandom(400_000)), ErrorCode.INPUT_UNREADABLE),
    Case("audio-hls", _text("a.mp3", *_HLS, "FILE", "#EXT-X-ENDLIST"), ErrorCode.INPUT_NOT_MEDIA, "audio"),
    Case("audio-27-hours", _long, ErrorCode.INPUT_NO_AUDIO, "audio"),
    Case("image-link", _link(""), ErrorCode.INPUT_NOT_MEDIA, "image"),
    Case("image-pipe", _fifo, ErrorCode.INPUT_NOT_MEDIA, "image"),
    Case(
        "image-svg",
        _text("a.png", '<svg xmlns="x"><image href="URL"/></svg>'),
        ErrorCode.INPUT_NOT_MEDIA,
        "image",
    ),
    Case("passthrough-gab2", _playlist_in_subtitles, ErrorCode.PASSTHROUGH_NOT_POSSIBLE, "passthrough"),
    Case("thumbnails-16000", _plain(media.make_huge_picture), ErrorCode.LIMIT_EXCEEDED, "thumbnails"),
    *PICTURES,
)
"""Every one must be refused; the codes are what their uploaders read."""
