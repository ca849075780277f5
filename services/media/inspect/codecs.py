"""Which codecs a source may use, by stream name and by decoder name.

The decoders are what ffmpeg may open at all (a rare decoder is where memory errors hide); the stream names
are what people read when a codec is refused.
"""

from typing import Final

VIDEO_CODECS: Final = frozenset(
    {"h264", "hevc", "av1", "vp8", "vp9", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v3", "h263"}
    | {"prores", "dnxhd", "mjpeg", "theora", "dvvideo", "flv1"}
    | {"wmv1", "wmv2", "wmv3", "vc1"}
)
AUDIO_CODECS: Final = frozenset(
    {"aac", "mp3", "mp2", "ac3", "eac3", "opus", "vorbis", "flac", "alac", "amr_nb", "amr_wb"}
    | {"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_u8", "pcm_f32le"}
    | {"pcm_alaw", "pcm_mulaw", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt"}
    | {"wmav1", "wmav2", "wmapro"}
)
TEXT_SUBTITLE_CODECS: Final = frozenset({"subrip", "ass", "ssa", "mov_text", "webvtt", "text"})

_VIDEO_DECODERS: Final = (
    *("h264", "hevc", "libdav1d", "libaom-av1", "av1", "vp8", "vp9", "mpeg1video", "mpeg2video", "mpegvideo"),
    *("mpeg4", "msmpeg4", "h263", "prores", "dnxhd", "mjpeg", "theora", "dvvideo", "flv"),
    *("wmv1", "wmv2", "wmv3", "vc1"),
)
_AUDIO_DECODERS: Final = (
    *("aac", "mp3float", "mp3", "mp2float", "mp2", "ac3", "eac3", "opus", "libopus", "vorbis", "libvorbis"),
    *("flac", "alac", "amrnb", "amrwb", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le"),
    *(
        "pcm_s32be",
        "pcm_u8",
        "pcm_f32le",
        "pcm_alaw",
        "pcm_mulaw",
        "adpcm_ms",
        "adpcm_ima_wav",
        "adpcm_ima_qt",
    ),
    *("wmav1", "wmav2", "wmapro"),
)
_COVER_DECODERS: Final = ("png",)
_SUBTITLE_DECODERS: Final = (
    *("ssa", "ass", "srt", "subrip", "text", "webvtt", "mov_text", "dvbsub", "dvdsub", "pgssub", "cc_dec"),
    *("libzvbi_teletextdec", "xsub"),
)

SOURCE_DECODERS: Final = (*_VIDEO_DECODERS, *_AUDIO_DECODERS, *_COVER_DECODERS, *_SUBTITLE_DECODERS)
"""Covers and bitmap subtitles are never converted, but ffprobe gives up on a file with a stream it may not
open."""
