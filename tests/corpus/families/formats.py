"""Containers and codecs that people have: any pair that ffmpeg writes, at any size, beginning anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from tests.corpus.families.coders import AUDIO, EXPERIMENTAL, VIDEO, Coder
from tests.corpus.film import Film, beep
from tests.corpus.member import FLAG, Member, Right, Tone
from tests.media import ffmpeg


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """A container with what it can hold.

    Attributes:
        suffix: End of the file's name.
        video: Names of pictures' codecs.
        audio: Names of sounds' codecs; the empty one means none.
        output: Options that the file needs.
        starts: Times at which it may begin, in seconds.
    """

    suffix: str
    video: tuple[str, ...]
    audio: tuple[str, ...]
    output: tuple[str, ...] = ()
    starts: tuple[float, ...] = (0.0,)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FORMS: Final = (
    _Form(
        suffix="mp4",
        video=_names("h264 hevc hevc-10 av1 vp9 mpeg4 xvid mpeg2video mpeg1video mjpeg h264-422"),
        audio=("", *_names("aac mp3 ac3 eac3 opus flac alac dts mp2")),
    ),
    _Form(
        suffix="mp4",
        video=_names("h264 hevc av1 vp9 mpeg4"),
        audio=_names("aac opus flac ac3"),
        output=("-movflags", "+frag_keyframe+empty_moov+default_base_moof", *EXPERIMENTAL),
    ),
    _Form(
        suffix="mov",
        video=_names(
            "h264 hevc prores mjpeg qtrle png v210 cfhd rawvideo uyvy svq1 rpza smc hap mpeg4 h263 dnxhr"
        ),
        audio=(
            "",
            *_names("aac alac pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_f32le pcm_f64le"),
            *_names("pcm_u8 pcm_mulaw pcm_alaw adpcm_ima_qt ac3 mp3 pcm_s32be pcm_f32be"),
        ),
    ),
    _Form(
        suffix="mkv",
        video=_names(
            "h264 hevc av1 vp8 vp9 theora mpeg1video mpeg2video mpeg4 mjpeg ffv1 huffyuv ffvhuff utvideo"
        )
        + _names("prores msmpeg4v2 msmpeg4 wmv1 wmv2 flv1 rawvideo uyvy png qtrle dirac svq1 zmbv hap"),
        audio=(
            "",
            *_names("aac ac3 eac3 mp2 mp3 flac alac vorbis opus dts truehd mlp wavpack tta pcm_s16le"),
            *_names("pcm_s24le pcm_s24be pcm_f32le pcm_f64le pcm_u8 pcm_mulaw adpcm_ms wmav2"),
        ),
        starts=(0.0, 0.0, 7.5, 3600.0),
    ),
    _Form(suffix="webm", video=_names("vp8 vp9 av1"), audio=("", "vorbis", "opus"), starts=(0.0, 3600.0)),
    _Form(
        suffix="avi",
        video=(
            *_names(
                "mpeg4 xvid msmpeg4v2 msmpeg4 mjpeg huffyuv ffvhuff ffv1 utvideo cinepak msvideo1 zmbv h264"
            ),
            *_names("wmv1 wmv2 flv1 rawvideo uyvy h263 h263p h261 mpeg2video png"),
        ),
        audio=(
            *("", *_names("mp3 mp2 ac3 pcm_s16le pcm_u8 pcm_mulaw pcm_alaw adpcm_ms adpcm_ima_wav")),
            *_names("adpcm_yamaha aac gsm wmav2 flac vorbis dts"),
        ),
    ),
    _Form(
        suffix="ts",
        video=_names("h264 hevc mpeg2video mpeg1video mpeg4 h264-422"),
        audio=("", *_names("aac mp2 mp3 ac3 eac3 dts opus s302m latm truehd")),
        starts=(0.0, 3600.0, 95_442.0),
    ),
    _Form(
        suffix="m2ts",
        video=_names("h264 mpeg2video hevc"),
        audio=_names("ac3 eac3 dts aac"),
        output=("-mpegts_m2ts_mode", "1"),
        starts=(0.0, 3600.0),
    ),
    _Form(
        suffix="mpg", video=_names("mpeg1video mpeg2video"), audio=("", "mp2", "mp3"), starts=(0.0, 3600.0)
    ),
    _Form(suffix="vob", video=_names("mpeg2video"), audio=_names("mp2 ac3 dts")),
    _Form(suffix="vob", video=_names("mpeg2video"), audio=_names("pcm_dvd ac3"), output=("-f", "dvd")),
    _Form(
        suffix="flv",
        video=_names("h264 flv1 flashsv flashsv2"),
        audio=("", *_names("aac mp3-44 nellymoser adpcm_swf speex")),
    ),
    _Form(suffix="ogv", video=_names("theora"), audio=("", *_names("vorbis opus flac speex"))),
    _Form(
        suffix="wmv",
        video=_names("wmv1 wmv2 msmpeg4 mpeg4 h264 mjpeg"),
        audio=("", *_names("wmav1 wmav2 mp3 pcm_s16le ac3")),
    ),
    _Form(suffix="mxf", video=_names("mpeg2video h264"), audio=("", "pcm_s16le", "pcm_s24le")),
    _Form(suffix="3gp", video=_names("h263 mpeg4 h264"), audio=("", "aac")),
    _Form(suffix="3g2", video=_names("mpeg4 h264"), audio=("", "aac")),
    _Form(suffix="rm", video=_names("rv10 rv20"), audio=("", "ac3-44")),
    _Form(suffix="ivf", video=_names("vp8 vp9 av1"), audio=("",)),
    _Form(suffix="obu", video=_names("av1"), audio=("",)),
    _Form(suffix="h264", video=_names("h264"), audio=("",)),
    _Form(suffix="hevc", video=_names("hevc hevc-10"), audio=("",)),
    _Form(suffix="m1v", video=_names("mpeg1video"), audio=("",)),
    _Form(suffix="m2v", video=_names("mpeg2video"), audio=("",)),
    _Form(suffix="m4v", video=_names("mpeg4"), audio=("",), output=("-f", "m4v")),
    _Form(suffix="y4m", video=("",), audio=("",), output=("-pix_fmt", "yuv420p")),
)
_SOUNDS: Final[Mapping[str, tuple[str, ...]]] = {
    "mp3": ("mp3", "mp3-44"),
    "mp2": ("mp2",),
    "aac": ("aac",),
    "m4a": ("aac", "alac"),
    "ac3": ("ac3",),
    "eac3": ("eac3",),
    "dts": ("dts",),
    "wav": _names(
        "pcm_s16le pcm_u8 pcm_s24le pcm_f32le pcm_f64le pcm_mulaw adpcm_ms adpcm_ima_wav mp3 gsm g726"
    ),
    "w64": _names("pcm_s16le pcm_f32le"),
    "flac": ("flac",),
    "ogg": _names("vorbis opus flac speex"),
    "oga": ("flac",),
    "opus": ("opus",),
    "mka": _names("aac opus flac mp3 truehd wavpack tta"),
    "weba": ("opus",),
    "wma": _names("wmav1 wmav2"),
    "aiff": _names("pcm_s16be pcm_s24be"),
    "caf": _names("pcm_s16be pcm_s24le alac aac"),
    "au": _names("pcm_s16be pcm_mulaw"),
    "wv": ("wavpack",),
    "tta": ("tta",),
}
_LENIENT_SECONDS: Final = 0.16


def draw(random: Random) -> Member:
    """A film, or one time in five a sound."""
    return _sound_alone(random) if random.random() < 0.2 else _film(random)


def _film(random: Random) -> Member:
    form = random.choice(_FORMS)
    video, audio = random.choice(form.video), random.choice(form.audio)
    coder = VIDEO.get(video, Coder(options=()))
    size, start = random.choice(coder.sizes), random.choice(form.starts)
    hertz = random.choice((330, 440, 880)) if audio else 0
    film = Film(size=size, hertz=hertz, video=coder.options, audio=AUDIO.get(audio, ()))
    offset = ("-output_ts_offset", str(start)) if start else ()
    width, height = (int(side) for side in size.split("x"))
    right = Right(
        size=(width, height),
        seconds=2.0,
        lenient_seconds=_LENIENT_SECONDS,
        spots=FLAG,
        tracks=int(bool(audio)),
        tones=(Tone(hertz=hertz, start=0.3, end=1.7),) if audio else (),
    )
    return Member(
        name=f"{form.suffix} {video} {audio or 'silent'} {size} from {start:g} s",
        make=lambda to: film.write(to / f"a.{form.suffix}", *EXPERIMENTAL, *form.output, *offset),
        right=right,
    )


def _sound_alone(random: Random) -> Member:
    suffix = random.choice(list(_SOUNDS))
    codec, hertz = random.choice(_SOUNDS[suffix]), random.choice((330, 440, 880))
    container = ("-f", "webm") if suffix == "weba" else ()

    def make(to: Path) -> Path:
        path = to / f"a.{suffix}"
        ffmpeg(*beep(hertz), *AUDIO[codec], *container, str(path))
        return path

    right = Right(
        seconds=2.0,
        lenient_seconds=_LENIENT_SECONDS,
        tracks=1,
        tones=(Tone(hertz=hertz, start=0.3, end=1.7),),
    )
    return Member(name=f"{suffix} {codec}", make=make, right=right, profile="audio")
