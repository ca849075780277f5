"""Sound alone, pictures alone, and the source's own streams in new files."""

import subprocess
from pathlib import Path

import m3u8
import pytest

from media.produce.production import Production
from media.tools.errors import ErrorCode, InvalidInputError
from tests import media
from tests.integration.media.conftest import Produce

pytestmark = pytest.mark.integration


def _named(production: Production, name: str) -> Path:
    return next(file.path for file in production.files if file.name == name)


def _loudness(path: Path) -> float:
    """Integrated loudness as ffmpeg's other meter sees it."""
    argv = ["ffmpeg", "-hide_banner", "-nostdin", "-i", str(path), "-map", "0:a:0"]
    log = subprocess.run(
        [*argv, "-af", "ebur128=framelog=verbose", "-f", "null", "-"],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    return float(log.rsplit("I:", 1)[1].split()[0])


def _packets(path: Path, stream: str) -> str:
    """A digest of the compressed packets of a stream."""
    argv = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-map", stream, "-c", "copy"]
    if stream.startswith("0:v"):
        argv += ["-bsf:v", "h264_mp4toannexb,filter_units=remove_types=6-9"]
    return subprocess.run(
        [*argv, "-f", "streamhash", "-"], check=True, capture_output=True, text=True
    ).stdout.split("=")[1]


@pytest.mark.long
def test_the_sound_of_a_video_becomes_streams_and_single_files_at_the_wanted_level(make: Produce) -> None:
    production = make(media.BUNNY, profile="audio")

    assert [file.name for file in production.files] == [
        *("audio", "m4a", "opus", "waveform", "audio.m3u8", "hls", "dash"),
    ]
    files = {file.name: file for file in production.files}
    for name in ("m4a", "opus"):
        assert abs(_loudness(files[name].path) + 23) < 1
        assert abs((files[name].duration_seconds or 0) - 5.28) < 0.1
    assert (files["m4a"].codec, files["opus"].codec) == ("mp4a.40.2", "opus")
    assert (files["m4a"].content_type, files["opus"].content_type) == ("audio/mp4", "audio/ogg")
    assert (files["waveform"].width, files["waveform"].height) == (1800, 280)
    assert files["opus"].details["loudness"]["result"]["integrated_lufs"] == pytest.approx(-23, abs=1)
    assert "video" not in production.technical


@pytest.mark.long
def test_every_language_is_a_track_of_one_variant(make: Produce, tmp_path: Path) -> None:
    production = make(media.make_many_languages(tmp_path), profile="audio")

    master = m3u8.load(str(_named(production, "hls")))
    assert [item.uri for item in master.playlists] == ["audio.m3u8"]
    assert [(item.name, item.language, item.default) for item in master.media] == [
        ("eng", "en", "YES"),
        ("fre", "fr", "NO"),
        ("fre 3", "fr", "NO"),
    ]
    assert {file.name for file in production.files if file.kind == "audio"} == {
        "audio",
        "audio-fre",
        "audio-3",
    }


def _wave(directory: Path) -> Path:
    path = directory / "tone.wav"
    media.ffmpeg(*media.tone(2), str(path))
    return path


def _raw_aac(directory: Path) -> Path:
    path = directory / "tone.aac"
    media.ffmpeg(*media.tone(2), str(path))
    return path


@pytest.mark.long_but(1)
@pytest.mark.parametrize("source", [media.make_mp3_with_cover, media.make_audio_only, _wave, _raw_aac])
def test_sound_files_of_every_kind_are_taken(make: Produce, tmp_path: Path, source: object) -> None:
    assert callable(source)
    production = make(source(tmp_path), profile="audio")

    assert {"m4a", "opus", "waveform", "hls", "dash"} <= {file.name for file in production.files}


def test_silence_stays_silence(make: Produce, tmp_path: Path) -> None:
    production = make(media.make_silence(tmp_path), profile="audio")

    assert (
        next(file for file in production.files if file.name == "opus").details["loudness"]["result"] is None
    )


def test_a_video_without_sound_is_refused_by_the_audio_profile(make: Produce) -> None:
    with pytest.raises(InvalidInputError) as refused:
        make(media.BIKES, profile="audio")

    assert refused.value.code == ErrorCode.INPUT_NO_AUDIO


def test_a_wave_file_that_was_cut_short_is_refused(make: Produce, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as refused:
        make(media.cut(_wave(tmp_path), 0.5), profile="audio")

    assert refused.value.code == ErrorCode.INPUT_TRUNCATED


def test_a_video_becomes_a_poster_ten_pictures_and_a_scrub_track(make: Produce, tmp_path: Path) -> None:
    production = make(media.make_colour_steps(tmp_path), profile="thumbnails")

    thumbnails = [file for file in production.files if file.kind == "thumbnail"]
    assert [file.name for file in thumbnails] == [f"thumb-{number:02d}" for number in range(1, 11)]
    assert {(file.width, file.height) for file in thumbnails} == {(640, 360)}
    assert [file.details["at_seconds"] for file in thumbnails] == [
        0.25 + position / 2 for position in range(10)
    ]
    # Two seconds of red, two of green, one of blue: the middle of each half second.
    colours = "".join(_colour(file.path) for file in thumbnails)
    assert colours == "rrrrggggbb"
    assert {"poster", "sprite", "scrub"} <= {file.name for file in production.files}
    assert [file.name for file in production.files if file.kind in {"rendition", "download"}] == []


def _colour(path: Path) -> str:
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", "scale=1:1,format=rgb24", "-f", "rawvideo", "-"]
    raw = subprocess.run(argv, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout
    return "rgb"[raw.index(max(raw[:3]))]


@pytest.mark.long
def test_the_poster_is_not_the_black_opening(make: Produce, tmp_path: Path) -> None:
    production = make(media.make_black_opening(tmp_path), profile="thumbnails")

    argv = ["ffmpeg", "-v", "error", "-i", str(_named(production, "poster")), "-vf", "scale=1:1,format=gray"]
    raw = subprocess.run(
        [*argv, "-f", "rawvideo", "-"], check=True, capture_output=True, stdin=subprocess.DEVNULL
    ).stdout
    assert raw[0] > 40


@pytest.mark.long
@pytest.mark.parametrize(
    "source",
    [media.make_rotated, media.make_interlaced, media.make_anamorphic, media.make_high_dynamic_range],
)
def test_pictures_are_upright_square_and_of_the_usual_range(
    make: Produce, tmp_path: Path, source: object
) -> None:
    assert callable(source)
    production = make(source(tmp_path), profile="thumbnails")

    poster = next(file for file in production.files if file.name == "poster")
    assert poster.width is not None
    assert poster.height is not None
    shape = poster.width / poster.height
    assert any(abs(shape - wanted) < 0.02 for wanted in (9 / 16, 16 / 9, 5 / 4))


def test_a_damaged_video_gives_no_pictures(make: Produce, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as refused:
        make(media.make_truncated_index_first(tmp_path), profile="thumbnails")

    assert refused.value.code == ErrorCode.INPUT_TRUNCATED


def test_a_fitting_source_is_repackaged_without_a_changed_bit(make: Produce) -> None:
    production = make(media.BUNNY, profile="passthrough")

    assert [file.name for file in production.files] == [
        *("720p", "audio", "mp4", "poster", "sprite", "scrub", "720p.m3u8", "audio.m3u8", "hls", "dash"),
    ]
    for stream in ("0:v:0", "0:a:0"):
        assert _packets(_named(production, "mp4"), stream) == _packets(media.BUNNY, stream)
    assert _packets(_named(production, "720p"), "0:v:0") == _packets(media.BUNNY, "0:v:0")


@pytest.mark.long_but(1)
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (media.make_interlaced, "video codec is mpeg2video"),
        (media.make_rotated, "picture has to be turned"),
        (media.make_ten_bit, "pixel format yuv422p10le"),
        (media.make_high_dynamic_range, "HDR"),
        (media.make_many_languages, "track 1 of the sound is flac"),
        (media.make_late_audio, r"track 1 starts 0\.98 s after the picture"),
    ],
)
def test_a_source_that_would_have_to_be_encoded_is_refused_with_the_reasons(
    make: Produce, tmp_path: Path, source: object, reason: str
) -> None:
    assert callable(source)
    with pytest.raises(InvalidInputError, match=reason) as refused:
        make(source(tmp_path), profile="passthrough")

    assert refused.value.code == ErrorCode.PASSTHROUGH_NOT_POSSIBLE


@pytest.mark.long
def test_a_source_with_too_few_keyframes_is_refused(make: Produce, tmp_path: Path) -> None:
    path = tmp_path / "sparse.mp4"
    media.ffmpeg(
        *media.picture("160x90", "25", 25),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "300", str(path)),
    )

    with pytest.raises(InvalidInputError, match=r"keyframes lie 12\.0 s apart \(at most 10 s\)"):
        make(path, profile="passthrough")
