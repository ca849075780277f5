"""A film as long as the configuration allows goes through the whole work in windows, and stays in step."""

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from media.encode.encode_commands import package
from media.plan.plan import make_plan
from media.plan.sprite import read_track
from media.plan.task_size import TaskSize
from media.produce.produce import begin, finish
from media.tools.limits import Budget, Limits
from media.tools.session import Session
from metadata_api.playback.playlists import MAX_PLAYLIST_BYTES, with_addresses_in_hls
from processor.steps.chunks import FinishedChunk, cut, encode_chunk, joining
from tests import media
from tests.ladders import ladder
from tests.unit.media.test_plan import SOURCE, VIDEO, WEB

_HOURS = 12
_SECONDS = _HOURS * 3600
_WINDOW_SECONDS = 600.0


def _signed(name: str) -> str:
    return f"https://media.example/{name}?X-Amz-Security-Token={'t' * 1_800}"


@pytest.mark.long
def test_every_segment_of_a_day_has_the_planned_length(tmp_path: Path) -> None:
    part, film = tmp_path / "part.mp4", tmp_path / "film.mp4"
    media.ffmpeg(
        *media.picture("64x36", "10", 600),
        *(
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-g",
            "20",
            "-sc_threshold",
            "0",
            "-crf",
            "51",
            str(part),
        ),
    )
    media.ffmpeg("-stream_loop", "143", "-i", str(part), "-c", "copy", str(film))
    rate = Fraction(10)
    video = replace(VIDEO, nominal_rate=rate, average_rate=rate, duration_seconds=86_400.0)
    plan = make_plan(replace(SOURCE, video=video), WEB)
    session = Session(workdir=tmp_path, limits=Limits(), budget=Budget(100), threads=1)

    session.produce(package([("film", film)], [], [], plan, tmp_path / "output"), outputs=1)

    playlist = (tmp_path / "output" / "film.m3u8").read_text(encoding="utf-8")
    lengths = re.findall(r"^#EXTINF:([0-9.]+)", playlist, re.MULTILINE)
    assert lengths == ["4.000"] * (86_400 // 4)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_twelve_hours_in_windows_become_one_film_with_playlists_and_small_pictures_of_all_of_it(
    tmp_path: Path,
) -> None:
    web = ladder("web")
    profile = web.model_copy(update={"video": web.video.model_copy(update={"preset": "ultrafast"})})
    (tmp_path / "whole").mkdir()
    work = begin(
        media.make_very_long(tmp_path, hours=_HOURS),
        profile=profile,
        workdir=tmp_path / "whole",
        limits=Limits(max_duration_seconds=_SECONDS, work_seconds=1800.0),
        report=lambda _: None,
        size=TaskSize(2, None),
    )
    chunked = cut(work, _WINDOW_SECONDS, None)
    assert len(chunked.names) == 72

    chunks: dict[str, FinishedChunk] = {}
    for name in chunked.names:
        directory = tmp_path / name
        directory.mkdir()
        alone = replace(chunked, work=replace(work, session=replace(work.session, workdir=directory)))
        _, record = encode_chunk(alone, name, lambda _: None)
        chunks[name] = FinishedChunk(directory=directory, record=record)
    production = finish(work, joining(chunked, chunks))

    files = {file.path.name: file.path for file in production.files}
    playlist = files["90p.m3u8"].read_text(encoding="utf-8")
    lengths = [float(found) for found in re.findall(r"^#EXTINF:([0-9.]+)", playlist, re.MULTILINE)]
    assert sum(lengths) == pytest.approx(_SECONDS, abs=0.01)
    assert len(lengths) == _SECONDS / 4
    assert len(with_addresses_in_hls(playlist, _signed).encode()) <= MAX_PLAYLIST_BYTES
    assert 'mediaPresentationDuration="PT43200S"' in files["manifest.mpd"].read_text(encoding="utf-8")
    cues = read_track(files["scrub.vtt"].read_text(encoding="utf-8"))
    assert cues[-1].end_seconds == _SECONDS
    assert len(cues) == profile.sprite.max_cells
    assert production.technical["duration_seconds"] == _SECONDS
