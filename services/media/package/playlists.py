"""Reads the HLS and DASH manifests that the packager wrote, as far as their checks need."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

_ATTRIBUTE: Final = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
_DURATION: Final = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?")
_MPD: Final = "{urn:mpeg:dash:schema:mpd:2011}"


class ManifestError(ValueError):
    """A manifest does not say what it must; whoever made it is at fault."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of a file."""

    uri: str
    offset: int
    length: int

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPlaylist:
    """One HLS media playlist.

    Attributes:
        initialization: Where the header of the media file is.
        segments: Duration and place of every segment.
        closed: Whether it says that nothing more will come.
    """

    initialization: ByteRange
    segments: tuple[tuple[float, ByteRange], ...]
    target_seconds: int
    closed: bool

    @property
    def duration_seconds(self) -> float:
        """All segments together."""
        return sum(seconds for seconds, _ in self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One rendition in a master playlist; without size and frame rate it is sound alone."""

    uri: str
    bandwidth: int
    average_bandwidth: int
    codecs: tuple[str, ...]
    width: int
    height: int
    frame_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterPlaylist:
    """The HLS entry point: renditions and the playlists of separate sound and subtitles."""

    variants: tuple[Variant, ...]
    audio_uris: tuple[str, ...]
    text_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """One rendition in a DASH manifest."""

    content_type: str
    codecs: str
    bandwidth: int
    index: ByteRange
    initialization: ByteRange


@dataclass(frozen=True, slots=True, kw_only=True)
class DashManifest:
    """A static DASH manifest.

    Attributes:
        audio_sets: How many kinds of sound players may choose from.
        texts: Files of the subtitles.
    """

    duration_seconds: float
    audio_sets: int
    texts: tuple[str, ...]
    representations: tuple[Representation, ...]


def read_master(path: Path) -> MasterPlaylist:
    """Read a master playlist.

    Raises:
        ManifestError: A tag or an attribute that it needs is missing.
    """
    lines = _lines(path)
    variants: list[Variant] = []
    separate: dict[str, list[str]] = {"AUDIO": [], "SUBTITLES": []}
    for position, line in enumerate(lines):
        if line.startswith("#EXT-X-MEDIA:"):
            attributes = _attributes(line)
            kind = _required(attributes, "TYPE", path)
            if kind in separate:  # captions in the picture have no playlist of their own
                separate[kind].append(_required(attributes, "URI", path))
        elif line.startswith("#EXT-X-STREAM-INF:"):
            if position + 1 >= len(lines) or lines[position + 1].startswith("#"):
                message = f"{path.name} names a rendition without its playlist"
                raise ManifestError(message)
            variants.append(_variant(_attributes(line), lines[position + 1], path))
    return MasterPlaylist(
        variants=tuple(variants),
        audio_uris=tuple(separate["AUDIO"]),
        text_uris=tuple(separate["SUBTITLES"]),
    )


def read_media(path: Path) -> MediaPlaylist:
    """Read a media playlist with byte ranges.

    Raises:
        ManifestError: A tag or an attribute that it needs is missing.
    """
    initialization: ByteRange | None = None
    segments: list[tuple[float, ByteRange]] = []
    seconds, span, next_offset, target = 0.0, "", 0, 0
    lines = _lines(path)
    for line in lines:
        tag, _, value = line.partition(":")
        if tag == "#EXT-X-MAP":
            attributes = _attributes(line)
            length, _, offset = _required(attributes, "BYTERANGE", path).partition("@")
            initialization = ByteRange(_required(attributes, "URI", path), int(offset or 0), int(length))
        elif tag == "#EXT-X-TARGETDURATION":
            target = int(value)
        elif tag == "#EXTINF":
            seconds = float(value.split(",")[0])
        elif tag == "#EXT-X-BYTERANGE":
            span = value
        elif not line.startswith("#"):
            length, _, offset = span.partition("@")
            place = ByteRange(line, int(offset or next_offset), int(length or 0))
            next_offset = place.end
            segments.append((seconds, place))
    if initialization is None:
        message = f"{path.name} does not say where the header of its media file is (EXT-X-MAP)"
        raise ManifestError(message)
    return MediaPlaylist(
        initialization=initialization,
        segments=tuple(segments),
        target_seconds=target,
        closed="#EXT-X-ENDLIST" in lines,
    )


def read_text_media(path: Path) -> tuple[str, ...]:
    """Read the playlist of a track of subtitles: the files it names, whole.

    Raises:
        ManifestError: It is not closed.
    """
    lines = _lines(path)
    if "#EXT-X-ENDLIST" not in lines:
        message = f"{path.name} is not closed"
        raise ManifestError(message)
    return tuple(line for line in lines if not line.startswith("#"))


def read_dash(path: Path) -> DashManifest:
    """Read a static DASH manifest of the on-demand profile.

    Raises:
        ManifestError: It is not XML, or an element or attribute that it needs is missing.
    """
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - written by our own packager a moment ago
    except ET.ParseError as error:
        message = f"{path.name} is not XML: {error}"
        raise ManifestError(message) from error
    found = _DURATION.fullmatch(root.get("mediaPresentationDuration", ""))
    if root.get("type") != "static" or found is None:
        message = f"{path.name} is not a static manifest with a duration"
        raise ManifestError(message)
    sets = list(root.iter(f"{_MPD}AdaptationSet"))
    texts = [item for item in sets if item.get("contentType") == "text"]
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return DashManifest(
        duration_seconds=hours * 3600 + minutes * 60 + seconds,
        audio_sets=sum(item.get("contentType") == "audio" for item in sets),
        texts=tuple(place.text or "" for item in texts for place in item.iter(f"{_MPD}BaseURL")),
        representations=tuple(
            _representation(adaptation, item, path)
            for adaptation in sets
            if adaptation not in texts
            for item in adaptation.iter(f"{_MPD}Representation")
        ),
    )


def _representation(adaptation: ET.Element, item: ET.Element, path: Path) -> Representation:
    uri = item.findtext(f"{_MPD}BaseURL")
    base = item.find(f"{_MPD}SegmentBase")
    header = base.find(f"{_MPD}Initialization") if base is not None else None
    if not uri or base is None or header is None:
        message = f"{path.name} holds a representation without file, index or header"
        raise ManifestError(message)
    return Representation(
        content_type=adaptation.get("contentType", ""),
        codecs=item.get("codecs", ""),
        bandwidth=int(item.get("bandwidth", "0")),
        index=_closed_range(uri, base.get("indexRange", ""), path),
        initialization=_closed_range(uri, header.get("range", ""), path),
    )


def _closed_range(uri: str, text: str, path: Path) -> ByteRange:
    first, _, last = text.partition("-")
    if not (first.isdigit() and last.isdigit()):
        message = f"{path.name} has the byte range {text!r} for {uri}"
        raise ManifestError(message)
    return ByteRange(uri, int(first), int(last) - int(first) + 1)


def _variant(attributes: dict[str, str], uri: str, path: Path) -> Variant:
    picture = "RESOLUTION" in attributes
    width, _, height = attributes.get("RESOLUTION", "0x0").partition("x")
    return Variant(
        uri=uri,
        bandwidth=int(_required(attributes, "BANDWIDTH", path)),
        average_bandwidth=int(_required(attributes, "AVERAGE-BANDWIDTH", path)),
        codecs=tuple(_required(attributes, "CODECS", path).split(",")),
        width=int(width),
        height=int(height),
        frame_rate=float(_required(attributes, "FRAME-RATE", path)) if picture else 0.0,
    )


def _lines(path: Path) -> list[str]:
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not lines or lines[0] != "#EXTM3U":
        message = f"{path.name} is not an HLS playlist"
        raise ManifestError(message)
    return lines


def _attributes(line: str) -> dict[str, str]:
    return {key: value.strip('"') for key, value in _ATTRIBUTE.findall(line.partition(":")[2])}


def _required(attributes: dict[str, str], key: str, path: Path) -> str:
    if key not in attributes:
        message = f"{path.name} lacks the attribute {key}"
        raise ManifestError(message)
    return attributes[key]
