"""Checks that the HLS and DASH manifests are complete and agree with the files and with each other."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from media.encode.encode import tolerance_seconds
from media.package.package import Packaged
from media.package.playlists import (
    ByteRange,
    DashManifest,
    ManifestError,
    MasterPlaylist,
    MediaPlaylist,
    read_dash,
    read_master,
    read_media,
    read_text_media,
)
from media.plan.plan import Plan
from media.verify.captions import check_captions
from media.verify.error import fail, failure


def check_manifests(packaged: Packaged, plan: Plan, durations: Mapping[str, float | None]) -> None:
    """Check both manifests and every playlist.

    Args:
        packaged: The files.
        plan: What was to be made.
        durations: Measured length of each output by name.

    Raises:
        ProcessingFailedError: Something is missing, points outside its file, or disagrees.
    """
    names = [*packaged.renditions, *packaged.audios]
    try:
        playlists = {name: read_media(packaged.playlist(name)) for name in names}
        for name, path in packaged.texts.items():
            if read_text_media(packaged.playlist(name)) != (path.name,):
                fail(f"The playlist of {name} does not name its file.")
        master = read_master(packaged.hls)
        _check_master(master, packaged, plan)
        check_captions(packaged)
        for name, playlist in playlists.items():
            check_media(name, playlist, packaged.directory, durations[name] or 0.0)
        _check_peaks(master, playlists)
        _check_dash(read_dash(packaged.dash), packaged, durations)
    except (ManifestError, ValueError) as error:
        raise failure(f"A manifest is not usable: {error}.") from error
    cuts = {tuple(seconds for seconds, _ in playlists[name].segments) for name in packaged.renditions}
    if len(cuts) != 1:
        fail("The renditions are not cut into segments at the same times.")


def _check_master(master: MasterPlaylist, packaged: Packaged, plan: Plan) -> None:
    expected = [(f"{rung.name}.m3u8", rung.width, rung.height) for rung in plan.rungs]
    found = [(variant.uri, variant.width, variant.height) for variant in master.variants]
    if sorted(found) != sorted(expected):
        fail(f"The master playlist lists {found} instead of {expected}.")
    if list(master.audio_uris) != [f"{name}.m3u8" for name in packaged.audios]:
        fail(f"The master playlist lists the sound as {list(master.audio_uris)}.")
    if sorted(master.text_uris) != sorted(f"{name}.m3u8" for name in packaged.texts):
        fail(f"The master playlist lists the subtitles as {list(master.text_uris)}.")
    for variant in master.variants:
        codecs = 2 if packaged.audios else 1
        if variant.bandwidth < variant.average_bandwidth or len(variant.codecs) != codecs:
            fail(f"The master playlist describes {variant.uri} wrongly: {variant}.")


def _check_peaks(master: MasterPlaylist, playlists: Mapping[str, MediaPlaylist]) -> None:
    """A player that can load BANDWIDTH must never wait; RFC 8216 leaves short segments out of the peak."""
    sound = max((_peak(playlists[Path(uri).stem]) for uri in master.audio_uris), default=0.0)
    for variant in master.variants:
        needed = _peak(playlists[Path(variant.uri).stem]) + sound
        if variant.bandwidth < needed:
            fail(
                f"The master playlist says that {variant.uri} needs {variant.bandwidth} bit/s; "
                f"its largest segment with its sound needs {needed:.0f}."
            )


def _peak(playlist: MediaPlaylist) -> float:
    return max(
        (
            place.length * 8 / seconds
            for seconds, place in playlist.segments
            if seconds * 2 >= playlist.target_seconds
        ),
        default=0.0,
    )


def check_media(name: str, playlist: MediaPlaylist, directory: Path, duration: float) -> None:
    """Check one HLS media playlist against its file, which must be `duration` seconds long."""
    if not playlist.closed:
        fail(f"The playlist of {name} is not closed.")
    if not playlist.segments:
        fail(f"The playlist of {name} has no segments.")
    for place in (playlist.initialization, *(place for _, place in playlist.segments)):
        check_range(name, place, directory)
    places = [place for _, place in playlist.segments]
    if any(before.end != after.offset for before, after in pairwise(places)):
        fail(f"The playlist of {name} leaves a part of its file out.")
    if places[-1].end != (directory / places[-1].uri).stat().st_size:
        fail(f"The playlist of {name} ends before its file does.")
    if abs(playlist.duration_seconds - duration) > tolerance_seconds(duration):
        fail(f"The playlist of {name} lasts {playlist.duration_seconds:.3f} s instead of {duration:.3f} s.")
    if any(round(seconds) > playlist.target_seconds for seconds, _ in playlist.segments):
        fail(f"The playlist of {name} has a segment above its target duration.")


def _check_dash(manifest: DashManifest, packaged: Packaged, durations: Mapping[str, float | None]) -> None:
    files = [path.name for path in (*packaged.renditions.values(), *packaged.audios.values())]
    if sorted(item.index.uri for item in manifest.representations) != sorted(files):
        fail("The DASH manifest does not list every rendition once.")
    if manifest.audio_sets != len(packaged.audios):
        fail(f"The DASH manifest has {manifest.audio_sets} sets of sound for {len(packaged.audios)} tracks.")
    if sorted(manifest.texts) != sorted(path.name for path in packaged.texts.values()):
        fail(f"The DASH manifest lists the subtitles as {list(manifest.texts)}.")
    for item in manifest.representations:
        check_range("DASH", item.index, packaged.directory)
        check_range("DASH", item.initialization, packaged.directory)
        if not item.codecs or item.bandwidth <= 0:
            fail(f"The DASH manifest lacks codec or rate of {item.index.uri}.")
    expected = max(durations[name] or 0.0 for name in packaged.renditions)
    if abs(manifest.duration_seconds - expected) > tolerance_seconds(expected):
        fail(f"The DASH manifest says {manifest.duration_seconds:.3f} s instead of {expected:.3f} s.")


def check_range(name: str, place: ByteRange, directory: Path) -> None:
    """Check that a manifest points at bytes that are there."""
    path = directory / place.uri
    if "/" in place.uri or not path.is_file():
        fail(f"The manifest of {name} names {place.uri!r}, which is not beside it.")
    if place.length <= 0 or place.end > path.stat().st_size:
        fail(f"The manifest of {name} points at bytes {place.offset}-{place.end} outside {place.uri}.")
