"""How ffmpeg is told to code a picture or a sound, by short names, and at which sizes each codec works."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SIZES: Final = ("160x96", "320x180", "176x144", "96x160", "322x182", "256x256")
_OLD_SIZES: Final = ("176x144", "128x96", "352x288")
"""What H.261 and its children take."""
_SMALL: Final = ("160x96", "320x176")
_QUALITY: Final = ("-q:v", "3")
EXPERIMENTAL: Final = ("-strict", "-2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coder:
    """Options of a picture's encoder, and the sizes that it takes."""

    options: tuple[str, ...]
    sizes: tuple[str, ...] = SIZES


def _plain(name: str, *options: str, sizes: tuple[str, ...] = SIZES) -> Coder:
    return Coder(options=("-c:v", name, *options), sizes=sizes)


_FAST: Final = ("-preset", "ultrafast")
_P: Final = ("-pix_fmt", "yuv420p")
VIDEO: Final[Mapping[str, Coder]] = {
    "h264": _plain("libx264", *_FAST, *_P, "-bf", "2"),
    "h264-422": _plain("libx264", *_FAST, "-pix_fmt", "yuv422p10le"),
    "hevc": _plain("libx265", *_FAST, *_P, "-x265-params", "log-level=error"),
    "hevc-10": _plain("libx265", *_FAST, "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=error"),
    "av1": _plain("libaom-av1", "-cpu-used", "8", "-usage", "realtime", *_P),
    "vp8": _plain("libvpx", "-deadline", "realtime", "-b:v", "1M", *_P),
    "vp9": _plain("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", *_P),
    # Pictures that are like those before them are empty packets, which ffmpeg leaves out.
    "theora": _plain(
        "libtheora", "-q:v", "8", *_P, "-vf", "noise=alls=8:allf=t", sizes=("160x96", "320x176", "176x144")
    ),
    "mpeg1video": _plain("mpeg1video", *_QUALITY, *_P),
    "mpeg2video": _plain("mpeg2video", *_QUALITY, *_P),
    "mpeg4": _plain("mpeg4", *_QUALITY, *_P, "-bf", "2"),
    "xvid": _plain("libxvid", *_QUALITY, *_P),
    "mjpeg": _plain("mjpeg", *_QUALITY, "-pix_fmt", "yuvj420p"),
    "h263": _plain("h263", *_QUALITY, *_P, sizes=_OLD_SIZES),
    "h263p": _plain("h263p", *_QUALITY, *_P, sizes=_OLD_SIZES),
    "h261": _plain("h261", *_QUALITY, *_P, sizes=("176x144", "352x288")),
    "prores": _plain("prores_ks"),
    "qtrle": _plain("qtrle", "-pix_fmt", "rgb24"),
    "png": _plain("png", "-pix_fmt", "rgb24"),
    "v210": _plain("v210"),
    "cfhd": _plain("cfhd", "-pix_fmt", "yuv422p10le", sizes=("320x192", "256x256")),
    "rawvideo": _plain("rawvideo", "-pix_fmt", "yuv420p"),
    "uyvy": _plain("rawvideo", "-pix_fmt", "uyvy422"),
    "svq1": _plain("svq1", *_QUALITY, sizes=_SMALL),
    "rpza": _plain("rpza", sizes=_SMALL),
    "smc": _plain("smc", sizes=_SMALL),
    "hap": _plain("hap", sizes=("320x180", "160x96")),
    "ffv1": _plain("ffv1", *_P),
    "huffyuv": _plain("huffyuv", "-pix_fmt", "yuv422p"),
    "ffvhuff": _plain("ffvhuff", *_P),
    "utvideo": _plain("utvideo", *_P),
    "zmbv": _plain("zmbv"),
    "cinepak": _plain("cinepak", sizes=_SMALL),
    "msvideo1": _plain("msvideo1", sizes=_SMALL),
    "msmpeg4v2": _plain("msmpeg4v2", *_QUALITY, *_P),
    "msmpeg4": _plain("msmpeg4", *_QUALITY, *_P),
    "wmv1": _plain("wmv1", *_QUALITY, *_P),
    "wmv2": _plain("wmv2", *_QUALITY, *_P),
    "flv1": _plain("flv", *_QUALITY, *_P),
    "flashsv": _plain("flashsv", sizes=_SMALL),
    "flashsv2": _plain("flashsv2", sizes=_SMALL),
    "rv10": _plain("rv10", *_QUALITY, sizes=("176x144", "352x288")),
    "rv20": _plain("rv20", *_QUALITY, sizes=("176x144", "352x288")),
    "dirac": _plain("vc2", "-pix_fmt", "yuv420p", sizes=("320x176",)),
    "dnxhr": _plain("dnxhd", "-profile:v", "dnxhr_sq", "-pix_fmt", "yuv422p", sizes=("320x180", "256x256")),
}


def _sound(name: str, *options: str) -> tuple[str, ...]:
    return ("-c:a", name, *options)


AUDIO: Final[Mapping[str, tuple[str, ...]]] = {
    **{
        name: _sound(name)
        for name in ("aac", "ac3", "eac3", "mp2", "flac", "alac", "wavpack", "tta", "wmav1", "wmav2")
    },
    **{name: _sound(name) for name in ("adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_yamaha", "g726")},
    **{
        f"pcm_{name}": _sound(f"pcm_{name}")
        for name in ("s16le", "s16be", "s24le", "s24be", "s32le", "f32le", "f64le")
    },
    **{f"pcm_{name}": _sound(f"pcm_{name}") for name in ("u8", "mulaw", "alaw", "s32be", "f32be")},
    "mp3": _sound("libmp3lame"),
    "opus": _sound("libopus"),
    "vorbis": _sound("libvorbis"),
    "speex": _sound("libspeex", "-ar", "16000"),
    "dts": _sound("dca", *EXPERIMENTAL, "-ac", "2"),
    "truehd": _sound("truehd", *EXPERIMENTAL, "-ac", "2"),
    "mlp": _sound("mlp", *EXPERIMENTAL, "-ac", "2"),
    "s302m": _sound("s302m", *EXPERIMENTAL, "-ac", "2"),
    "latm": _sound("aac", "-mpegts_flags", "latm"),
    "pcm_dvd": _sound("pcm_dvd"),
    "nellymoser": _sound("nellymoser", "-ar", "22050"),
    "adpcm_swf": _sound("adpcm_swf", "-ar", "22050"),
    "mp3-44": _sound("libmp3lame", "-ar", "44100"),
    "gsm": _sound("libgsm_ms", "-ar", "8000"),
    "g726": _sound("g726", "-ar", "8000"),
    "ac3-44": _sound("ac3", "-ar", "44100"),
}
