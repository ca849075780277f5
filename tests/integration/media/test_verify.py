"""Verification notices every way in which an output can be wrong."""

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from media.encode.encode import Encoded, encode
from media.inspect.inspection import inspect_source
from media.package.package import Packaged, package
from media.plan.plan import Plan, make_plan
from media.tools import runner
from media.tools.command import Command
from media.tools.errors import ErrorCode, ProcessingFailedError
from media.tools.limits import Budget, Limits
from media.tools.session import Session
from media.verify.verify import Verified, verify
from profiles import VerificationSettings
from tests import media
from tests.ladders import ladder

pytestmark = pytest.mark.integration


_ANSWERS: dict[tuple[str, ...], runner.Completed] = {}
_READING = ("verify ", "verify-sound", "compare ", "list-filters")


@pytest.fixture(autouse=True)
def _same_bytes_are_read_back_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a tool has said about a file holds for its copies: most damage is to one file of nine."""
    run = runner.run

    def answer(command: Command, **options: Any) -> runner.Completed:
        if not command.step.startswith(_READING):
            return run(command, **options)
        asked = (command.tool.name, *map(_by_content, command.arguments))
        if asked not in _ANSWERS:
            _ANSWERS[asked] = run(command, **options)
        return _ANSWERS[asked]

    monkeypatch.setattr(runner, "run", answer)


def _by_content(argument: str) -> str:
    if not argument.startswith("file:"):
        return argument
    return hashlib.sha256(Path(argument.removeprefix("file:")).read_bytes()).hexdigest()


@dataclass(frozen=True)
class Made:
    """A finished production that a test may damage."""

    workdir: Path
    packaged: Packaged
    plan: Plan
    encoded: Encoded

    def verify(self, **settings: object) -> Verified:
        """Check it in a session of its own, because a failure ends the session."""
        wanted = VerificationSettings.model_validate(settings)
        return verify(_session(self.workdir), self.packaged, self.plan, self.encoded, wanted)


def _session(workdir: Path) -> Session:
    return Session(workdir=workdir, limits=Limits(), budget=Budget(300), threads=2)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Made:
    session = Session(workdir=tmp_path_factory.mktemp("made"), limits=Limits(), budget=Budget(300), threads=2)
    profile = ladder("web")
    source = inspect_source(session, media.make_bunny_with_subtitles(session.workdir))
    plan = make_plan(source, profile)
    encoded = encode(session, source, plan, profile, lambda _: None)
    shutil.copytree(session.workdir, session.workdir.with_name("raw"))
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


def _rate_bandwidth(wanted: str) -> Callable[[Path], object]:
    def damage(directory: Path) -> None:
        path = directory / "master.m3u8"
        found = r":BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+)"
        path.write_text(re.sub(found, f":{wanted}", path.read_text(), count=1))

    return damage


def test_an_undamaged_production_passes(made: Made) -> None:
    made.verify()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_cut("720p.mp4"), r"720p\.mp4"),
        (_cut("download.mp4"), r"download\.mp4"),
        (_cut("audio.mp4"), "audio"),
        (_overwrite("480p.mp4", 0.0), r"480p\.mp4"),
        (_overwrite("480p.mp4", 0.02), r"480p\.mp4"),
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
        (_rate_bandwidth(r"BANDWIDTH=9,AVERAGE-BANDWIDTH=\2"), r"describes 720p\.m3u8 wrongly"),
        (
            _rate_bandwidth("BANDWIDTH=9,AVERAGE-BANDWIDTH=8"),
            r"720p\.m3u8 needs 9 bit/s; its largest segment",
        ),
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


@pytest.mark.long_but(1)
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


X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0")
AAC = ("-c:a", "aac", "-ar", "48000", "-b:a", "128k")


def _filtered(graph: str, *options: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Encode the picture again after a filter."""
    return (), ("-vf", graph, *X264, *options)


@pytest.fixture
def doctored(original: Made, tmp_path: Path) -> Callable[..., Made]:
    """The same production, with one encoded file changed before it was packaged."""

    def doctor(name: str, before: tuple[str, ...], options: tuple[str, ...]) -> Made:
        workdir = tmp_path / "doctored"
        shutil.copytree(original.workdir.with_name("raw"), workdir)
        path = workdir / name
        media.ffmpeg(*before, "-i", str(path), *options, str(workdir / "changed.mp4"))
        (workdir / "changed.mp4").rename(path)
        moved = replace(
            original.encoded,
            videos=tuple((rung, workdir / file.name) for rung, file in original.encoded.videos),
            audio=replace(
                original.encoded.audio,
                tracks=tuple((track, workdir / file.name) for track, file in original.encoded.audio.tracks),
            ),
            texts=tuple((text, workdir / file.name) for text, file in original.encoded.texts),
            sprite=workdir / original.encoded.sprite.name,
        )
        packaged = package(_session(workdir), moved, original.plan, ladder("web"))
        return Made(workdir, packaged, original.plan, moved)

    return doctor


@pytest.mark.long_but(1)
@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("video_360p.mp4", _filtered("drawbox=t=fill:color=black"), r"360p\.mp4: SSIM of the picture is 0\."),
        ("video_480p.mp4", _filtered("hflip"), r"480p\.mp4: SSIM of the picture is 0\."),
        ("video_480p.mp4", _filtered("lutyuv=u=16:v=16"), r"480p\.mp4: SSIM of the colours is 0\."),
        (
            "video_360p.mp4",
            _filtered("loop=loop=131:size=1:start=0,trim=end_frame=132,setpts=N/25/TB"),
            r"360p\.mp4: SSIM of the picture is 0\.",
        ),
        (
            "video_720p.mp4",
            _filtered("select='not(eq(n,60))',setpts=N/25/TB"),
            r"720p\.mp4 holds 131 frames instead of 132",
        ),
        (
            "video_360p.mp4",
            _filtered("setpts=PTS+0.2/TB"),
            r"360p\.mp4 starts at 0\.2\d\d s instead of 0 s, apart from the sound",
        ),
        ("sound_audio.mp4", ((), ("-af", "volume=6dB", *AAC)), r"audio has a loudness of -1\d\.\d LUFS"),
        ("sound_audio.mp4", ((), ("-af", "volume=-9dB", *AAC)), r"audio has a loudness of -3\d\.\d LUFS"),
        (
            "sound_audio.mp4",
            (("-itsoffset", "0.3"), ("-c", "copy")),
            r"audio\.mp4 starts at 0\.\d+ s instead of 0 s, apart from the picture",
        ),
    ],
    ids=["black", "mirrored", "colours", "frozen", "lost-frame", "late", "loud", "quiet", "late-sound"],
)
def test_what_an_encoder_did_wrong_is_found_with_its_number(
    doctored: Callable[..., Made], name: str, change: tuple[tuple[str, ...], tuple[str, ...]], words: str
) -> None:
    wrong = doctored(name, *change)

    with pytest.raises(ProcessingFailedError, match=words) as caught:
        wrong.verify()
    assert caught.value.code is ErrorCode.VERIFICATION_FAILED


def test_damage_between_keyframes_is_found_where_the_profile_asks_for_a_full_decode(made: Made) -> None:
    _overwrite("360p.mp4", 0.35)(made.packaged.directory)

    with pytest.raises(ProcessingFailedError, match=r"360p\.mp4"):
        made.verify(decode="all", sample_places=0)


def test_an_undamaged_production_passes_a_full_decode_and_is_measured(original: Made) -> None:
    verified = original.verify(decode="all")

    assert set(verified.likeness) == {"720p", "480p", "360p"}
    assert all(likeness.frames == 12 and likeness.ssim > 0.9 for likeness in verified.likeness.values())
    assert all(likeness.vmaf is not None and likeness.vmaf > 80 for likeness in verified.likeness.values())
    assert verified.loudness["audio"].result.integrated_lufs == pytest.approx(-23, abs=0.5)


@pytest.mark.long_but(1)
@pytest.mark.parametrize(
    ("floor", "words"),
    [
        ({"min_ssim": 0.999}, r"its encoder measured SSIM 0\.9"),
        ({"min_vmaf": 99.9}, r"VMAF is \d\d\.\d\d; at least"),
    ],
)
def test_quality_below_the_floor_of_the_profile_fails_the_job(
    original: Made, floor: dict[str, float], words: str
) -> None:
    with pytest.raises(ProcessingFailedError, match=words):
        original.verify(**floor)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("kind", ["black", "frozen"])
def test_more_black_or_frozen_time_than_the_profile_allows_fails_the_job(original: Made, kind: str) -> None:
    sections = ((0.0, 2.0), (3.0, 4.5))
    picture = replace(original.encoded.picture, **{kind: sections})  # type: ignore[arg-type]
    wrong = replace(original, encoded=replace(original.encoded, picture=picture))

    with pytest.raises(ProcessingFailedError, match=f"is {kind} for 66% of the time; at most 60% is allowed"):
        wrong.verify(**{f"max_{kind}_share": 0.6})
