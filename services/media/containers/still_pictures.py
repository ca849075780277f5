"""Tells pictures from films by their first bytes, so that a picture is refused as what it is."""

from typing import Final

from media.tools.errors import ErrorCode, InvalidInputError

_MAGICS: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
)
_BRANDS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
}
"""Major brands of MP4's relatives that hold pictures (ISO/IEC 23008-12)."""
_FILM_BRANDS: Final = frozenset({b"isom", b"mp41", b"mp42", b"qt  ", b"iso2", b"iso4", b"iso5", b"iso6"})
TAKEN: Final = frozenset({"JPEG", "PNG", "WebP", "GIF", "HEIC", "AVIF"})
"""What the profile image reads."""


def name_of_picture(head: bytes) -> str | None:
    """The format of a picture by the first bytes of its file; None for anything else.

    A file of a picture that also calls itself a film is one: phones put films behind the brands of pictures.
    """
    for magic, name in _MAGICS:
        if head.startswith(magic):
            return name
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    brands = _brands(head)
    return None if _FILM_BRANDS.intersection(brands[1:]) else _BRANDS.get(brands[0]) if brands else None


def heif_kind(head: bytes) -> str | None:
    """Whether a file holds a picture behind the brands of MP4's relatives, be it a film as well."""
    return next((_BRANDS[brand] for brand in _brands(head) if brand in _BRANDS), None)


def _brands(head: bytes) -> list[bytes]:
    """The major brand and those beside it; none where the file does not begin with brands."""
    if head[4:8] != b"ftyp":
        return []
    size = int.from_bytes(head[:4], "big")
    return [head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head)), 4))]


def picture_refused(name: str) -> InvalidInputError:
    """The error of a picture where a video or sound was wanted."""
    remedy = "Order the job with the profile image"
    if name not in TAKEN:
        remedy = "Export it as JPEG, PNG or WebP, and order the job with the profile image"
    return InvalidInputError(
        ErrorCode.INPUT_IS_PICTURE, f"The file is a picture ({name}), not a video.", f"{remedy}."
    )
