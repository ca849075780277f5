"""Adds subtitles that came beside a video to its playlists when they are read; the stored ones stay."""

import math
import re
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from ledger.videos.sidecars import Sidecar
from metadata_api.playback.playlists import Place

PLAYLIST_PREFIX: Final = "sidecar-"
_GROUP: Final = re.compile(r'^#EXT-X-MEDIA:TYPE=SUBTITLES,.*?GROUP-ID="([^"]+)"', re.MULTILINE)
_NAME: Final = re.compile(r'^#EXT-X-MEDIA:TYPE=SUBTITLES,.*?,NAME="([^"]+)"', re.MULTILINE)
_VARIANT: Final = re.compile(r"^#EXT-X-STREAM-INF:[^\r\n]*", re.MULTILINE)
_PERIOD_END: Final = "</Period>"
_OWN_GROUP: Final = "sidecars"
_NOMINAL_BITS_PER_SECOND: Final = 256


def playlist_name(name: str) -> str:
    """What the master playlist calls the playlist of a track."""
    return f"{PLAYLIST_PREFIX}{name}.m3u8"


def text_name(name: str) -> str:
    """Where a track itself is, seen from the playlists."""
    return f"subtitles/{name}.vtt"


def with_sidecars_in_master(text: str, tracks: Sequence[Sidecar], place: Place) -> str:
    """A master playlist that offers the tracks beside those that it had.

    Args:
        text: The playlist.
        tracks: What to add.
        place: Gives the address of a playlist.
    """
    first = _VARIANT.search(text)
    if not tracks or first is None:
        return text
    known = _GROUP.search(text)
    group = known[1] if known else _OWN_GROUP
    taken = set(_NAME.findall(text))
    lines = []
    for track in tracks:
        label = _free(track.label.replace('"', "'"), taken)
        lines.append(
            f'#EXT-X-MEDIA:TYPE=SUBTITLES,URI="{place(playlist_name(track.name))}",GROUP-ID="{group}",'
            f'LANGUAGE="{track.language}",NAME="{label}",DEFAULT=NO,AUTOSELECT=YES\n'
        )

    def offered(found: re.Match[str]) -> str:
        return found[0] if ",SUBTITLES=" in found[0] else f'{found[0]},SUBTITLES="{group}"'

    head, rest = text[: first.start()], text[first.start() :]
    return head + "".join(lines) + _VARIANT.sub(offered, rest)


def sidecar_playlist(name: str, duration_seconds: float, place: Place) -> str:
    """The HLS playlist of one track: its text as one segment as long as the video."""
    return (
        "#EXTM3U\n#EXT-X-VERSION:6\n"
        f"#EXT-X-TARGETDURATION:{max(1, math.ceil(duration_seconds))}\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        f"#EXTINF:{duration_seconds:.3f},\n{place(text_name(name))}\n#EXT-X-ENDLIST\n"
    )


def with_sidecars_in_dash(text: str, tracks: Sequence[Sidecar], place: Place) -> str:
    """A DASH manifest with one more adaptation set for each track."""
    at = text.rfind(_PERIOD_END)
    if not tracks or at < 0:
        return text
    return text[:at] + "".join(_adaptation(track, place) for track in tracks) + text[at:]


def _adaptation(track: Sidecar, place: Place) -> str:
    return (
        f'<AdaptationSet contentType="text" mimeType="text/vtt" lang={quoteattr(track.language)}>'
        f"<Label>{escape(track.label)}</Label>"
        '<Role schemeIdUri="urn:mpeg:dash:role:2011" value="subtitle"/>'
        f'<Representation id={quoteattr(playlist_name(track.name))} bandwidth="{_NOMINAL_BITS_PER_SECOND}">'
        f"<BaseURL>{escape(place(text_name(track.name)))}</BaseURL>"
        "</Representation></AdaptationSet>"
    )


def _free(label: str, taken: set[str]) -> str:
    """Players tell the tracks of a group apart by their names."""
    name, number = label, 2
    while name in taken:
        name, number = f"{label} {number}", number + 1
    taken.add(name)
    return name
