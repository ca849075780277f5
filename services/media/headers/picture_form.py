"""What has to be done to a decoded picture before anything else is: its colours named, its edges cut."""

from dataclasses import dataclass
from typing import Final

from media.headers.colours import Colours
from media.headers.declared_picture import Crop


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureForm:
    """How the pictures of a source are to be taken.

    Attributes:
        colours: What they are; None where that does not matter.
        crop: What is cut off, as the picture is seen upright; None for nothing.
        first_field: `top` or `bottom` where every decoded picture is one field of two; else empty.
        captions: Whether captions lie in the first pictures.
        obeys_turn: Whether the file's display matrix is one that players obey.
    """

    colours: Colours | None = None
    crop: Crop | None = None
    first_field: str = ""
    captions: bool = False
    obeys_turn: bool = True


AS_IT_IS: Final = PictureForm()
