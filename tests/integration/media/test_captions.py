"""Captions in the picture are kept whole and named in both manifests, or taken out and that is said."""

import subprocess
from pathlib import Path

import pytest

from media.package.captions import caption_channels
from media.produce.production import Production
from media.tools.errors import ErrorCode, ProcessingFailedError
from media.verify import captions as gate
from tests import media, picture_sources
from tests.integration.media.conftest import Produce

pytestmark = pytest.mark.integration


def _path(production: Production, name: str) -> Path:
    return next(file.path for file in production.files if file.name == name)


def _renditions(production: Production) -> list[Path]:
    return [file.path for file in production.files if file.kind in {"rendition", "download"}]


def _words(path: Path) -> str:
    argv = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        f"movie={path}[out0+subcc]",
        "-map",
        "s",
        "-f",
        "srt",
    ]
    return subprocess.run([*argv, "-"], check=True, capture_output=True, timeout=60).stdout.decode()


def test_captions_stay_and_are_named_in_both_manifests(make: Produce, tmp_path: Path) -> None:
    production = make(picture_sources.make_captions(tmp_path))

    for path in _renditions(production):
        assert caption_channels(path) == ("CC1",)
        assert "Hi" in _words(path)
    master = _path(production, "hls").read_text()
    assert 'TYPE=CLOSED-CAPTIONS,GROUP-ID="CC",NAME="CC1"' in master
    assert 'CLOSED-CAPTIONS="CC"' in master
    assert "cea-608:2015" in _path(production, "dash").read_text()
    assert production.warnings == ()


@pytest.mark.long
@pytest.mark.parametrize(("profile", "rate"), [("web-hevc", "30"), ("web", "120")])
def test_captions_that_would_lose_parts_are_taken_out_whole_and_that_is_said(
    make: Produce, tmp_path: Path, profile: str, rate: str
) -> None:
    production = make(picture_sources.make_captions(tmp_path, rate), profile=profile)

    assert {caption_channels(path) for path in _renditions(production)} == {()}
    assert "CLOSED-CAPTIONS=NONE" in _path(production, "hls").read_text()
    assert [warning.code for warning in production.warnings] == ["CAPTIONS_LEFT_OUT"]


@pytest.mark.long
def test_a_copied_picture_keeps_its_captions_by_name(make: Produce, tmp_path: Path) -> None:
    source = picture_sources.make_captions(tmp_path)
    copied = tmp_path / "copied.mp4"
    media.ffmpeg("-i", str(source), "-c", "copy", str(copied))

    production = make(copied, profile="passthrough")

    assert 'INSTREAM-ID="CC1"' in _path(production, "hls").read_text()


@pytest.mark.long
def test_captions_that_no_manifest_names_are_not_published(
    make: Produce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "caption_channels", lambda _: ("CC1",))

    with pytest.raises(ProcessingFailedError, match="names the captions") as caught:
        make(media.make_clip(tmp_path, size="320x180", seconds=1))

    assert caught.value.code is ErrorCode.VERIFICATION_FAILED
