"""Makes sources whose pictures are odd: labels of colours, crops, turns, fields and captions.

The bars of the colour makers are white, yellow, cyan, green, magenta, red and blue, in this order.
"""

import struct
from pathlib import Path

from tests.media import ffmpeg

BARS = (
    (220, 220, 220),
    (220, 220, 32),
    (32, 220, 220),
    (32, 220, 32),
    (220, 32, 220),
    (220, 32, 32),
    (32, 32, 220),
)
"""What the bars are in sRGB, within a few steps."""

_HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le")
_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def bars(size: str = "280x160", seconds: float = 1) -> tuple[str, ...]:
    """Input options for seven bars of saturated colours as RGB."""
    rows = [f"color=0x{''.join(f'{part:02x}' for part in colour)}:size=40x160:rate=25" for colour in BARS]
    stacked = "".join(f"{row}:duration={seconds}[c{at}];" for at, row in enumerate(rows))
    inputs = "".join(f"[c{at}]" for at in range(len(rows)))
    width, height = size.split("x")
    graph = f"{stacked}{inputs}hstack={len(rows)},scale={width}:{height}:flags=neighbor,format=gbrp"
    return ("-f", "lavfi", "-i", graph)


def moving(size: str = "320x180", rate: str = "25", seconds: float = 1) -> tuple[str, ...]:
    """Input options for a moving test picture."""
    return ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}")


def make_of_size(directory: Path, size: str) -> Path:
    """A moving picture of any even size."""
    path = directory / "size.mp4"
    ffmpeg(*moving(size), *_H264, str(path))
    return path


def make_labelled_by_container(directory: Path, suffix: str) -> Path:
    """HEVC with PQ in BT.2020, of which only the container tells; `suffix` is `.mp4` or `.mkv`."""
    plain, path = directory / "plain.mp4", directory / f"told{suffix}"
    ffmpeg(*moving(), *_HEVC, "-x265-params", "log-level=error", str(plain))
    labels = ("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
    ffmpeg("-i", str(plain), "-c", "copy", *labels, str(path))
    return path


def make_pq_without_primaries(directory: Path) -> Path:
    """HEVC that names the curve of PQ and nothing else."""
    path = directory / "pq.mp4"
    ffmpeg(*moving(), *_HEVC, "-x265-params", "transfer=smpte2084:log-level=error", str(path))
    return path


def make_wide_standard(directory: Path) -> Path:
    """The bars in BT.2020 and in the standard range, labelled so."""
    path = directory / "wide.mp4"
    made = "zscale=pin=bt709:tin=bt709:rin=full:p=bt2020:t=bt2020-10:m=bt2020nc:r=tv,format=yuv420p10le"
    labels = "colorprim=bt2020:transfer=bt2020-10:colormatrix=bt2020nc:range=limited:log-level=error"
    ffmpeg(*bars(), "-vf", made, *_HEVC, "-x265-params", labels, str(path))
    return path


def make_rgb(directory: Path, size: str = "1280x720") -> Path:
    """The bars as RGB in H.264."""
    path = directory / "rgb.mkv"
    ffmpeg(
        *bars(size), "-c:v", "libx264rgb", "-preset", "ultrafast", "-qp", "0", "-pix_fmt", "gbrp", str(path)
    )
    return path


def make_bars_601(directory: Path) -> Path:
    """The bars with the matrix of standard definition, as a small file without labels is understood."""
    path = directory / "bars.mp4"
    ffmpeg(*bars(), "-vf", "scale=out_color_matrix=bt601:out_range=tv,format=yuv420p", *_H264, str(path))
    return path


def make_reserved_labels(directory: Path) -> Path:
    """The bars of `make_bars_601` with three labels that have no meaning."""
    path = directory / "reserved.mp4"
    labels = "h264_metadata=colour_primaries=3:transfer_characteristics=3:matrix_coefficients=3"
    ffmpeg("-i", str(make_bars_601(directory)), "-c", "copy", "-bsf:v", labels, str(path))
    return path


def make_dolby_vision(directory: Path, *, profile: int, compatibility: int) -> Path:
    """HEVC with a configuration of Dolby Vision."""
    path = directory / "dolby.mp4"
    ffmpeg(*moving(), *_HEVC, "-x265-params", "log-level=error", "-tag:v", "hvc1", str(path))
    flags = (profile << 9) | (1 << 3) | (1 << 2) | 1
    box = struct.pack(">I4sBBHB", 32, b"dvcC", 1, 0, flags, compatibility << 4).ljust(32, b"\0")
    path.write_bytes(
        _with_box(path.read_bytes(), (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hvc1"), box)
    )
    return path


def make_matroska_crop(directory: Path) -> Path:
    """320x240, of which the container cuts off 30 lines above and below: there the picture is white."""
    path = directory / "crop.mkv"
    ffmpeg(
        *moving(),
        *("-vf", "pad=320:240:0:30:white,setsar=2", *_H264, "-write_crc32", "0", str(path)),
    )
    data = path.read_bytes()
    shown = b"\x54\xb0\x81\x08\x54\xba\x81\x03"
    assert data.count(shown) == 1
    data = data.replace(shown, b"\x54\xbb\x81\x1e\x54\xaa\x81\x1e")
    path.write_bytes(data)
    return path


def make_cropped_bitstream(directory: Path) -> Path:
    """304x172 out of 320x180: the bitstream cuts off 10 columns at the left, which are white."""
    plain, path = directory / "plain.mp4", directory / "cropped.mp4"
    ffmpeg(*moving(), "-vf", "drawbox=w=10:h=ih:color=white:t=fill", *_H264, str(plain))
    crop = "h264_metadata=crop_left=10:crop_right=6:crop_top=6:crop_bottom=14"
    ffmpeg("-i", str(plain), "-c", "copy", "-bsf:v", crop, str(path))
    return path


def make_turned(directory: Path, degrees: int) -> Path:
    """320x180 with a display matrix of any angle."""
    plain, path = directory / "plain.mp4", directory / "turned.mp4"
    ffmpeg(*moving(), *_H264, str(plain))
    ffmpeg("-i", str(plain), "-c", "copy", "-metadata:s:v:0", f"rotate={degrees}", str(path))
    return path


def make_single_fields(directory: Path, first: str = "tff") -> Path:
    """HEVC of 720x288 at 50 a second, every picture one field of 720x576; `first` is `tff` or `bff`."""
    path = directory / "fields.ts"
    order = "interleave_top" if first == "tff" else "interleave_bottom"
    fields = f"tinterlace={order},setfield={first},separatefields,setsar=64/45"
    ffmpeg(
        *(*moving("720x576", "50"), "-vf", fields, "-c:v", "libx265", "-preset", "ultrafast"),
        *("-pix_fmt", "yuv420p", "-x265-params", f"interlace={first}:log-level=error", str(path)),
    )
    return path


def _with_box(data: bytes, way: tuple[bytes, ...], box: bytes) -> bytes:
    """Append a box to the one at the end of `way`; the media must lie before it."""
    at, end, places = 0, len(data), []
    for name in way:
        while data[at + 4 : at + 8] != name:
            at += int.from_bytes(data[at : at + 4], "big")
            assert at < end, name
        places.append(at)
        end = at + int.from_bytes(data[at : at + 4], "big")
        at += {b"stsd": 16}.get(name, 8)
    changed = bytearray(data)
    for place in places:
        struct.pack_into(">I", changed, place, int.from_bytes(data[place : place + 4], "big") + len(box))
    changed[end:end] = box
    return bytes(changed)


def make_captions(directory: Path, rate: str = "30") -> Path:
    """H.264 with captions of CEA-608 on channel 1 in its picture: "Hi" again and again."""
    plain, path = directory / "plain.h264", directory / "captions.ts"
    ffmpeg(*moving(rate=rate, seconds=2), *_H264, "-g", "15", str(plain))
    pairs = ((0x94, 0x20), (0x94, 0xAE), (0x94, 0x70), (0xC8, 0xE9), (0x94, 0x2F), (0x80, 0x80))
    out, frame = bytearray(), 0
    for unit in plain.read_bytes().split(b"\0\0\0\1")[1:]:
        pieces = unit.split(b"\0\0\1")
        for piece in pieces:
            if piece[0] & 0x1F in {1, 5} and piece[1] & 0x80:  # the first slice of a picture
                out += b"\0\0\0\1" + _caption_message(pairs[frame % len(pairs)])
                frame += 1
            out += b"\0\0\0\1" + piece
    captioned = directory / "captioned.h264"
    captioned.write_bytes(bytes(out))
    ffmpeg("-r", rate, "-i", str(captioned), "-c", "copy", str(path))
    return path


def _caption_message(pair: tuple[int, int]) -> bytes:
    """A message of H.264 with one pair of bytes for field 1 and none for field 2 (ATSC A/53 Part 4)."""
    content = b"\xb5\x00\x31GA94\x03\x42\xff" + bytes((0xFC, *pair, 0xF9, 0x80, 0x80)) + b"\xff"
    return bytes((6, 4, len(content))) + content + b"\x80"
