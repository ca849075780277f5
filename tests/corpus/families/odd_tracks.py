"""One track that nobody can use, or too many: it is left out and named, and the film is made of the rest."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

from tests.corpus.film import AAC, H264, beep, flag
from tests.corpus.member import FLAG, Member, Right, Tone
from tests.media import ffmpeg

_LEFT_OUT: Final = ("TRACKS_LEFT_OUT",)
_NAMELESS: Final = (b"apac", b"fpcm", b"ac-4", b"mha1", b"mhm1", b"xxxx", b"dtsx", b"iamf")
_FORBIDDEN_SOUNDS: Final = ("sonic", "sonicls")
_FORBIDDEN_PICTURES: Final = {
    "asv1": "yuv420p",
    "asv2": "yuv420p",
    "snow": "yuv420p",
    "cljr": "yuv411p",
    "magicyuv": "gbrp",
    "jpeg2000": "yuv420p",
}
_COVERS: Final = ("gif", "bmp", "png", "jpg", "tiff", "webp")
_KEPT: Final = 8


def draw(random: Random) -> Member:
    """A film with something beside it."""
    kinds = (_nameless, _forbidden_sound, _forbidden_picture, _empty, _cover, _attachment, _many, _time_code)
    return random.choice(kinds)(random)


def _right(tracks: int = 1, said: tuple[str, ...] = ()) -> Right:
    tones = (Tone(hertz=440, start=0.3, end=1.7),) if tracks else ()
    return Right(seconds=2.0, size=(320, 180), spots=FLAG, tracks=tracks, tones=tones, said=said)


def _write(to: Path, name: str, sounds: tuple[int, ...], *more: str) -> Path:
    """The flag with a tone on each track."""
    inputs = [part for hertz in sounds for part in beep(hertz)]
    maps = [part for number in range(1 + len(sounds)) for part in ("-map", str(number))]
    ffmpeg(*flag(), *inputs, *maps, *H264, *more, str(to / name))
    return to / name


def _nameless(random: Random) -> Member:
    tag, suffix = random.choice(_NAMELESS), random.choice(("mp4", "mov"))
    only, first = random.choice((False, False, True)), random.choice((False, True))
    sounds = (440,) if only else (1000, 440) if first else (440, 1000)

    def make(to: Path) -> Path:
        path = _write(to, f"a.{suffix}", sounds, *AAC)
        data = path.read_bytes()
        # The tracks lie in the index in their order; the picture's comes first.
        places = [at for at in range(len(data)) if data[at : at + 4] == b"stsd"]
        place = places[1] if only or first else places[2]
        end = place - 4 + int.from_bytes(data[place - 4 : place], "big")
        entry = data[place:end].replace(b"mp4a", tag).replace(b"esds", b"free")
        path.write_bytes(data[:place] + entry + data[end:])
        return path

    name = f"{suffix} with {'only ' if only else ''}{tag.decode()}{' first' if first else ''}"
    return Member(name=name, make=make, right=_right(tracks=0 if only else 1, said=_LEFT_OUT))


def _forbidden_sound(random: Random) -> Member:
    codec, position = random.choice(_FORBIDDEN_SOUNDS), random.choice((0, 1))
    sounds = (1000, 440) if position == 0 else (440, 1000)
    options = ("-c:a", "aac", f"-c:a:{position}", codec, "-strict", "-2")
    return Member(
        name=f"mkv with {codec} as sound {position + 1}",
        make=lambda to: _write(to, "a.mkv", sounds, *options),
        right=_right(said=_LEFT_OUT),
    )


def _forbidden_picture(random: Random) -> Member:
    codec, first = random.choice(list(_FORBIDDEN_PICTURES)), random.choice((False, True))
    odd = ("-f", "lavfi", "-i", "color=green:size=640x360:rate=25:duration=2")
    number = 0 if first else 1

    def make(to: Path) -> Path:
        path = to / "a.mkv"
        order = ("-map", "1", "-map", "0") if first else ("-map", "0", "-map", "1")
        coded = (f"-c:v:{number}", codec, f"-pix_fmt:v:{number}", _FORBIDDEN_PICTURES[codec], "-strict", "-2")
        ffmpeg(*flag(), *odd, *beep(440), *order, "-map", "2", *H264, *coded, *AAC, str(path))
        return path

    name = f"mkv with {codec} as picture {number + 1}"
    return Member(name=name, make=make, right=_right(said=_LEFT_OUT))


def _empty(random: Random) -> Member:
    """A track that is declared and has no sample, alone or beside a good one."""
    suffix, beside = random.choice(("mp4", "mov", "ts")), random.choice((False, True))
    flags = ("-movflags", "empty_moov+frag_keyframe") if suffix != "ts" else ()

    def make(to: Path) -> Path:
        if not beside:
            return _write(to, f"a.{suffix}", (440,), *AAC, "-frames:a", "0", *flags)
        return _write(to, f"a.{suffix}", (1000, 440), *AAC, "-frames:a:0", "0", *flags)

    name = f"{suffix} with an empty track{' beside a good one' if beside else ''}"
    return Member(name=name, make=make, right=_right(tracks=int(beside), said=_LEFT_OUT))


def _cover(random: Random) -> Member:
    kind, suffix = random.choice(_COVERS), random.choice(("mkv", "mp4"))
    kind = kind if suffix == "mkv" else random.choice(("png", "jpg"))
    size = random.choice(("64x64", "500x500", "1200x800"))

    def make(to: Path) -> Path:
        cover, path = to / f"cover.{kind}", to / f"a.{suffix}"
        ffmpeg("-f", "lavfi", "-i", f"color=green:size={size}", "-frames:v", "1", str(cover))
        if suffix == "mkv":
            mime = ("-metadata:s:t", f"mimetype=image/{'jpeg' if kind == 'jpg' else kind}")
            return _write(to, "a.mkv", (440,), *AAC, "-attach", str(cover), *mime)
        plain = _write(to, "plain.mp4", (440,), *AAC)
        inputs = ("-i", str(plain), "-i", str(cover), "-map", "1", "-map", "0")
        ffmpeg(*inputs, "-c", "copy", "-disposition:v:0", "attached_pic", str(path))
        return path

    return Member(name=f"{suffix} with a cover in {kind} of {size}", make=make, right=_right())


def _attachment(random: Random) -> Member:
    """Fonts and other things that travel in Matroska."""
    mime = random.choice(("application/x-truetype-font", "application/pdf", "text/plain", "video/mp4"))

    def make(to: Path) -> Path:
        thing = to / "thing.bin"
        thing.write_bytes(b"\0\1\0\0" + bytes(3000))
        return _write(to, "a.mkv", (440,), *AAC, "-attach", str(thing), "-metadata:s:t", f"mimetype={mime}")

    return Member(name=f"mkv with an attachment of {mime}", make=make, right=_right())


def _many(random: Random) -> Member:
    """More tracks of sound than a profile keeps."""
    count = random.randrange(_KEPT + 1, _KEPT + 5)
    forms: dict[str, tuple[str, ...]] = {"mp4": AAC, "mov": ("-c:a", "pcm_s16le"), "mkv": ("-c:a", "flac")}
    suffix = random.choice([*forms, "ts"])
    sounds = tuple(400 + 100 * number for number in range(count))

    right = Right(
        seconds=2.0,
        tracks=_KEPT,
        tones=tuple(Tone(hertz=sounds[at], start=0.3, end=1.7, track=at) for at in (0, _KEPT - 1)),
        said=_LEFT_OUT,
    )
    return Member(
        name=f"{suffix} with {count} tracks of sound",
        make=lambda to: _write(to, f"a.{suffix}", sounds, *forms.get(suffix, ("-c:a", "mp2"))),
        right=right,
    )


def _time_code(random: Random) -> Member:
    suffix, clock = random.choice((("mov", "01:00:00:00"), ("mp4", "23:59:59:10"), ("mxf", "00:00:10:00")))
    codec: dict[str, Callable[[Path], Path]] = {
        "mov": lambda to: _write(to, "a.mov", (440,), "-c:a", "pcm_s24le", "-timecode", clock),
        "mp4": lambda to: _write(to, "a.mp4", (440,), *AAC, "-timecode", clock),
        "mxf": lambda to: _write(
            to, "a.mxf", (440,), "-c:v", "mpeg2video", "-q:v", "3", "-c:a", "pcm_s16le", "-timecode", clock
        ),
    }
    return Member(name=f"{suffix} with the time code {clock}", make=codec[suffix], right=_right())
