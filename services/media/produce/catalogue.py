"""Describes every output file for the ledger, from what verification measured and what the manifests say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from media.encode.encode import Encoded
from media.encode.loudness import CorrectedLoudness
from media.package.package import Packaged
from media.package.playlists import Variant, read_dash, read_master
from media.plan.plan import Plan
from media.plan.sprite import SpritePlan
from media.plan.tracks import PlannedAudio, PlannedText
from media.verify.files import CheckedFile
from media.verify.picture import Likeness
from media.verify.verify import Verified

_HLS_TYPE: Final = "application/vnd.apple.mpegurl"
_DASH_TYPE: Final = "application/dash+xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducedFile:
    """One output file.

    Attributes:
        path: Where it is; the file name is what goes behind the job's key prefix.
        name: Output name in the API, for example `720p`, `hls`, `mp4` or `720p.m3u8`.
        kind: `rendition`, `audio`, `playlist`, `manifest`, `download`, `poster`, `subtitles`, `sprite`,
            `scrub`, `thumbnail`, `waveform` or `image`.
        codec: RFC 6381 codec strings, separated by commas.
        bitrate_kbps: Average rate.
        details: Facts that only some kinds have.
    """

    path: Path
    name: str
    kind: str
    content_type: str
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    bitrate_kbps: int | None = None
    duration_seconds: float | None = None
    frame_rate: float | None = None
    details: dict[str, Any] = field(default_factory=dict)


def catalogue(
    packaged: Packaged,
    plan: Plan,
    encoded: Encoded,
    checked: Verified,
    *,
    single_file: bool = False,
) -> list[ProducedFile]:
    """List every file to publish: media first, the manifests that point at them last.

    Args:
        packaged: The files.
        plan: What was to be made.
        encoded: What the encoders measured.
        checked: What verification found, by output name.
        single_file: Whether the download is all that is wanted: then there are no manifests, and none of the
            files that they point at.
    """
    codecs = {item.index.uri: item.codecs for item in read_dash(packaged.dash).representations}
    files = [] if single_file else _streams(packaged, plan, encoded, checked, codecs)
    files += [
        _download(packaged, plan, encoded, checked, codecs),
        _poster(packaged.poster, checked.files["poster"]),
        *_scrubbing(packaged, plan, checked.files["sprite"]),
    ]
    files += [_text(packaged.texts[text.name], text) for text in plan.texts if text.name in packaged.texts]
    return files if single_file else files + _manifests(packaged)


def keep_only(files: Sequence[ProducedFile], directory: Path) -> None:
    """Delete what was made on the way and is not published."""
    kept = {file.path for file in files}
    for path in directory.iterdir():
        if path not in kept:
            path.unlink()


def _streams(
    packaged: Packaged,
    plan: Plan,
    encoded: Encoded,
    checked: Verified,
    codecs: Mapping[str, str],
) -> list[ProducedFile]:
    variants = {variant.uri: variant for variant in read_master(packaged.hls).variants}
    files = []
    for name, path in packaged.renditions.items():
        file = _rendition(path, plan, checked.files[name], codecs[path.name], variants[f"{name}.m3u8"])
        file.details.update(_quality(name, encoded, checked.likeness))
        files.append(file)
    for track in plan.audios:
        path = packaged.audios[track.name]
        files.append(_audio(path, checked.files[track.name], codecs[path.name], track, checked.loudness))
    return files


def _manifests(packaged: Packaged) -> list[ProducedFile]:
    names = [*packaged.renditions, *packaged.audios, *packaged.texts]
    playlists = [
        ProducedFile(
            path=packaged.playlist(name), name=f"{name}.m3u8", kind="playlist", content_type=_HLS_TYPE
        )
        for name in names
    ]
    return [
        *playlists,
        ProducedFile(path=packaged.hls, name="hls", kind="manifest", content_type=_HLS_TYPE),
        ProducedFile(path=packaged.dash, name="dash", kind="manifest", content_type=_DASH_TYPE),
    ]


def _rendition(path: Path, plan: Plan, checked: CheckedFile, codec: str, variant: Variant) -> ProducedFile:
    return ProducedFile(
        path=path,
        name=path.stem,
        kind="rendition",
        content_type="video/mp4",
        width=checked.stream.width,
        height=checked.stream.height,
        codec=codec,
        bitrate_kbps=_rate(path, checked),
        duration_seconds=_seconds(checked),
        frame_rate=_frame_rate(plan),
        details={
            "peak_bitrate_kbps": round(variant.bandwidth / 1000),
            "frames": checked.stream.packets,
            "keyframes": len(checked.keyframe_seconds),
            "gop_seconds": None if plan.copied else round(float(plan.gop_seconds), 4),
            "segment_seconds": round(float(plan.segment_seconds), 4),
        },
    )


def _quality(name: str, encoded: Encoded, likeness: Mapping[str, Likeness]) -> dict[str, Any]:
    """How much a rendition looks like the source: over the whole, as its encoder says, and in samples."""
    samples = likeness.get(name)
    return {
        "ssim": encoded.picture.ssim.get(name),
        "samples": samples.details() if samples is not None else None,
    }


def _audio(
    path: Path,
    checked: CheckedFile,
    codec: str,
    track: PlannedAudio,
    loudness: Mapping[str, CorrectedLoudness],
) -> ProducedFile:
    return ProducedFile(
        path=path,
        name=track.name,
        kind="audio",
        content_type="audio/mp4",
        codec=codec,
        bitrate_kbps=_rate(path, checked),
        duration_seconds=_seconds(checked),
        details={
            "channels": checked.stream.channels,
            "sample_rate_hz": checked.stream.sample_rate,
            "language": track.stream.language,
            "loudness": _loudness(track, loudness),
        },
    )


def _loudness(track: PlannedAudio, loudness: Mapping[str, CorrectedLoudness]) -> dict[str, Any] | None:
    return loudness[track.name].details() if track.name in loudness else None


def _text(path: Path, track: PlannedText) -> ProducedFile:
    return ProducedFile(
        path=path,
        name=track.name,
        kind="subtitles",
        content_type="text/vtt",
        details={"language": track.stream.language},
    )


def _download(
    packaged: Packaged, plan: Plan, encoded: Encoded, verified: Verified, codecs: Mapping[str, str]
) -> ProducedFile:
    checked = verified.files["mp4"]
    parts = [codecs[packaged.renditions[packaged.download_of].name]]
    parts += dict.fromkeys(codecs[path.name] for path in packaged.audios.values())
    return ProducedFile(
        path=packaged.download,
        name="mp4",
        kind="download",
        content_type="video/mp4",
        width=checked.stream.width,
        height=checked.stream.height,
        codec=",".join(parts),
        bitrate_kbps=_rate(packaged.download, checked),
        duration_seconds=_seconds(checked),
        frame_rate=_frame_rate(plan),
        details={
            "rendition": packaged.download_of,
            **_quality(packaged.download_of, encoded, verified.likeness),
            "sound": [
                {
                    "language": track.stream.language,
                    "channels": track.channels,
                    "loudness": _loudness(track, verified.loudness),
                }
                for track in plan.audios
            ],
        },
    )


def _poster(path: Path, checked: CheckedFile) -> ProducedFile:
    return ProducedFile(
        path=path,
        name="poster",
        kind="poster",
        content_type="image/jpeg",
        width=checked.stream.width,
        height=checked.stream.height,
    )


def _scrubbing(packaged: Packaged, plan: Plan, checked: CheckedFile) -> list[ProducedFile]:
    sheet = ProducedFile(
        path=packaged.sprite,
        name="sprite",
        kind="sprite",
        content_type="image/jpeg",
        width=checked.stream.width,
        height=checked.stream.height,
        details=dict(sprite_details(plan.sprite)),
    )
    return [sheet, ProducedFile(path=packaged.scrub, name="scrub", kind="scrub", content_type="text/vtt")]


def sprite_details(plan: SpritePlan) -> dict[str, int]:
    """How the sheet of small pictures is laid out."""
    return {
        "interval_seconds": plan.interval_seconds,
        "columns": plan.columns,
        "rows": plan.rows,
        "cell_width": plan.width,
        "cell_height": plan.height,
    }


def _rate(path: Path, checked: CheckedFile) -> int | None:
    return (
        round(path.stat().st_size * 8 / checked.duration_seconds / 1000) if checked.duration_seconds else None
    )


def _seconds(checked: CheckedFile) -> float | None:
    return round(checked.duration_seconds, 3) if checked.duration_seconds is not None else None


def _frame_rate(plan: Plan) -> float:
    return round(float(plan.frame_rate), 3)
