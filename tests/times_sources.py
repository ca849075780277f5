"""Makes sources whose headers do not tell how long they last or how fast they are, and neighbours of these.

The picture is red in its first half and blue in its second, so that tests can see what is shown when.
"""

import struct
from collections.abc import Callable
from pathlib import Path

from tests.media import ffmpeg

SIZE = "320x180"
_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25")
_AAC = ("-c:a", "aac", "-b:a", "64k")


def two_colours(seconds: float, rate: str = "25") -> tuple[str, ...]:
    """Input options of a picture that is red, then blue."""
    half = seconds / 2
    return (
        *("-f", "lavfi", "-i", f"color=red:size={SIZE}:rate={rate}:duration={half}"),
        *("-f", "lavfi", "-i", f"color=blue:size={SIZE}:rate={rate}:duration={half}"),
    )


def film(
    path: Path,
    *output: str,
    seconds: float = 2,
    sound: float | None = None,
    rate: str = "25",
    chain: str = "",
) -> Path:
    """Red, then blue, with a tone of 440 Hz that lasts as long unless told otherwise; 0 for no sound."""
    lasts = seconds if sound is None else sound
    tone = ("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={lasts}") if lasts else ()
    joined = f"[0:v][1:v]concat=n=2:v=1:a=0{chain}[v]"
    ffmpeg(
        *(*two_colours(seconds, rate), *tone, "-filter_complex", joined, "-map", "[v]"),
        *(("-map", "2:a", *_AAC) if lasts else ()),
        *(*_H264, "-fps_mode", "vfr", *output, str(path)),
    )
    return path


def patched(path: Path, change: Callable[[bytearray], None]) -> Path:
    """Change the bytes of a file."""
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    return path


def put(data: bytearray, behind: bytes, value: bytes, *, skip: int = 0) -> None:
    """Write `value` at `skip` bytes behind the first place of some bytes, which must be there."""
    start = data.index(behind) + len(behind) + skip
    data[start : start + len(value)] = value


def make_late_start(directory: Path) -> Path:
    """Matroska whose first picture is at 1:00:00, as cameras that go on counting write it."""
    return film(directory / "late.mkv", "-output_ts_offset", "3600")


def make_late_cue(directory: Path) -> Path:
    """Matroska with one subtitle at ten hours."""
    words, path = directory / "words.srt", directory / "cue.mkv"
    words.write_text("1\n00:00:00,500 --> 00:00:01,500\nHello\n\n2\n09:59:58,000 --> 10:00:00,000\nNever\n")
    plain = film(directory / "plain.mkv")
    ffmpeg(
        "-i",
        str(plain),
        "-i",
        str(words),
        "-map",
        "0",
        "-map",
        "1",
        "-c",
        "copy",
        "-c:s",
        "subrip",
        str(path),
    )
    return path


def make_stale_tag(directory: Path) -> Path:
    """Matroska that was cut by a tool which left the DURATION tags of the whole film."""
    return patched(film(directory / "tag.mkv"), _stale_tag)


def _stale_tag(data: bytearray) -> None:
    tag, place = b"DURATION", 0
    while (place := data.find(tag, place + 1)) > 0:
        put_at = data.index(b"00:00:0", place)
        data[put_at : put_at + 8] = b"00:15:04"


def make_wrong_matroska_duration(directory: Path) -> Path:
    """Matroska that is whole, with a length of ten hours in its header."""
    duration = struct.pack(">d", 36_000_000.0)
    return patched(film(directory / "header.mkv"), lambda data: put(data, b"\x44\x89\x88", duration))


def make_flash_of_slow_pictures(directory: Path) -> Path:
    """FLV of 24 frames a second whose bitstream tells five."""
    return film(directory / "slow.flv", "-bsf:v", "h264_metadata=tick_rate=10", rate="24")


def make_flash_of_24_days(directory: Path) -> Path:
    """FLV with the largest number of milliseconds as its length, as a relay of streams writes it."""
    value = struct.pack(">d", 2147483.63)
    return patched(film(directory / "long.flv"), lambda data: put(data, b"duration\0", value))


def make_wrong_movie_header(directory: Path) -> Path:
    """MP4 whose movie and media headers tell forty hours."""

    def change(data: bytearray) -> None:
        put(data, b"mvhd", struct.pack(">I", 143_166 * 1000), skip=16)
        put(data, b"mdhd", struct.pack(">I", 0xFFFFFFF0), skip=16)

    return patched(film(directory / "header.mp4"), change)


def make_long_chapters(directory: Path) -> Path:
    """MP4 with a chapter that ends at thirty seconds."""
    chapters, path = directory / "chapters.txt", directory / "chapters.mp4"
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=30\ntitle=One\n")
    plain = film(directory / "plain.mp4")
    ffmpeg("-i", str(plain), "-i", str(chapters), "-map_metadata", "1", "-map", "0", "-c", "copy", str(path))
    return path


def make_edit_list(directory: Path) -> Path:
    """MP4 of three seconds of which an edit list hides the first."""
    path, whole = directory / "edit.mp4", film(directory / "whole.mp4", "-g", "100", seconds=3)
    ffmpeg("-ss", "1", "-i", str(whole), "-c", "copy", str(path))
    return path


def make_fragments(directory: Path) -> Path:
    """Fragmented MP4 as browsers record it, which states no length in front."""
    return film(directory / "fragments.mp4", "-movflags", "+frag_keyframe+empty_moov+default_base_moof")


def make_thousand_a_second(directory: Path) -> Path:
    """Matroska of 30 frames a second whose header tells that each lasts one millisecond."""
    default = struct.pack(">I", 1_000_000)
    plain = film(directory / "fast.mkv", rate="30")
    return patched(plain, lambda data: put(data, b"\x23\xe3\x83\x84", default))


def make_a_fifth_too_fast(directory: Path) -> Path:
    """Matroska of 50 frames a second whose header tells that each lasts a 60th of a second."""
    default = struct.pack(">I", 16_666_666)
    plain = film(directory / "fifth.mkv", rate="50")
    return patched(plain, lambda data: put(data, b"\x23\xe3\x83\x84", default))


def make_without_rate(directory: Path) -> Path:
    """Matroska of 24 frames a second that tells no rate, only times in whole milliseconds."""

    def change(data: bytearray) -> None:
        place = data.index(b"\x23\xe3\x83")
        data[place : place + 2] = bytes((0xEC, 0x82 + (data[place + 3] & 0x7F)))  # of no meaning

    return patched(film(directory / "no_rate.mkv", rate="24"), change)


def make_slow_motion(directory: Path) -> Path:
    """A real 300 frames a second, as cameras for slow motion record."""
    return film(directory / "slow_motion.mp4", rate="300", seconds=1)


def make_bursts(directory: Path) -> Path:
    """A screen recording on a clock of 600: 30 frames a second where something moves, and long pauses."""
    moving = ",select='lt(mod(t,2),0.5)'"
    return film(directory / "screen.mp4", "-video_track_timescale", "600", rate="30", seconds=6, chain=moving)


def make_held_picture(directory: Path) -> Path:
    """Half a second that moves, a picture that is held for ten seconds, half a second that moves."""
    still = ",select='lt(t,0.5)+gt(t,10.5)'"
    return film(directory / "held.mp4", seconds=11, chain=still)


def make_one_picture(directory: Path) -> Path:
    """One frame of a twenty-fifth of a second, and three seconds of sound."""
    return film(directory / "one.mp4", sound=3, chain=",trim=end_frame=1")


def make_short_picture(directory: Path) -> Path:
    """A picture of two seconds with four seconds of sound."""
    return film(directory / "short_picture.mkv", sound=4)


def make_short_sound(directory: Path) -> Path:
    """A picture of four seconds with one second of sound."""
    return film(directory / "short_sound.mp4", seconds=4, sound=1)


def make_apart(directory: Path, suffix: str, *, sound_seconds: float, picture_seconds: float) -> Path:
    """Picture and sound that begin at different times and end together, three seconds after the first."""
    mpeg2, theora = (
        ("-c:v", "mpeg2video", "-c:a", "mp2"),
        ("-c:v", "libtheora", "-q:v", "8", "-c:a", "libvorbis"),
    )
    codecs = {"ts": (*_H264, *_AAC), "mpg": mpeg2, "ogv": theora, "mkv": (*_H264, *_AAC)}[suffix]
    path, picture, sound = directory / f"apart.{suffix}", 3 - picture_seconds, 3 - sound_seconds
    ffmpeg(
        *(
            "-itsoffset",
            str(picture_seconds),
            "-f",
            "lavfi",
            "-i",
            f"color=red:size={SIZE}:rate=25:d={picture}",
        ),
        *("-itsoffset", str(sound_seconds), "-f", "lavfi", "-i", f"sine=f=440:r=48000:d={sound}"),
        *(
            "-vf",
            "drawbox=color=blue:t=fill:enable='gte(t,2)',noise=alls=8:allf=t",
            *codecs,
            "-muxdelay",
            "0.1",
            str(path),
        ),
    )
    return path


def make_h264_in_avi(directory: Path) -> Path:
    """AVI with H.264 and B-frames, of which ffprobe guesses twice the rate."""
    return film(directory / "camera.avi", "-bf", "2", "-preset", "veryfast")


def make_spare_bytes(directory: Path) -> Path:
    """MP4 whose media box claims eight bytes more than there are; all samples are there."""

    def change(data: bytearray) -> None:
        place = data.rindex(b"mdat") - 4
        size = struct.unpack_from(">I", data, place)[0]
        struct.pack_into(">I", data, place, size + 8)
        assert place + size == len(data)

    return patched(film(directory / "spare.mp4", "-movflags", "+faststart"), change)


def make_spare_fragment_bytes(directory: Path) -> Path:
    """Fragmented MP4 without its last index, whose last media box claims eight bytes more than there are."""

    def change(data: bytearray) -> None:
        place = data.rindex(b"mdat") - 4
        size = struct.unpack_from(">I", data, place)[0]
        struct.pack_into(">I", data, place, size + 8)
        del data[place + size :]

    return patched(make_fragments(directory), change)


def make_matroska_without_index(directory: Path) -> Path:
    """Matroska that ends inside its index: all pictures and sounds are there."""

    def change(data: bytearray) -> None:
        del data[data.rindex(b"\x1c\x53\xbb\x6b") + 9 :]

    return patched(film(directory / "index.mkv"), change)


def make_avi_without_index(directory: Path) -> Path:
    """AVI that ends where its index should begin."""

    def change(data: bytearray) -> None:
        del data[data.rindex(b"idx1") :]

    return patched(film(directory / "index.avi", "-c:v", "mpeg4"), change)


def make_windows_media_without_index(directory: Path) -> Path:
    """WMV that ends behind its last packet."""
    index = bytes.fromhex("90080033b1e5cf1189f400a0c90349cb")

    def change(data: bytearray) -> None:
        del data[data.rindex(index) :]

    return patched(film(directory / "index.wmv", "-c:v", "wmv2", "-c:a", "wmav2"), change)


def cut_inside(path: Path, missing_bytes: int) -> Path:
    """Take bytes away from the end of a file."""
    data = path.read_bytes()
    path.write_bytes(data[:-missing_bytes])
    return path
