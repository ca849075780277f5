"""The options of each video encoder that give every rendition the same rhythm of keyframes. Pure."""

from typing import Final

from media.plan.plan import Plan
from media.plan.rungs import PlannedRung
from profiles import VideoSettings

_THREADS_PER_CORE: Final = 1.5
"""x264's own choice, made explicit because the bytes it writes depend on it."""
_HEVC_FRAME_THREADS: Final = 2


def encoder_options(rung: PlannedRung, plan: Plan, settings: VideoSettings, threads: int) -> dict[str, str]:
    """Options of one rendition: constant quality under a ceiling, closed groups of one exact length."""
    common = {
        "crf": f"{settings.crf:g}",
        "preset": str(settings.preset),
        "maxrate": f"{rung.max_bitrate_kbps}k",
        "bufsize": f"{round(rung.max_bitrate_kbps * settings.buffer_seconds)}k",
        "g": str(plan.gop_frames),
        "fps_mode": "passthrough",
    }
    return {**common, **_OWN_OPTIONS[settings.codec](plan, threads)}


def _h264(plan: Plan, threads: int) -> dict[str, str]:
    return {
        "c:v": "libx264",
        "profile:v": "high",
        "keyint_min": str(plan.gop_frames),
        "sc_threshold": "0",
        "flags": "+cgop",
        "ssim": "1",
        "a53cc": str(int(plan.keeps_captions)),
        "threads": str(max(1, round(threads * _THREADS_PER_CORE))),
    }


def _hevc(plan: Plan, threads: int) -> dict[str, str]:
    return {
        "c:v": "libx265",
        "tag:v": "hvc1",
        "keyint_min": str(plan.gop_frames),
        "x265-params": f"scenecut=0:open-gop=0:ssim=1:pools={threads}",
        "threads": str(_HEVC_FRAME_THREADS),
    }


def _av1(_: Plan, threads: int) -> dict[str, str]:
    # irefresh-type 2 closes the groups; without scd=0 a change of scene would start one of its own.
    return {"c:v": "libsvtav1", "svtav1-params": f"irefresh-type=2:scd=0:lp={threads}"}


_OWN_OPTIONS: Final = {"h264": _h264, "hevc": _hevc, "av1": _av1}
