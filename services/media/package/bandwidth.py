"""What players are told that a rendition needs, counted from the bytes of its segments.

The packager's own numbers leave some segments out and are rounded in places, so that a playlist could say
less than its largest segment needs.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media.package.playlists import MediaPlaylist, read_media

_STREAM: Final = "#EXT-X-STREAM-INF:"
_MEDIA: Final = "#EXT-X-MEDIA:"
_RATES: Final = re.compile(r"(?:AVERAGE-)?BANDWIDTH=\d+,?")
_URI: Final = re.compile(r'URI="([^"]*)"')
_GROUP: Final = re.compile(r'GROUP-ID="([^"]*)"')
_SOUND: Final = re.compile(r'AUDIO="([^"]*)"')
_REPRESENTATION: Final = re.compile(r"<Representation\b.*?</Representation>", re.DOTALL)
_BASE: Final = re.compile(r"<BaseURL>([^<]*)</BaseURL>")
_DASH_RATE: Final = re.compile(r'\bbandwidth="\d+"')
_SHORTEST, _LONGEST = 0.5, 1.5
"""Of the target duration: what RFC 8216 (4.1) takes together for a peak."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Bits a second of one media file.

    Attributes:
        peak: The most that any run of segments of about the target duration needs.
        average: All bytes over the whole duration.
    """

    peak: int
    average: int


def rate_of(playlist: MediaPlaylist) -> Rate:
    """Count the rate of a media file, rounded up; 0 when it has no segments."""
    spans = [(seconds, place.length * 8) for seconds, place in playlist.segments if seconds > 0]
    if not spans:
        return Rate(0, 0)
    average = sum(bits for _, bits in spans) / sum(seconds for seconds, _ in spans)
    peak = max([average, *_peaks(spans, playlist.target_seconds)])
    return Rate(math.ceil(peak), math.ceil(average))


def write_rates(master: Path, dash: Path) -> None:
    """Put the counted rates into both manifests; the media playlists lie beside them.

    A rendition with sound in a group of its own needs the most that any of that sound does as well.

    Raises:
        ManifestError: A media playlist lacks what its rates are counted from.
    """
    lines = master.read_text(encoding="utf-8").splitlines()
    sound: dict[str, Rate] = {}
    for line in lines:
        uri, group = _URI.search(line), _GROUP.search(line)
        if line.startswith(f"{_MEDIA}TYPE=AUDIO") and uri and group:
            rate, before = rate_of(read_media(master.parent / uri[1])), sound.get(group[1], Rate(0, 0))
            sound[group[1]] = Rate(max(rate.peak, before.peak), max(rate.average, before.average))
    for position, line in enumerate(lines[:-1]):
        if line.startswith(_STREAM):
            own, group = rate_of(read_media(master.parent / lines[position + 1])), _SOUND.search(line)
            # A variant that is sound alone names the group that it lies in itself.
            beside = sound.get(group[1], Rate(0, 0)) if group and "RESOLUTION=" in line else Rate(0, 0)
            rates = f"BANDWIDTH={own.peak + beside.peak},AVERAGE-BANDWIDTH={own.average + beside.average}"
            lines[position] = f"{_STREAM}{rates},{_RATES.sub('', line.removeprefix(_STREAM))}"
    master.write_text("\n".join(lines) + "\n", encoding="utf-8")
    dash.write_text(_with_dash_rates(dash), encoding="utf-8")


def _with_dash_rates(dash: Path) -> str:
    def counted(found: re.Match[str]) -> str:
        file = _BASE.search(found[0])
        playlist = dash.parent / f"{Path(file[1]).stem}.m3u8" if file else None
        if playlist is None or not playlist.is_file() or "SegmentBase" not in found[0]:
            return found[0]
        return _DASH_RATE.sub(f'bandwidth="{rate_of(read_media(playlist)).peak}"', found[0], count=1)

    return _REPRESENTATION.sub(counted, dash.read_text(encoding="utf-8"))


def _peaks(spans: Sequence[tuple[float, int]], target_seconds: int) -> list[float]:
    """The rate of every run of neighbouring segments that lasts about as long as the target."""
    found = []
    for first in range(len(spans)):
        seconds, bits = 0.0, 0
        for length, size in spans[first:]:
            seconds, bits = seconds + length, bits + size
            if seconds > _LONGEST * target_seconds:
                break
            if seconds >= _SHORTEST * target_seconds:
                found.append(bits / seconds)
    return found
