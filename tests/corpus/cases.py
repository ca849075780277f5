"""One source for each thing that can be special about a source."""

from dataclasses import dataclass
from pathlib import Path

from media.tools.errors import ErrorCode
from tests import media

_AAC = ("-c:a", "aac", "-b:a", "96k")
_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One source and what must come of it.

    Attributes:
        name: For people.
        file: File name; its end chooses the container.
        steps: ffmpeg's arguments; the last step writes the file, every step may read `{dir}`.
        size: Width and height of the largest rendition.
        rate: Frames a second of all renditions; None where it depends on the content.
        channels: Of every track of sound, in order.
        texts: How many subtitles are kept.
        seconds: Length of the renditions.
        refused: The only answer, for sources that are not accepted.
    """

    name: str
    file: str
    steps: tuple[tuple[str, ...], ...]
    size: tuple[int, int] = (320, 180)
    rate: float | None = 25.0
    channels: tuple[int, ...] = ()
    texts: int = 0
    seconds: float = 1.0
    refused: ErrorCode | None = None

    def make(self, directory: Path) -> Path:
        """Write the source."""
        for step in self.steps:
            media.ffmpeg(*(part.replace("{dir}", str(directory)) for part in step))
        return directory / self.file


def _shot(size: str = "320x180", rate: str = "25", seconds: float = 1) -> tuple[str, ...]:
    return media.picture(size, rate, seconds)


def _sound(channels: int = 2, rate: int = 48_000, seconds: float = 1) -> tuple[str, ...]:
    expressions = "|".join(f"0.3*sin({300 + 100 * number}*t)" for number in range(channels))
    layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[channels]
    source = f"aevalsrc={expressions}:channel_layout={layout}:sample_rate={rate}:duration={seconds}"
    return ("-f", "lavfi", "-i", source)


def _one(name: str, file: str, *arguments: str, **expected: object) -> Case:
    step = (*arguments, f"{{dir}}/{file}")
    return Case(name=name, file=file, steps=(step,), **expected)  # type: ignore[arg-type]


def _of_picture(name: str, file: str, *options: str, shot: tuple[str, ...] = (), **expected: object) -> Case:
    return _one(name, file, *(shot or _shot()), *options, **expected)


def _with_sound(name: str, file: str, *options: str, sound: tuple[str, ...] = (), **expected: object) -> Case:
    expected.setdefault("channels", (2,))
    return _one(name, file, *_shot(), *(sound or _sound()), *options, **expected)


SHAPES = (
    _of_picture("1080p", "a.mp4", *_X264, shot=_shot("1920x1080"), size=(1920, 1080)),
    _of_picture("between-rungs", "a.mp4", *_X264, shot=_shot("1600x900"), size=(1600, 900)),
    _of_picture("portrait", "a.mp4", *_X264, shot=_shot("270x480"), size=(270, 480)),
    _of_picture("square", "a.mp4", *_X264, shot=_shot("240x240"), size=(240, 240)),
    _of_picture("odd-both", "a.mkv", "-c:v", "libx264", "-pix_fmt", "yuv444p", shot=_shot("321x181")),
    _of_picture("odd-height", "a.webm", "-c:v", "libvpx", shot=_shot("320x181")),
    _of_picture("tiny", "a.mp4", *_X264, shot=_shot("48x32"), size=(48, 32)),
    _of_picture("wide-strip", "a.mp4", *_X264, shot=_shot("640x80"), size=(640, 80)),
    _of_picture("tall-strip", "a.mp4", *_X264, shot=_shot("64x640"), size=(64, 640)),
    _of_picture("wide-pixels", "a.mp4", *_X264, "-aspect", "16:9", shot=_shot("240x180")),
    _of_picture("tall-pixels", "a.mkv", *_X264, "-vf", "setsar=1/2", shot=_shot("320x180"), size=(320, 360)),
    *(
        Case(
            name=f"turned-{degrees}",
            file="a.mp4",
            steps=(
                (*_shot(), *_X264, "{dir}/flat.mp4"),
                ("-i", "{dir}/flat.mp4", "-c", "copy", "-metadata:s:v:0", f"rotate={degrees}", "{dir}/a.mp4"),
            ),
            size=(320, 180) if degrees == 180 else (180, 320),
        )
        for degrees in (90, 180, 270)
    ),
)

RATES = (
    *(
        _of_picture(f"rate-{rate.replace('/', '-')}", "a.mp4", *_X264, shot=_shot(rate=rate), rate=wanted)
        for rate, wanted in (
            ("24000/1001", 23.976),
            ("24", 24.0),
            ("30000/1001", 29.97),
            ("48", 48.0),
            ("50", 50.0),
            ("60000/1001", 59.94),
            ("60", 60.0),
            ("120", 60.0),
            ("15", 15.0),
        )
    ),
    _of_picture("slide-show", "a.mp4", *_X264, shot=_shot(rate="1", seconds=3), rate=10.0, seconds=3.0),
    _of_picture(
        "uneven",
        "a.mp4",
        *_X264,
        "-vf",
        "select='lt(mod(n,7),4)'",
        "-fps_mode",
        "vfr",
        shot=_shot(rate="60", seconds=2),
        rate=None,
        seconds=2.0,
    ),
    _of_picture(
        "stands-still",
        "a.mkv",
        *_X264,
        "-vf",
        "select='lt(t,0.5)+gte(t,2)'",
        "-fps_mode",
        "vfr",
        shot=_shot(seconds=2.5),
        rate=None,
        seconds=2.5,
    ),
    _of_picture(
        "fields-upper-mpeg2",
        "a.mpg",
        "-vf",
        "tinterlace=mode=interleave_top,setfield=tff",
        "-c:v",
        "mpeg2video",
        "-b:v",
        "4M",
        "-flags",
        "+ildct+ilme",
        "-top",
        "1",
        shot=_shot(rate="50"),
    ),
    _of_picture(
        "fields-lower-h264",
        "a.ts",
        "-vf",
        "tinterlace=mode=interleave_bottom,setfield=bff",
        *_X264,
        "-x264opts",
        "bff=1",
        shot=_shot(rate="50"),
    ),
)

COLOURS = (
    _of_picture("10-bit-422", "a.mov", "-c:v", "libx264", "-pix_fmt", "yuv422p10le"),
    _of_picture("10-bit-hevc", "a.mp4", *_X265, "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"),
    _of_picture("444", "a.mkv", "-c:v", "libx264", "-pix_fmt", "yuv444p"),
    _of_picture("rgb", "a.mkv", "-c:v", "libx264rgb", "-pix_fmt", "rgb24"),
    _of_picture("full-range", "a.mp4", "-c:v", "libx264", "-pix_fmt", "yuvj420p"),
    _of_picture("grey", "a.mp4", "-c:v", "libx264", "-pix_fmt", "gray"),
    *(
        _of_picture(
            name,
            "a.mp4",
            *_X265,
            "-pix_fmt",
            "yuv420p10le",
            "-color_primaries",
            "bt2020",
            "-color_trc",
            transfer,
            "-colorspace",
            "bt2020nc",
            "-color_range",
            "tv",
        )
        for name, transfer in (("hdr10", "smpte2084"), ("hlg", "arib-std-b67"))
    ),
)

SOUNDS = (
    _with_sound("mono", "a.mp4", *_X264, *_AAC, sound=_sound(1), channels=(1,)),
    _with_sound("surround-5.1", "a.mp4", *_X264, *_AAC, sound=_sound(6)),
    _with_sound("surround-7.1", "a.mkv", *_X264, "-c:a", "flac", sound=_sound(8)),
    _with_sound("telephone", "a.mov", *_X264, "-c:a", "pcm_mulaw", sound=_sound(1, 8000), channels=(1,)),
    _with_sound("studio", "a.mkv", *_X264, "-c:a", "flac", sound=_sound(2, 96_000)),
    _with_sound("silence", "a.mp4", *_X264, *_AAC, sound=("-f", "lavfi", "-t", "1", "-i", "anullsrc")),
    _with_sound("sound-longer", "a.mp4", *_X264, *_AAC, sound=_sound(seconds=2)),
    _with_sound("sound-shorter", "a.mp4", *_X264, *_AAC, sound=_sound(seconds=0.4)),
    _with_sound("late-sound", "a.mp4", *_X264, *_AAC, sound=("-itsoffset", "0.4", *_sound(seconds=0.6))),
    _one(
        "late-picture",
        "a.mkv",
        *_sound(seconds=1.5),
        "-itsoffset",
        "0.5",
        *_shot(),
        *_X264,
        *_AAC,
        channels=(2,),
        seconds=1.5,
    ),
    _one(
        "languages",
        "a.mkv",
        *_shot(),
        *_sound(),
        *_sound(1),
        *_sound(6),
        "-map",
        "0",
        "-map",
        "1",
        "-map",
        "2",
        "-map",
        "3",
        *_X264,
        "-c:a",
        "flac",
        "-metadata:s:a:0",
        "language=eng",
        "-metadata:s:a:1",
        "language=ger",
        channels=(2, 1, 2),
    ),
)

CONTAINERS = (
    _with_sound("fragments", "a.mp4", *_X264, *_AAC, "-movflags", "frag_keyframe+empty_moov"),
    _with_sound("mov-prores", "a.mov", "-c:v", "prores_ks", "-c:a", "pcm_s16le"),
    _with_sound("mkv-hevc-ac3", "a.mkv", *_X265, "-c:a", "ac3"),
    _with_sound("webm-vp8-vorbis", "a.webm", "-c:v", "libvpx", "-c:a", "libvorbis"),
    _with_sound("webm-vp9-opus", "a.webm", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus"),
    _with_sound("webm-av1-opus", "a.webm", "-c:v", "libsvtav1", "-preset", "12", "-c:a", "libopus"),
    _with_sound("mp4-av1", "a.mp4", "-c:v", "libsvtav1", "-preset", "12", *_AAC),
    _with_sound("avi-mpeg4-mp3", "a.avi", "-c:v", "mpeg4", "-vtag", "XVID", "-c:a", "libmp3lame"),
    _with_sound("avi-msmpeg4", "a.avi", "-c:v", "msmpeg4", "-c:a", "adpcm_ms"),
    _with_sound("avi-mjpeg-pcm", "a.avi", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"),
    _with_sound("ts-h264-aac", "a.ts", *_X264, *_AAC),
    _with_sound("ts-mpeg2-mp2", "a.ts", "-c:v", "mpeg2video", "-c:a", "mp2"),
    _with_sound("camera-ts-192", "a.m2ts", *_X264, "-c:a", "ac3", "-mpegts_m2ts_mode", "1"),
    _with_sound("mpg-mpeg1", "a.mpg", "-c:v", "mpeg1video", "-c:a", "mp2"),
    _with_sound("flv-h264", "a.flv", *_X264, *_AAC),
    _with_sound("flv-sorenson", "a.flv", "-c:v", "flv1", "-c:a", "libmp3lame", sound=_sound(2, 44_100)),
    _with_sound("ogv-theora", "a.ogv", "-c:v", "libtheora", "-c:a", "libvorbis"),
    _with_sound("3gp-h263", "a.3gp", "-vf", "scale=176:144", "-c:v", "h263", *_AAC, size=(256, 144)),
    _of_picture(
        "mov-dv",
        "a.mov",
        "-vf",
        "scale=720:576,setsar=16/15",
        "-c:v",
        "dvvideo",
        "-pix_fmt",
        "yuv420p",
        size=(640, 480),
    ),
    _of_picture(
        "mov-dnxhd",
        "a.mov",
        "-vf",
        "scale=1280:720,fps=25",
        "-c:v",
        "dnxhd",
        "-b:v",
        "60M",
        "-pix_fmt",
        "yuv422p",
        size=(1280, 720),
    ),
    _with_sound("wmv", "a.wmv", "-c:v", "wmv2", "-c:a", "wmav2"),
    _with_sound("wmv-7", "a.wmv", "-c:v", "wmv1", "-c:a", "wmav1"),
    _of_picture("gif", "a.gif"),
    _of_picture("apng", "a.apng"),
    _of_picture("nut", "a.nut", "-c:v", "mpeg4", refused=ErrorCode.INPUT_NOT_MEDIA),
    _of_picture("jpeg-2000", "a.mov", "-c:v", "jpeg2000", refused=ErrorCode.CODEC_NOT_ALLOWED),
    _one("sound-only", "a.mp4", *_sound(), *_AAC, refused=ErrorCode.INPUT_NO_VIDEO),
)

STRUCTURES = (
    _of_picture(
        "open-groups", "a.mp4", *_X264, "-g", "10", "-x264opts", "open-gop=1:bframes=3", "-preset", "medium"
    ),
    _of_picture(
        "hevc-open-groups",
        "a.mkv",
        "-c:v",
        "libx265",
        "-x265-params",
        "open-gop=1:keyint=10:log-level=error",
        "-preset",
        "veryfast",
    ),
    Case(
        name="edit-list",
        file="a.mp4",
        steps=(
            (*_shot(seconds=2), *_sound(seconds=2), *_X264, "-g", "50", *_AAC, "{dir}/long.mp4"),
            ("-ss", "0.6", "-i", "{dir}/long.mp4", "-c", "copy", "-t", "1", "{dir}/a.mp4"),
        ),
        channels=(2,),
    ),
    Case(
        name="starts-late",
        file="a.ts",
        steps=((*_shot(), *_sound(), *_X264, *_AAC, "-output_ts_offset", "3600", "{dir}/a.ts"),),
        channels=(2,),
    ),
    Case(
        name="cover",
        file="a.mp4",
        steps=(
            (*_shot("500x500"), "-frames:v", "1", "{dir}/cover.png"),
            (
                *_shot(),
                "-i",
                "{dir}/cover.png",
                "-map",
                "0",
                "-map",
                "1",
                "-c:v:0",
                "libx264",
                "-c:v:1",
                "copy",
                "-disposition:v:1",
                "attached_pic",
                "{dir}/a.mp4",
            ),
        ),
    ),
    _one(
        "two-pictures",
        "a.mkv",
        *_shot("160x90"),
        *_shot(),
        "-map",
        "0",
        "-map",
        "1",
        *_X264,
        "-disposition:v:1",
        "default",
        "-disposition:v:0",
        "0",
    ),
    _with_sound("time-code", "a.mov", *_X264, *_AAC, "-timecode", "01:00:00:00"),
    _of_picture("one-frame", "a.mp4", *_X264, "-frames:v", "1", seconds=0.04),
    *(
        Case(
            name=f"subtitles-{codec}",
            file=file,
            steps=(
                (
                    "-i",
                    "{dir}/words.srt",
                    *_shot(seconds=5),
                    "-map",
                    "1",
                    "-map",
                    "0",
                    *_X264,
                    "-c:s",
                    codec,
                    f"{{dir}}/{file}",
                ),
            )
            if codec != "webvtt"
            else (
                (
                    "-i",
                    "{dir}/words.srt",
                    *_shot(seconds=5),
                    "-map",
                    "1",
                    "-map",
                    "0",
                    "-c:v",
                    "libvpx",
                    "-c:s",
                    codec,
                    f"{{dir}}/{file}",
                ),
            ),
            texts=1,
            seconds=5.0,
        )
        for codec, file in (
            ("subrip", "a.mkv"),
            ("ass", "a.mkv"),
            ("mov_text", "a.mp4"),
            ("webvtt", "a.webm"),
        )
    ),
)

CASES: tuple[Case, ...] = (*SHAPES, *RATES, *COLOURS, *SOUNDS, *CONTAINERS, *STRUCTURES)

HARDEST = frozenset(
    {
        "odd-both",
        "turned-90",
        "uneven",
        "fields-lower-h264",
        "hdr10",
        "late-picture",
        "edit-list",
        "starts-late",
    }
    | {"webm-av1-opus", "camera-ts-192", "nut", "one-frame"}
)
"""The short form: what went wrong most often elsewhere."""
