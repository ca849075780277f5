"""Asks the programs in the image for their versions: one frame through each encoder makes it say its own."""

import re

from local.container_image import ContainerImage
from tools.image.commands import ImageError
from tools.image.inside import output_inside

_LOCATE = "from media.tools import command, isolation; print(isolation.locate(command.Tool.{tool}))"
_FRAME = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=0.04", "-frames:v", "1")
_ENCODERS = {
    "x264": ("libx264", re.compile(r"x264 - core (\d+ r\d+)")),
    "x265": ("libx265", re.compile(r"HEVC encoder version (\S+)")),
    "SVT-AV1": ("libsvtav1", re.compile(r"SVT-AV1 Encoder Lib v(\S+)")),
}


def versions_inside(image: ContainerImage) -> dict[str, str]:
    """Give the version of every program and encoder that makes or judges a picture.

    Raises:
        ImageError: one of them does not run, or does not say its version.
    """
    found = {
        "ffmpeg": _search(r"ffmpeg version (\S+)", output_inside(image, "ffmpeg", "-version"), "ffmpeg"),
        "ffprobe": _search(r"ffprobe version (\S+)", output_inside(image, "ffprobe", "-version"), "ffprobe"),
    }
    found |= {name: encoder_log(image, name)[0] for name in _ENCODERS}
    scorer, packager = (_path(image, tool) for tool in ("SCORER", "PACKAGER"))
    said = output_inside(image, scorer, "-hide_banner", "-version")
    found["VMAF scorer"] = _search(r"ffmpeg version (\S+)", said, "the scorer")
    said = output_inside(image, packager, "--version")
    found["packager"] = _search(r"version (\S+)", said, "the packager")
    return found


def encoder_log(image: ContainerImage, name: str) -> tuple[str, str]:
    """Encode one frame with an encoder and give its version and everything that it said.

    Args:
        image: the image.
        name: x264, x265 or SVT-AV1.

    Raises:
        ImageError: it failed, or said no version.
    """
    encoder, pattern = _ENCODERS[name]
    output = "/scratch/frame.mkv"
    command = ("ffmpeg", "-hide_banner", "-loglevel", "verbose", *_FRAME, "-c:v", encoder, output)
    # x264 writes its version into what it makes.
    said = output_inside(
        image, "sh", "-c", '"$@" && grep -a -o "x264 - core [0-9]* r[0-9]*" $0 || true', output, *command
    )
    return _search(pattern.pattern, said, name), said


def _path(image: ContainerImage, tool: str) -> str:
    return output_inside(image, "python", "-c", _LOCATE.format(tool=tool)).strip()


def _search(pattern: str, said: str, name: str) -> str:
    match = re.search(pattern, said)
    if match is None:
        raise ImageError(f"{name} does not say its version; it said:\n{said}", remedy="Look at what changed.")
    return match[1]
