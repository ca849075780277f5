"""Turns encoded renditions into what players load: CMAF files, manifests, a download, a poster."""

from dataclasses import dataclass
from pathlib import Path

from media.encode import encode_commands
from media.encode.encode import Encoded
from media.encode.subtitles import fit_cues
from media.package.bandwidth import write_rates
from media.package.captions import caption_channels, naming_captions
from media.package.poster import make_poster
from media.plan.plan import Plan
from media.plan.rungs import download_rung
from media.plan.sprite import SHEET_NAME, TRACK_NAME, write_track
from media.tools.session import Session
from profiles import LadderProfile, PassthroughProfile, PosterSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Packaged:
    """The files of a finished production, all in one directory.

    Attributes:
        directory: Where they are.
        renditions: CMAF file of every rung by name, from large to small.
        audios: CMAF file of every track of sound by name, the main one first.
        texts: WebVTT file of every track of subtitles by name.
        download_of: Name of the rung that the progressive file holds.
        sprite: The sheet of small pictures.
        scrub: The track that says which of them belongs to which time.
        captions: Channels of captions in the picture itself.
    """

    directory: Path
    renditions: dict[str, Path]
    audios: dict[str, Path]
    texts: dict[str, Path]
    download: Path
    download_of: str
    poster: Path
    sprite: Path
    scrub: Path
    hls: Path
    dash: Path
    captions: tuple[str, ...] = ()

    def playlist(self, name: str) -> Path:
        """The HLS media playlist of a rung or of a track."""
        return self.directory / f"{name}.m3u8"


def package(
    session: Session, encoded: Encoded, plan: Plan, profile: LadderProfile | PassthroughProfile
) -> Packaged:
    """Make all output files side by side, then remove what only the encoders needed.

    Args:
        session: The job's shared state.
        encoded: What the encoders made.
        plan: Gives segment length and sizes.
        profile: Settings of the download and the poster.
    """
    directory = session.workdir / "output"
    directory.mkdir()
    files = dict(encoded.videos)
    download_name = download_rung(plan.rungs, profile.download.max_short_side_pixels).name
    texts = [(track, path) for track, path in encoded.texts if _has_cues(path, encoded.video_seconds, plan)]
    packaged = Packaged(
        directory=directory,
        renditions={name: directory / f"{name}.mp4" for name in files},
        audios={track.name: directory / f"{track.name}.mp4" for track, _ in encoded.audio.tracks},
        texts={track.name: directory / f"{track.name}.vtt" for track, _ in texts},
        download=directory / "download.mp4",
        download_of=download_name,
        poster=directory / "poster.jpg",
        sprite=encoded.sprite.rename(directory / SHEET_NAME),
        scrub=directory / TRACK_NAME,
        hls=directory / "master.m3u8",
        dash=directory / "manifest.mpd",
        captions=caption_channels(encoded.videos[-1][1]),
    )
    tracks = encoded.audio.tracks
    manifests = encode_commands.package(encoded.videos, tracks, texts, plan, directory)
    manifests = naming_captions(manifests, packaged.captions)
    download = encode_commands.remux(
        files[download_name], tracks, packaged.download, session.limits, codec=plan.codec
    )
    session.together(
        lambda: session.produce(manifests, outputs=len(files)),
        lambda: session.produce(download, outputs=1),
        lambda: _place_poster(session, encoded, plan, profile.poster, packaged.poster),
    )
    correct_master(packaged.hls)
    write_rates(packaged.hls, packaged.dash)
    packaged.scrub.write_text(write_track(plan.sprite, encoded.video_seconds), encoding="utf-8")
    for leftover in (*files.values(), *(path for _, path in (*tracks, *encoded.texts))):
        leftover.unlink()
    return packaged


def _place_poster(
    session: Session, encoded: Encoded, plan: Plan, settings: PosterSettings, path: Path
) -> None:
    """Take the picture that was chosen on the way, or else choose one now."""
    if encoded.poster is not None:
        encoded.poster.rename(path)
    else:
        make_poster(session, dict(encoded.videos), plan, settings, path)


def _has_cues(path: Path, video_seconds: float, plan: Plan) -> bool:
    """Bring a track of subtitles to the video's length; the packager refuses one without a cue."""
    start = float(plan.trim.start) if plan.trim else 0.0
    text, cues = fit_cues(path.read_text(encoding="utf-8", errors="replace"), video_seconds, start)
    path.write_text(text, encoding="utf-8")
    return cues > 0


def correct_master(master: Path) -> None:
    """Let one track of sound be the default in the packager's master playlist, and no subtitles.

    The packager marks all tracks of the default language, or none without a language; subtitles are what
    viewers turn on by themselves.
    """
    lines = master.read_text(encoding="utf-8").replace(",DEFAULT=YES", ",DEFAULT=NO").splitlines()
    audio = [position for position, line in enumerate(lines) if line.startswith("#EXT-X-MEDIA:TYPE=AUDIO")]
    if audio:
        lines[audio[0]] = lines[audio[0]].replace(",DEFAULT=NO", ",DEFAULT=YES")
    text = "\n".join(lines) + "\n"
    master.write_text(text, encoding="utf-8")
