"""Which codecs a source may use, by stream name and by decoder name.

The decoders are what ffmpeg may open at all (a rare decoder is where memory errors hide); the stream names
are what people read when a codec is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CodecGroup:
    """Codecs that are accepted for one reason.

    Attributes:
        reason: Who has such files.
        codecs: The decoders that may open each codec, by the codec's name.
    """

    reason: str
    codecs: Mapping[str, tuple[str, ...]]


def _same(*names: str) -> dict[str, tuple[str, ...]]:
    """Codecs whose decoders have the same names."""
    return {name: (name,) for name in names}


VIDEO_GROUPS: Final = (
    CodecGroup(
        "what telephones, browsers and stores deliver today",
        {"av1": ("libdav1d", "libaom-av1", "av1"), **_same("h264", "hevc", "vp8", "vp9")},
    ),
    CodecGroup(
        "discs, broadcast and cameras",
        {
            "mpeg2video": ("mpeg2video", "mpegvideo"),
            **_same("mpeg1video", "mpeg4", "h263", "mjpeg", "dvvideo", "vc1", "wmv3"),
        },
    ),
    CodecGroup(
        "editing programs",
        _same("prores", "dnxhd", "cfhd", "hap", "qtrle", "png", "v210", "rawvideo"),
    ),
    CodecGroup(
        "lossless captures and archives of films",
        _same("ffv1", "huffyuv", "ffvhuff", "utvideo", "lagarith"),
    ),
    CodecGroup(
        "screen recordings",
        {"tscc": ("camtasia",), "cscd": ("camstudio",)}
        | _same("tscc2", "zmbv", "flashsv", "flashsv2", "fraps", "g2m", "mss1", "mss2", "msrle"),
    ),
    CodecGroup(
        "the web before MP4",
        {"flv1": ("flv",), "msmpeg4v3": ("msmpeg4",)}
        | _same(
            "theora", "dirac", "vp3", "vp5", "vp6", "vp6a", "vp6f", "vp7", "rv10", "rv20", "rv30", "rv40"
        ),
    ),
    CodecGroup("pictures that move: chats, stickers, web pages", _same("gif", "apng")),
    CodecGroup(
        "AVI and QuickTime files of the nineties and after",
        _same("wmv1", "wmv2", "msmpeg4v1", "msmpeg4v2", "msvideo1", "cinepak", "indeo2", "indeo3", "indeo4")
        | _same("indeo5", "svq1", "svq3", "rpza", "smc", "8bps", "mjpegb", "h261", "h263p", "h263i"),
    ),
)

AUDIO_GROUPS: Final = (
    CodecGroup(
        "what telephones, browsers and stores deliver today",
        {
            "mp3": ("mp3float", "mp3"),
            "opus": ("opus", "libopus"),
            "vorbis": ("vorbis", "libvorbis"),
            **_same("aac", "flac", "alac"),
        },
    ),
    CodecGroup(
        "discs and broadcast",
        {"mp2": ("mp2float", "mp2"), "mp1": ("mp1float", "mp1"), "dts": ("dca",)}
        | _same("ac3", "eac3", "aac_latm", "truehd", "mlp", "s302m", "pcm_dvd", "pcm_bluray"),
    ),
    CodecGroup(
        "recorders and editing programs",
        _same(
            "pcm_s8", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"
        )
        | _same(
            "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_u16le", "pcm_u16be", "pcm_s16le_planar"
        )
        | _same("pcm_s16be_planar", "pcm_s24le_planar", "pcm_s32le_planar", "pcm_alaw", "pcm_mulaw"),
    ),
    CodecGroup(
        "telephones and voice recorders",
        {
            "amr_nb": ("amrnb",),
            "amr_wb": ("amrwb",),
            "gsm": ("gsm", "libgsm"),
            "gsm_ms": ("gsm_ms", "libgsm_ms"),
        }
        | {"speex": ("speex", "libspeex"), "adpcm_g722": ("g722",), "adpcm_g726": ("g726",)}
        | {"adpcm_g726le": ("g726le",)}
        | _same("evrc", "qcelp", "g723_1", "g729", "ilbc", "truespeech", "nellymoser", "wmavoice"),
    ),
    CodecGroup(
        "collections of music",
        {"musepack7": ("mpc7",), "musepack8": ("mpc8",)}
        | _same("wavpack", "tta", "ape", "wmav1", "wmav2", "wmapro", "wmalossless"),
    ),
    CodecGroup(
        "AVI, QuickTime and RealMedia files of the nineties and after",
        {"ra_144": ("real_144",), "ra_288": ("real_288",)}
        | _same("adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_swf", "adpcm_yamaha", "mace3", "mace6")
        | _same("qdm2", "qdmc", "cook", "sipr", "atrac3", "imc"),
    ),
)

VIDEO_CODECS: Final = frozenset(name for group in VIDEO_GROUPS for name in group.codecs)
AUDIO_CODECS: Final = frozenset(name for group in AUDIO_GROUPS for name in group.codecs)
TEXT_SUBTITLE_CODECS: Final = frozenset({"subrip", "ass", "ssa", "mov_text", "webvtt", "text"})

_VIDEO_DECODERS: Final = tuple(
    decoder for group in VIDEO_GROUPS for decoders in group.codecs.values() for decoder in decoders
)
_AUDIO_DECODERS: Final = tuple(
    decoder for group in AUDIO_GROUPS for decoders in group.codecs.values() for decoder in decoders
)
_SUBTITLE_DECODERS: Final = (
    *("ssa", "ass", "srt", "subrip", "text", "webvtt", "mov_text", "dvbsub", "dvdsub", "pgssub", "cc_dec"),
    *("libzvbi_teletextdec", "xsub"),
)

SOURCE_DECODERS: Final = (*_VIDEO_DECODERS, *_AUDIO_DECODERS, *_SUBTITLE_DECODERS)
"""Covers and bitmap subtitles are never converted, but ffprobe gives up on a file with a stream it may not
open."""
