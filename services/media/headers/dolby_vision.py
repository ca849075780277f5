"""Tells films that only players of Dolby Vision can show from those with a usual picture as their base."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from media.headers.colours import Colours
from media.tools.errors import ErrorCode, InvalidInputError

_WITHOUT_BASE: Final = frozenset({5})
"""Profiles whose picture is in colours of their own."""
_BY_COMPATIBILITY: Final = frozenset({10, 20})
"""Profiles of which only some have a usual picture; the compatibility says so, and 0 is none."""
_TAGS: Final = frozenset({"dvh1", "dvhe", "dav1"})
"""Names of streams for players of Dolby Vision alone."""


class Labelled(Protocol):
    """What ffprobe tells of a stream, by its own names."""

    @property
    def codec_tag_string(self) -> str:
        """Four characters by which the container calls the codec."""

    @property
    def side_data_list(self) -> Sequence[Mapping[str, Any]]:
        """Records beside the stream, one of which may be Dolby's."""


def check_base_layer(stream: Labelled, colours: Colours) -> None:
    """Refuse a film whose colours come out wrong without Dolby's own conversion: green and purple.

    Args:
        stream: What ffprobe tells.
        colours: What the picture was taken for.

    Raises:
        InvalidInputError: It has no base that other players can show.
    """
    record = next((data for data in stream.side_data_list if "dv_profile" in data), None)
    if record is None:
        alone = stream.codec_tag_string in _TAGS and not colours.high_dynamic_range
        profile = "unknown"
    else:
        compatible = record.get("dv_bl_signal_compatibility_id", 0)
        number = record["dv_profile"]
        alone = number in _WITHOUT_BASE or (number in _BY_COMPATIBILITY and compatible == 0)
        profile = str(number)
    if alone:
        raise InvalidInputError(
            ErrorCode.DOLBY_VISION_ONLY,
            f"The film is Dolby Vision (profile {profile}) without a picture for other players; its colours "
            "would come out wrong.",
            "Export it as HDR10, HLG or a standard picture, or as Dolby Vision 8.1 or 8.4, and upload "
            "the new file.",
        )
