"""The container formats that sources may use: a list, each with the people who have such files."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container format that sources may use.

    Attributes:
        name: As shown to people.
        demuxers: ffmpeg's names of the only demuxers that may open it.
        declares_duration: Whether the file states its length, so that a shorter result means a damaged file.
        reason: Who has such files.
        is_forced: Whether the demuxer is named to ffmpeg, whose own guess may be another one.
    """

    name: str
    demuxers: tuple[str, ...]
    declares_duration: bool
    reason: str = ""
    is_forced: bool = False


MP4: Final = Container(
    name="MP4",
    demuxers=("mov",),
    declares_duration=True,
    reason="telephones, cameras, editing programs, the web",
)
MATROSKA: Final = Container(
    name="Matroska/WebM",
    demuxers=("matroska",),
    declares_duration=True,
    reason="browsers, screen recorders, collections of films",
)
AVI: Final = Container(
    name="AVI", demuxers=("avi",), declares_duration=True, reason="cameras and computers before MP4"
)
FLASH: Final = Container(
    name="FLV", demuxers=("flv",), declares_duration=False, reason="recordings of live streams"
)
WINDOWS_MEDIA: Final = Container(name="WMV", demuxers=("asf",), declares_duration=True, reason="Windows")
OGG: Final = Container(
    name="Ogg", demuxers=("ogg",), declares_duration=False, reason="free software, voice messages"
)
TRANSPORT_STREAM: Final = Container(
    name="MPEG-TS",
    demuxers=("mpegts",),
    declares_duration=False,
    reason="broadcast, camcorders, live streams",
    is_forced=True,
)
PROGRAM_STREAM: Final = Container(
    name="MPEG-PS",
    demuxers=("mpeg",),
    declares_duration=False,
    reason="discs, capture cards, camcorders",
    is_forced=True,
)
MXF: Final = Container(
    name="MXF", demuxers=("mxf",), declares_duration=False, reason="cameras of broadcasters", is_forced=True
)
REAL_MEDIA: Final = Container(
    name="RealMedia",
    demuxers=("rm",),
    declares_duration=False,
    reason="archives of the early web",
    is_forced=True,
)
DV: Final = Container(
    name="DV", demuxers=("dv",), declares_duration=False, reason="tape camcorders", is_forced=True
)
IVF: Final = Container(
    name="IVF",
    demuxers=("ivf",),
    declares_duration=False,
    reason="encoders of VP8, VP9 and AV1",
    is_forced=True,
)
Y4M: Final = Container(
    name="Y4M",
    demuxers=("yuv4mpegpipe",),
    declares_duration=False,
    reason="test footage and pipes",
    is_forced=True,
)
ANIMATED_GIF: Final = Container(
    name="GIF",
    demuxers=("gif",),
    declares_duration=False,
    reason="chats, forums and older web pages; more than one frame",
    is_forced=True,
)
ANIMATED_PNG: Final = Container(
    name="PNG",
    demuxers=("apng",),
    declares_duration=False,
    reason="stickers and animations of the web; more than one frame",
    is_forced=True,
)
RAW_H264: Final = Container(
    name="raw H.264",
    demuxers=("h264",),
    declares_duration=False,
    reason="security cameras and encoders",
    is_forced=True,
)
RAW_HEVC: Final = Container(
    name="raw HEVC",
    demuxers=("hevc",),
    declares_duration=False,
    reason="security cameras and encoders",
    is_forced=True,
)
RAW_MPEG: Final = Container(
    name="raw MPEG-1/2",
    demuxers=("mpegvideo",),
    declares_duration=False,
    reason="disc authoring",
    is_forced=True,
)
RAW_MPEG4: Final = Container(
    name="raw MPEG-4", demuxers=("m4v",), declares_duration=False, reason="security cameras", is_forced=True
)
RAW_AV1: Final = Container(
    name="raw AV1", demuxers=("obu",), declares_duration=False, reason="encoders", is_forced=True
)
MP3: Final = Container(
    name="MP3", demuxers=("mp3",), declares_duration=False, reason="music, voice recorders", is_forced=True
)
ADTS: Final = Container(
    name="AAC", demuxers=("aac",), declares_duration=False, reason="radio streams, encoders", is_forced=True
)
WAVE: Final = Container(
    name="WAV", demuxers=("wav",), declares_duration=True, reason="recorders, editing programs"
)
WAVE_64: Final = Container(
    name="Wave64",
    demuxers=("w64",),
    declares_duration=False,
    reason="editing programs, long recordings",
    is_forced=True,
)
FLAC: Final = Container(
    name="FLAC", demuxers=("flac",), declares_duration=False, reason="music", is_forced=True
)
AC3: Final = Container(
    name="AC-3",
    demuxers=("ac3",),
    declares_duration=False,
    reason="tracks taken from discs and broadcast",
    is_forced=True,
)
EAC3: Final = Container(
    name="E-AC-3",
    demuxers=("eac3",),
    declares_duration=False,
    reason="tracks taken from stores and broadcast",
    is_forced=True,
)
DTS: Final = Container(
    name="DTS", demuxers=("dts",), declares_duration=False, reason="tracks taken from discs", is_forced=True
)
AMR: Final = Container(
    name="AMR",
    demuxers=("amr",),
    declares_duration=False,
    reason="voice recorders of telephones",
    is_forced=True,
)
QCP: Final = Container(
    name="QCP",
    demuxers=("qcp",),
    declares_duration=False,
    reason="voice recorders of CDMA telephones",
    is_forced=True,
)
GSM: Final = Container(
    name="GSM", demuxers=("gsm",), declares_duration=False, reason="telephone exchanges", is_forced=True
)
AIFF: Final = Container(
    name="AIFF",
    demuxers=("aiff",),
    declares_duration=False,
    reason="Apple's editing programs",
    is_forced=True,
)
CORE_AUDIO: Final = Container(
    name="CAF", demuxers=("caf",), declares_duration=False, reason="Apple's editing programs", is_forced=True
)
SUN_AUDIO: Final = Container(
    name="AU", demuxers=("au",), declares_duration=False, reason="Unix, speech collections", is_forced=True
)
WAVPACK: Final = Container(
    name="WavPack", demuxers=("wv",), declares_duration=False, reason="collections of music", is_forced=True
)
MONKEYS_AUDIO: Final = Container(
    name="Monkey's Audio",
    demuxers=("ape",),
    declares_duration=False,
    reason="collections of music",
    is_forced=True,
)
TRUE_AUDIO: Final = Container(
    name="True Audio",
    demuxers=("tta",),
    declares_duration=False,
    reason="collections of music",
    is_forced=True,
)
MUSEPACK_7: Final = Container(
    name="Musepack 7",
    demuxers=("mpc",),
    declares_duration=False,
    reason="collections of music",
    is_forced=True,
)
MUSEPACK_8: Final = Container(
    name="Musepack 8",
    demuxers=("mpc8",),
    declares_duration=False,
    reason="collections of music",
    is_forced=True,
)
CONTAINERS: Final = (
    MP4,
    MATROSKA,
    AVI,
    FLASH,
    WINDOWS_MEDIA,
    OGG,
    TRANSPORT_STREAM,
    PROGRAM_STREAM,
    MXF,
    REAL_MEDIA,
    DV,
    IVF,
    Y4M,
    ANIMATED_GIF,
    ANIMATED_PNG,
    RAW_H264,
    RAW_HEVC,
    RAW_MPEG,
    RAW_MPEG4,
    RAW_AV1,
    MP3,
    ADTS,
    WAVE,
    WAVE_64,
    FLAC,
    AC3,
    EAC3,
    DTS,
    AMR,
    QCP,
    GSM,
    AIFF,
    CORE_AUDIO,
    SUN_AUDIO,
    WAVPACK,
    MONKEYS_AUDIO,
    TRUE_AUDIO,
    MUSEPACK_7,
    MUSEPACK_8,
)
"""All that are accepted, those of films first."""
SEEKABLE: Final = (MP4, MATROSKA)
"""Have an index of their pictures with exact times; others are read from their beginning."""
