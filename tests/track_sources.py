"""Makes sources with tracks that are odd, empty, too many, or not of the film."""

from pathlib import Path

from tests.media import ffmpeg, picture, tone

_FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_AAC = ("-c:a", "aac", "-b:a", "96k")


def beep(hertz: int, seconds: float = 2) -> tuple[str, ...]:
    """Input options for a tone by whose height a track is known again."""
    return ("-f", "lavfi", "-i", f"sine=frequency={hertz}:sample_rate=48000:duration={seconds}")


def colour(name: str, size: str = "320x180", seconds: float = 2) -> tuple[str, ...]:
    """Input options for a picture by whose colour a track is known again."""
    return ("-f", "lavfi", "-i", f"color={name}:size={size}:rate=25:duration={seconds}")


def make_nameless_sound(directory: Path, tag: bytes = b"apac", *, only: bool = False) -> Path:
    """MOV whose last track of sound is in a codec without a name in ffprobe, as new telephones write."""
    path = directory / "nameless.mov"
    sounds = beep(1000) if only else (*beep(440), *beep(1000))
    maps = ("-map", "1") if only else ("-map", "1", "-map", "2")
    ffmpeg(*picture("320x180", "25", 2), *sounds, "-map", "0", *maps, *_FAST, *_AAC, str(path))
    before, found, after = path.read_bytes().rpartition(b"stsd")
    assert found
    path.write_bytes(before + found + after.replace(b"mp4a", tag).replace(b"esds", b"free"))
    return path


def make_forbidden_sound(directory: Path) -> Path:
    """Matroska with a track in a codec that ffmpeg knows and that is on nobody's list, before AAC."""
    path = directory / "forbidden.mkv"
    ffmpeg(
        *(*picture("320x180", "25", 2), *beep(1000), *beep(440), "-map", "0", "-map", "1", "-map", "2"),
        *(*_FAST, "-c:a:0", "sonic", "-strict", "-2", "-c:a:1", "aac", str(path)),
    )
    return path


def make_forbidden_picture(directory: Path) -> Path:
    """Matroska whose second picture is in a codec that is on nobody's list."""
    path = directory / "forbidden_picture.mkv"
    ffmpeg(
        *(*colour("green"), *colour("red", "640x360"), "-map", "0", "-map", "1"),
        *(*_FAST, "-c:v:1", "asv1", "-pix_fmt:v:1", "yuv420p", str(path)),
    )
    return path


def make_empty_sound(directory: Path, suffix: str = "mp4") -> Path:
    """A track of sound that is declared and has no sample."""
    path = directory / f"empty.{suffix}"
    flags = ("-movflags", "empty_moov+frag_keyframe") if suffix == "mp4" else ()
    ffmpeg(*picture("320x180", "25", 2), *tone(2), *_FAST, *_AAC, "-frames:a", "0", *flags, str(path))
    return path


def make_motion_photo(directory: Path) -> Path:
    """A red still of two frames that is larger than the green film beside it; both are marked default."""
    path = directory / "motion.mp4"
    ffmpeg(
        *(*colour("red", "640x480", 0.08), *colour("green", "320x240", 2), *beep(440), "-map", "0"),
        *("-map", "1", "-map", "2", *_FAST, *_AAC, "-disposition:v:0", "default"),
        *("-disposition:v:1", "default", str(path)),
    )
    return path


def make_two_programmes(directory: Path) -> Path:
    """A broadcast of two films: green with 440 Hz, and larger, red with 1000 Hz."""
    path = directory / "programmes.ts"
    ffmpeg(
        *(*colour("green"), *beep(440), *colour("red", "640x360"), *beep(1000)),
        *("-map", "3", "-map", "0", "-map", "1", "-map", "2", *_FAST, *_AAC),
        *("-program", "title=one:st=1:st=2", "-program", "title=two:st=0:st=3", str(path)),
    )
    return path


def make_cover_in_tiff(directory: Path) -> Path:
    """Matroska with a cover in a format that is no video here."""
    path, cover = directory / "cover.mkv", directory / "cover.tiff"
    ffmpeg(*colour("red", "200x200", 0.04), str(cover))
    ffmpeg(
        *(*picture("320x180", "25", 2), *tone(2), *_FAST, *_AAC, "-attach", str(cover)),
        *("-metadata:s:t", "mimetype=image/tiff", str(path)),
    )
    return path


def make_described_sound(directory: Path) -> Path:
    """The first track describes the picture to people who cannot see it, the second is the film's own."""
    path = directory / "described.mkv"
    ffmpeg(
        *(*picture("320x180", "25", 2), *beep(1000), *beep(440), "-map", "0", "-map", "1", "-map", "2"),
        *(*_FAST, *_AAC, "-disposition:a:0", "default+visual_impaired", "-disposition:a:1", "0", str(path)),
    )
    return path


def _part(directory: Path, name: str, start: float, *options: str) -> bytes:
    """One second of a broadcast that begins at a time."""
    path = directory / name
    ffmpeg(*options, "-muxdelay", "0", "-output_ts_offset", str(start), "-f", "mpegts", str(path))
    data = path.read_bytes()
    path.unlink()
    return data


def make_size_changes(directory: Path, second: str = "640x360", pixels: str = "yuv420p") -> Path:
    """A broadcast of 320x180 in red for a second, then of another size in green; one tone throughout."""
    path = directory / "sizes.ts"
    red = (*colour("red", seconds=1), *beep(440, 1), *_FAST, *_AAC, "-bf", "0")
    green = (*colour("lime", second, 1), *beep(440, 1), *_FAST, *_AAC, "-bf", "0", "-pix_fmt", pixels)
    path.write_bytes(_part(directory, "a.ts", 0, *red) + _part(directory, "b.ts", 1, *green))
    return path


def make_channel_changes(directory: Path, first: int = 2, second: int = 6) -> Path:
    """A broadcast whose sound goes from 440 to 880 Hz and to other channels after a second."""
    path = directory / "channels.ts"
    parts = []
    for start, hertz, channels in ((0, 440, first), (1, 880, second)):
        inputs = (*picture("320x180", "25", 1), *beep(hertz, 1), *_FAST, "-bf", "0")
        parts.append(_part(directory, "part.ts", start, *inputs, "-c:a", "ac3", "-ac", str(channels)))
    path.write_bytes(b"".join(parts))
    return path


def make_moved_broadcast(directory: Path, *, version: int = 1) -> Path:
    """A broadcast whose picture and sound go on under other numbers after a second.

    Args:
        directory: Where it is written.
        version: Of its second table of programmes; the first has 0.
    """
    path = directory / "moved.ts"
    red = (*colour("red", seconds=1), *beep(440, 1), *_FAST, *_AAC, "-bf", "0")
    green = (*colour("lime", seconds=1), *beep(880, 1), *_FAST, *_AAC, "-bf", "0")
    moved = ("-mpegts_start_pid", "0x300", "-tables_version", str(version))
    path.write_bytes(_part(directory, "a.ts", 0, *red) + _part(directory, "b.ts", 1, *green, *moved))
    return path
