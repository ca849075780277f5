"""Pictures that move: GIF and PNG with more than one frame are films, and play once."""

from pathlib import Path
from typing import BinaryIO, Final

from media.containers.formats import ANIMATED_GIF, ANIMATED_PNG, Container
from media.tools.errors import DamagedInputError, ErrorCode, InvalidInputError

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS: Final = 1000
"""Before the first pixels of a PNG."""
_MAX_BLOCKS: Final = 500_000
"""Of up to 255 bytes in the first frame of a GIF and before it."""
_TABLE: Final = 0x80
_EXTENSION: Final = 0x21
_IMAGE: Final = 0x2C
_TRAILER: Final = b"\x3b"
_END_BYTES: Final = 4096


def animation_in(file: BinaryIO) -> Container | None:
    """Tell whether a file is a GIF or PNG with more than one frame.

    Raises:
        InvalidInputError: It is an animated WebP, which nothing here can decode.
    """
    file.seek(0)
    head = file.read(21)
    if head.startswith((b"GIF87a", b"GIF89a")):
        return ANIMATED_GIF if _gif_moves(file) else None
    if head.startswith(_PNG):
        return ANIMATED_PNG if _png_moves(file) else None
    if head.startswith(b"RIFF") and head[8:16] == b"WEBPVP8X" and head[20:] and head[20] & 2:
        raise InvalidInputError(
            ErrorCode.CODEC_NOT_ALLOWED,
            "Animated WebP is not accepted: no program here can decode it.",
            "Export it as MP4, or as animated GIF or PNG, and upload the new file.",
        )
    return None


def check_animation_complete(path: Path, container: Container) -> None:
    """Look for the end that both formats have.

    Raises:
        DamagedInputError: It is missing.
    """
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_BYTES))
        end = file.read()
    whole = end.rstrip(b"\0").endswith(_TRAILER) if container is ANIMATED_GIF else b"IEND" in end
    if not whole:
        raise DamagedInputError(
            ErrorCode.INPUT_TRUNCATED,
            "The file is cut short: its end is missing.",
            "Upload the complete file again.",
        )


def _png_moves(file: BinaryIO) -> bool:
    """Whether its control chunk, which stands before the pixels, announces frames."""
    place = len(_PNG)
    for _ in range(_MAX_CHUNKS):
        file.seek(place)
        head = file.read(12)
        if len(head) < 12 or head[4:8] == b"IDAT":
            return False
        if head[4:8] == b"acTL":
            return int.from_bytes(head[8:12], "big") > 1
        place += 12 + int.from_bytes(head[:4], "big")
    return False


def _gif_moves(file: BinaryIO) -> bool:
    """Whether a second frame follows the first."""
    file.seek(10)
    _skip_table(file, file.read(3)[:1])
    frames, blocks = 0, 0
    while frames < 2 and blocks < _MAX_BLOCKS:
        kind = file.read(1)
        if kind == bytes([_IMAGE]):
            frames += 1
            _skip_table(file, file.read(9)[8:])
            file.seek(1, 1)
        elif kind == bytes([_EXTENSION]):
            file.seek(1, 1)
        else:
            break
        while blocks < _MAX_BLOCKS and (length := file.read(1)) not in {b"", b"\0"}:
            blocks += 1
            file.seek(length[0], 1)
        blocks += 1
    return frames > 1


def _skip_table(file: BinaryIO, flags: bytes) -> None:
    """Skip a table of colours, if the flags announce one."""
    if flags and flags[0] & _TABLE:
        file.seek(3 << (flags[0] & 7) + 1, 1)
