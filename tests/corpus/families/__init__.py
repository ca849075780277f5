"""The kinds of sources that go wrong elsewhere; each family draws members of its kind."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from tests.corpus.families import (
    apart,
    captions,
    changes,
    colours,
    formats,
    geometry,
    lengths,
    odd_tracks,
    pictures,
    protected,
    rates,
    short_sounds,
    which_track,
)
from tests.corpus.member import Member

FAMILIES: Final[Mapping[str, Callable[[Random], Member]]] = {
    "rates": rates.draw,
    "lengths": lengths.draw,
    "odd-tracks": odd_tracks.draw,
    "formats": formats.draw,
    "which-track": which_track.draw,
    "changes": changes.draw,
    "colours": colours.draw,
    "geometry": geometry.draw,
    "short-sounds": short_sounds.draw,
    "apart": apart.draw,
    "captions": captions.draw,
    "protected": protected.draw,
    "pictures": pictures.draw,
}
