"""A picture that was ordered as a video is called a picture, whatever its file's name is."""

import pytest

from media.containers.formats import MP4
from media.containers.sniff import identify
from media.containers.still_pictures import name_of_picture, picture_refused
from media.tools.errors import ErrorCode, InvalidInputError


def _ftyp(*brands: bytes) -> bytes:
    content = brands[0] + bytes(4) + b"".join(brands[1:])
    return (len(content) + 8).to_bytes(4, "big") + b"ftyp" + content


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"GIF89a", "GIF"),
        (b"II*\0", "TIFF"),
        (_ftyp(b"heic", b"mif1", b"heic"), "HEIC"),
        (_ftyp(b"mif1", b"heic"), "HEIC"),
        (_ftyp(b"avif", b"mif1"), "AVIF"),
    ],
)
def test_a_picture_is_refused_as_one_and_its_remedy_fits(head: bytes, name: str) -> None:
    with pytest.raises(InvalidInputError, match=f"picture \\({name}\\)") as caught:
        identify(head + bytes(64))

    assert caught.value.code is ErrorCode.INPUT_IS_PICTURE
    assert "profile image" in caught.value.remedy
    assert ("Export" in picture_refused(name).remedy) == (name == "TIFF")


def test_a_film_behind_the_brand_of_a_picture_is_a_film() -> None:
    head = _ftyp(b"heic", b"mif1", b"mp42") + bytes(64)

    assert name_of_picture(head) is None
    assert identify(head) is MP4
