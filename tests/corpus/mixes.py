"""Sources in which two or more things are special: every pair of them that ffmpeg can make, in few files."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Final

from tests.corpus.cases import Case

Mix = Mapping[str, str]
Pair = tuple[tuple[str, str], tuple[str, str]]

_PARTS: Final[Mapping[str, Sequence[str]]] = {
    "form": ("mp4", "mkv", "webm", "ts", "avi", "mov", "mpg"),
    "shape": ("wide", "portrait", "square", "odd", "turned", "pixels"),
    "rate": ("25", "30000/1001", "24000/1001", "50", "uneven", "fields"),
    "colour": ("8-bit", "10-bit", "hdr10"),
    "sound": ("none", "mono", "stereo", "5.1", "languages", "late"),
    "text": ("none", "words"),
}
_CAPABLE: Final[Mapping[str, frozenset[str]]] = {
    "turned": frozenset({"mp4", "mov"}),
    "odd": frozenset({"mp4", "mkv", "webm", "avi"}),
    "uneven": frozenset({"mp4", "mkv", "webm", "mov"}),
    "fields": frozenset({"mp4", "ts", "mpg", "mov"}),
    "10-bit": frozenset({"mp4", "mkv", "webm", "ts", "mov"}),
    "hdr10": frozenset({"mp4", "mkv", "ts"}),
    "words": frozenset({"mp4", "mkv", "webm", "mov"}),
    "5.1": frozenset({"mp4", "mkv", "webm", "ts", "mov"}),
    "24000/1001": frozenset({"mp4", "mkv", "webm", "ts", "avi", "mov", "mpg"}),
}
"""Which containers (with the codec that stands for them) can hold a thing; all of them where it is absent."""
_NEVER_TOGETHER: Final = (
    {"fields", "odd"},
    {"fields", "hdr10"},
    {"fields", "10-bit"},
    {"odd", "hdr10"},
    {"odd", "10-bit"},
)
"""Two things that no encoder here makes at once."""


def _possible(mix: Mix) -> bool:
    values = set(mix.values())
    fits = all(mix["form"] in _CAPABLE.get(value, {mix["form"]}) for value in values)
    return fits and not any(pair <= values for pair in _NEVER_TOGETHER)


def _all_mixes() -> Iterator[Mix]:
    for values in product(*_PARTS.values()):
        mix = dict(zip(_PARTS, values, strict=True))
        if _possible(mix):
            yield mix


def _pairs(mix: Mix) -> set[Pair]:
    return set(combinations(mix.items(), 2))


def _choose() -> tuple[list[Mix], set[Pair]]:
    """Take the mix with the most new pairs until no pair is left."""
    every = [(mix, _pairs(mix)) for mix in _all_mixes()]
    wanted = set().union(*(pairs for _, pairs in every))
    left, chosen = set(wanted), []
    while left:
        mix, pairs = max(every, key=lambda item: len(item[1] & left))
        chosen.append(mix)
        left -= pairs
    return chosen, wanted


_SIZES: Final = {
    "wide": ("320x180", (320, 180)),
    "portrait": ("180x320", (180, 320)),
    "square": ("240x240", (240, 240)),
    "odd": ("321x181", (320, 180)),
    "turned": ("320x180", (180, 320)),
    "pixels": ("240x180", (320, 180)),
}
_FORMS: Final = {
    "mp4": (("-c:v", "libx264", "-preset", "ultrafast"), "aac", "mov_text"),
    "mkv": (("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"), "flac", "subrip"),
    "webm": (("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"), "libopus", "webvtt"),
    "ts": (("-c:v", "libx264", "-preset", "ultrafast"), "ac3", ""),
    "avi": (("-c:v", "mpeg4", "-b:v", "2M"), "libmp3lame", ""),
    "mov": (("-c:v", "prores_ks"), "pcm_s16le", "mov_text"),
    "mpg": (("-c:v", "mpeg2video", "-b:v", "4M"), "mp2", ""),
}
_SECONDS: Final = 1.0


def _build(number: int, mix: Mix) -> Case:
    form, (codec, sound_codec, text_codec) = mix["form"], _FORMS[mix["form"]]
    file = f"a.{form}"
    sound_inputs, sound_options, channels = _sounds(mix["sound"])
    rate = {"uneven": "60", "fields": "50"}.get(mix["rate"], mix["rate"])
    picture = f"testsrc2=size={_SIZES[mix['shape']][0]}:rate={rate}:duration={_SECONDS:g}"
    text = ("-i", "{dir}/words.srt") if mix["text"] == "words" else ()
    maps = [part for position in range(1 + len(channels) + bool(text)) for part in ("-map", str(position))]
    step = (
        *("-f", "lavfi", "-i", picture, *sound_inputs, *text, *maps, *_picture_options(mix), *codec),
        *(("-c:a", sound_codec, *sound_options) if channels else ()),
        *(("-c:s", text_codec) if text else ()),
        *(("-strict", "-1", "-t", f"{_SECONDS:g}")),
    )
    turned = mix["shape"] == "turned"
    steps: tuple[tuple[str, ...], ...] = ((*step, "{dir}/flat." + form if turned else f"{{dir}}/{file}"),)
    if turned:
        turn = ("-map", "0", "-c", "copy", "-metadata:s:v:0", "rotate=90")
        steps = (*steps, ("-i", f"{{dir}}/flat.{form}", *turn, f"{{dir}}/{file}"))
    parts = [value.replace("/", "-") for value in mix.values() if value not in {"none", "8-bit"}]
    return Case(
        name=f"mix-{number:02d}-{'-'.join(parts)}",
        file=file,
        steps=steps,
        size=_SIZES[mix["shape"]][1],
        rate=_rate(mix["rate"]),
        channels=channels,
        texts=int(bool(text)),
        seconds=_SECONDS,
    )


def _rate(name: str) -> float | None:
    if name == "uneven":
        return None
    return {"fields": 25.0, "30000/1001": 29.97, "24000/1001": 23.976}.get(name) or float(name)


def _picture_options(mix: Mix) -> tuple[str, ...]:
    filters, options = [], []
    if mix["rate"] == "uneven":
        filters.append("select='lt(mod(n,7),4)'")
        options += ["-fps_mode", "vfr"]
    if mix["rate"] == "fields":
        filters.append("tinterlace=mode=interleave_top,setfield=tff")
        options += ["-flags", "+ildct+ilme", "-top", "1"]
    if mix["shape"] == "pixels":
        filters.append("setsar=4/3")
    odd = mix["shape"] == "odd" and mix["form"] in {"mp4", "mkv"}
    deep = mix["colour"] != "8-bit"
    if mix["form"] == "mov":
        pixels = "yuv422p10le"
    else:
        pixels = "yuv444p" if odd else "yuv420p10le" if deep else "yuv420p"
    options += ["-pix_fmt", pixels]
    if mix["colour"] == "hdr10":
        options += ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"]
    return (*(("-vf", ",".join(filters)) if filters else ()), *options)


def _sounds(kind: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]:
    """Inputs, options of the encoder, and channels of each output track."""
    tone = ("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={_SECONDS:g}")
    if kind == "none":
        return (), (), ()
    if kind == "mono":
        return tone, ("-ac", "1"), (1,)
    if kind == "5.1":
        return tone, ("-ac", "6"), (2,)
    if kind == "languages":
        named = ("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fre")
        return (*tone, *tone), ("-ac", "2", *named), (2, 2)
    if kind == "late":
        return ("-itsoffset", "0.3", *tone), ("-ac", "2"), (2,)
    return tone, ("-ac", "2"), (2,)


_chosen, PAIRS = _choose()
MIXES: tuple[Case, ...] = tuple(_build(number, mix) for number, mix in enumerate(_chosen))


def covered_pairs() -> set[Pair]:
    """Every pair that one of the mixes holds."""
    return set().union(*(_pairs(mix) for mix in _chosen))
