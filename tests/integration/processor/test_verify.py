"""Verification notices every way in which an output can be wrong."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pytest

from ledger.states import ErrorCode
from processor.encode import Encoded, encode
from processor.errors import ProcessingFailedError
from processor.limits import Budget, Limits
from processor.package import Packaged, package
from processor.plan import Plan, make_plan
from processor.produce import inspect_source
from processor.session import Session
from processor.verify import verify
from profiles import get_profile
from tests import media

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Made:
    """A finished production that a test may damage."""

    workdir: Path
    packaged: Packaged
    plan: Plan
    encoded: Encoded

    def verify(self) -> None:
        """Check it in a session of its own, because a failure ends the session."""
        verify(_session(self.workdir), self.packaged, self.plan, self.encoded)


def _session(workdir: Path) -> Session:
    return Session(workdir=workdir, limits=Limits(), budget=Budget(300), threads=2)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Made:
    session = Session(workdir=tmp_path_factory.mktemp("made"), limits=Limits(), budget=Budget(300), threads=2)
    profile = get_profile("web")
    source = inspect_source(session, media.make_bunny_with_subtitles(session.workdir))
    plan = make_plan(source, profile)
    encoded = encode(session, source, plan, profile, lambda _: None)
    return Made(session.workdir, package(session, encoded, plan, profile), plan, encoded)


@pytest.fixture
def made(original: Made, tmp_path: Path) -> Made:
    """A copy of the production that belongs to one test."""
    directory = tmp_path / "output"
    shutil.copytree(original.packaged.directory, directory)
    moved = replace(
        original.packaged,
        directory=directory,
        renditions={name: directory / path.name for name, path in original.packaged.renditions.items()},
        audios={"audio": directory / "audio.mp4"},
        download=directory / "download.mp4",
        poster=directory / "poster.jpg",
        texts={name: directory / path.name for name, path in original.packaged.texts.items()},
        sprite=directory / "sprite.jpg",
        scrub=directory / "scrub.vtt",
        hls=directory / "master.m3u8",
        dash=directory / "manifest.mpd",
    )
    return replace(original, packaged=moved)


def _edit(name: str, old: str, new: str) -> Callable[[Path], object]:
    def damage(directory: Path) -> None:
        text = (directory / name).read_text()
        assert old in text
        (directory / name).write_text(text.replace(old, new, 1))

    return damage


def _cut(name: str) -> Callable[[Path], object]:
    return lambda directory: media.cut(directory / name, 0.7)


def _overwrite(name: str, offset_share: float) -> Callable[[Path], object]:
    def damage(directory: Path) -> None:
        data = bytearray((directory / name).read_bytes())
        start = int(len(data) * offset_share)
        data[start : start + 3000] = b"\xa5" * 3000
        (directory / name).write_bytes(data)

    return damage


def _swap(first: str, second: str) -> Callable[[Path], object]:
    return lambda directory: shutil.copyfile(directory / second, directory / first)


def _remove_variant(directory: Path) -> None:
    lines = (directory / "master.m3u8").read_text().splitlines()
    at = lines.index("480p.m3u8")
    (directory / "master.m3u8").write_text("\n".join(lines[: at - 1] + lines[at + 1 :]))


def test_an_undamaged_production_passes(made: Made) -> None:
    made.verify()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_cut("720p.mp4"), r"720p\.mp4"),
        (_cut("download.mp4"), r"download\.mp4"),
        (_cut("audio.mp4"), "audio"),
        (_overwrite("480p.mp4", 0.0), r"480p\.mp4"),
        (_overwrite("480p.mp4", 0.01), r"480p\.mp4"),
        (_swap("480p.mp4", "360p.mp4"), r"480p\.mp4 holds h264 640x360"),
        (_swap("480p.mp4", "audio.mp4"), r"480p\.mp4"),
        (_swap("download.mp4", "720p.mp4"), r"download\.mp4 holds the streams \['video'\]"),
        (_swap("poster.jpg", "audio.mp4"), r"poster\.jpg cannot be read back"),
        (_swap("sprite.jpg", "poster.jpg"), r"sprite\.jpg is 1280x720 instead of 480x90"),
        (_cut("sprite.jpg"), r"sprite\.jpg"),
        (_edit("scrub.vtt", "--> 00:00:05.280", "--> 00:00:05.000"), "leaves a part of the video out"),
        (_edit("scrub.vtt", "00:00:02.000 -->", "00:00:02.500 -->"), "leaves a part of the video out"),
        (_edit("scrub.vtt", "sprite.jpg#xywh=160,", "gone.jpg#xywh=160,"), "2 pictures instead of 3"),
        (_edit("scrub.vtt", "#xywh=320,0", "#xywh=321,0"), "points beside the sheet"),
        (_edit("subtitles-eng.vtt", "00:00:02.000", "01:00:02.000"), "1 usable cues of 2"),
        (_edit("subtitles-eng.vtt", "WEBVTT", "WEBSRT"), "usable cues"),
        (_edit("subtitles-eng.m3u8", "#EXT-X-ENDLIST", ""), "is not closed"),
        (_edit("subtitles-eng.m3u8", "subtitles-eng.vtt", "other.vtt"), "does not name its file"),
        (_edit("master.m3u8", '"subtitles-eng.m3u8"', '"gone.m3u8"'), "lists the subtitles as"),
        (_edit("manifest.mpd", "subtitles-eng.vtt", "other.vtt"), "lists the subtitles as"),
        (_edit("360p.m3u8", "#EXT-X-ENDLIST", ""), "360p is not closed"),
        (_edit("360p.m3u8", "#EXTINF:4.000", "#EXTINF:2.000"), r"360p lasts 3\.280 s"),
        (_edit("360p.m3u8", "360p.mp4\n", "../360p.mp4\n"), "not beside it"),
        (_edit("360p.m3u8", "360p.mp4\n", "gone.mp4\n"), "not beside it"),
        (_edit("360p.m3u8", "#EXT-X-BYTERANGE:", "#EXT-X-BYTERANGE:9"), r"outside 360p\.mp4"),
        (_edit("360p.m3u8", "#EXT-X-MAP", "#EXT-X-OTHER"), "EXT-X-MAP"),
        (_edit("360p.m3u8", "#EXTM3U", "#EXTM3V"), "not an HLS playlist"),
        (_remove_variant, "The master playlist lists"),
        (_edit("master.m3u8", "RESOLUTION=854x480", "RESOLUTION=853x480"), "The master playlist lists"),
        (_edit("master.m3u8", ",mp4a.40.2", ""), r"describes 720p\.m3u8 wrongly"),
        (_edit("master.m3u8", "audio.m3u8", "sound.m3u8"), "lists the sound as"),
        (_edit("master.m3u8", "FRAME-RATE=25.000,", ""), "lacks the attribute FRAME-RATE"),
        (_edit("manifest.mpd", "PT5.28S", "PT9.28S"), r"DASH manifest says 9\.280 s"),
        (_edit("manifest.mpd", 'type="static"', 'type="dynamic"'), "not a static manifest"),
        (_edit("manifest.mpd", "480p.mp4", "360p.mp4"), "does not list every rendition once"),
        (_edit("manifest.mpd", 'contentType="audio"', 'contentType="video"'), "0 sets of sound for 1 tracks"),
        (_edit("manifest.mpd", 'indexRange="', 'indexRange="x'), "byte range"),
        (_edit("manifest.mpd", "</MPD>", ""), "is not XML"),
    ],
)
def test_each_damage_is_found_and_nothing_may_be_published(
    made: Made, damage: Callable[[Path], object], words: str
) -> None:
    damage(made.packaged.directory)

    with pytest.raises(ProcessingFailedError, match=words) as caught:
        made.verify()
    assert caught.value.code is ErrorCode.VERIFICATION_FAILED
    assert str(made.packaged.directory) not in caught.value.message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gop_frames": 40}, "decodable keyframes instead of 4"),
        ({"frame_rate": Fraction(24)}, "keyframe at"),
    ],
)
def test_keyframes_off_the_planned_rhythm_are_found(
    original: Made, change: dict[str, object], words: str
) -> None:
    wrong = replace(original, plan=replace(original.plan, **change))  # type: ignore[arg-type]

    with pytest.raises(ProcessingFailedError, match=words):
        wrong.verify()


def test_renditions_shorter_than_what_was_encoded_are_found(original: Made) -> None:
    with pytest.raises(ProcessingFailedError, match=r"lasts 5\.280 seconds instead of 7\.000"):
        replace(original, encoded=replace(original.encoded, video_seconds=7.0)).verify()


def test_sound_that_missed_its_loudness_is_found(original: Made) -> None:
    audio = original.encoded.audio
    result = replace(audio.loudness["audio"].result, integrated_lufs=-20.0)
    wrong = replace(audio, loudness={"audio": replace(audio.loudness["audio"], result=result)})

    with pytest.raises(ProcessingFailedError, match=r"loudness of -20\.0 LUFS instead of -23\.0"):
        replace(original, encoded=replace(original.encoded, audio=wrong)).verify()
