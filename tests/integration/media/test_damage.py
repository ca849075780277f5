"""A cut or damaged source is refused, or made as far as it decodes, as profile and job say."""

from collections.abc import Callable
from pathlib import Path

import pytest

from media.encode.audio import EncodedAudio
from media.encode.encode_commands import video_file
from media.encode.window import encode_window, join_windows
from media.encode.window_commands import WindowRecipe, WindowSource
from media.inspect.inspection import inspect_source
from media.plan.overrides import Overrides
from media.plan.plan import make_plan
from media.plan.windows import cut_windows
from media.produce.production import Production
from media.tools.errors import ErrorCode, InvalidInputError
from media.tools.limits import Budget, Limits
from media.tools.session import Session
from media.tools.warnings import SourceWarning, WarningCode
from tests import damage_sources as sources
from tests import measured
from tests.integration.media.conftest import Produce
from tests.ladders import ladder

pytestmark = pytest.mark.integration

Maker = Callable[[Path], Path]
KEEP = Overrides(damage="keep")
RED, BLUE = "red", "blue"
LEFT_SECONDS = sources.SECONDS * sources.KEPT


def path_of(production: Production, name: str) -> Path:
    return next(file.path for file in production.files if file.name == name)


def shown(path: Path, *seconds: float) -> list[str]:
    """What the picture shows at some times."""
    found = [measured.colour_at(path, at) for at in seconds]
    return [RED if red > blue + 100 else BLUE if blue > red + 100 else "?" for red, _, blue in found]


def lengths(path: Path) -> dict[str, float]:
    return {stream["codec_type"]: float(stream["duration"]) for stream in measured.streams(path)}


def damage(warnings: tuple[SourceWarning, ...] | list[SourceWarning]) -> list[SourceWarning]:
    return [one for one in warnings if one.code is WarningCode.SOURCE_DAMAGED]


def refusal(make: Produce, source: Path, profile: str, overrides: Overrides) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        make(source, profile=profile, overrides=overrides)
    return caught.value


@pytest.mark.long_but(1)
@pytest.mark.parametrize(
    ("maker", "is_told"),
    [
        (sources.cut_mp4, True),
        pytest.param(sources.cut_matroska, True, marks=pytest.mark.long),
        pytest.param(sources.cut_pipe, True, marks=pytest.mark.long),
        pytest.param(sources.cut_transport_stream, False, marks=pytest.mark.long),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_left_of_a_cut_film_is_made_and_what_is_missing_is_told(
    make: Produce, tmp_path: Path, maker: Maker, is_told: bool
) -> None:
    production = make(maker(tmp_path), overrides=KEEP)

    path = path_of(production, "mp4")
    found = lengths(path)
    assert found["video"] == pytest.approx(LEFT_SECONDS, abs=0.3)
    assert found["audio"] == pytest.approx(found["video"], abs=0.3)
    assert shown(path, 0.2, 1.8, 2.3, found["video"] - 0.1) == [RED, RED, BLUE, BLUE]
    assert measured.hertz(path, 0.2, found["audio"] - 0.3) == pytest.approx(440, abs=3)
    told = [one for one in damage(production.warnings) if "cut short" in one.message]
    assert len(told) == is_told
    assert all({"missing_bytes", "lost_seconds"} & one.facts.keys() for one in told)


def test_of_a_cut_mp4_each_track_is_measured_by_itself(tmp_path: Path) -> None:
    limits = Limits()
    session = Session(workdir=tmp_path, limits=limits, budget=Budget(300), threads=1, keeps_damage=True)

    source = inspect_source(session, sources.cut_tracks_apart(tmp_path))

    assert source.video.duration_seconds == pytest.approx(sources.SECONDS, abs=0.05)
    assert source.audios[0].duration_seconds == pytest.approx(1.7, abs=0.5)


@pytest.mark.parametrize(
    ("maker", "profile"),
    [
        (sources.cut_mp4, "web"),
        (sources.cut_mp4, "thumbnails"),
        (sources.cut_matroska, "web"),
        (sources.cut_pipe, "web"),
        (lambda path: sources.cut_sound(path, "wav"), "audio"),
    ],
    ids=["mp4", "mp4-thumbnails", "matroska", "pipe", "wav"],
)
def test_a_cut_source_is_refused_unless_it_is_to_be_kept(
    make: Produce, tmp_path: Path, maker: Maker, profile: str
) -> None:
    refused = refusal(make, maker(tmp_path), profile, Overrides())

    assert refused.code is ErrorCode.INPUT_TRUNCATED


@pytest.mark.parametrize("profile", ["web", "audio"])
def test_an_mp4_without_its_index_cannot_be_kept(make: Produce, tmp_path: Path, profile: str) -> None:
    refused = refusal(make, sources.without_index(tmp_path), profile, KEEP)

    assert refused.code is ErrorCode.INPUT_TRUNCATED


def test_a_profile_that_copies_keeps_no_damage(make: Produce, tmp_path: Path) -> None:
    refused = refusal(make, sources.cut_mp4(tmp_path), "passthrough", KEEP)

    assert refused.code is ErrorCode.INPUT_TRUNCATED


def test_a_source_of_which_nothing_can_be_decoded_cannot_be_kept(make: Produce, tmp_path: Path) -> None:
    refused = refusal(make, sources.spoilt(sources.whole(tmp_path), 0, 1), "web", KEEP)

    assert refused.code is ErrorCode.INPUT_UNREADABLE


def test_behind_a_damaged_place_picture_and_sound_are_where_they_were(make: Produce, tmp_path: Path) -> None:
    production = make(sources.spoilt(sources.whole(tmp_path), 0.3, 0.4), overrides=KEEP)

    path = path_of(production, "mp4")
    assert lengths(path)["video"] == pytest.approx(sources.SECONDS, abs=0.1)
    assert lengths(path)["audio"] == pytest.approx(sources.SECONDS, abs=0.1)
    assert shown(path, 0.2, 1.9, 2.1, 3.9) == [RED, RED, BLUE, BLUE]
    assert measured.hertz(path, 0.1, 1.0) == pytest.approx(440, abs=3)
    assert measured.hertz(path, 1.25, 1.5) == 0.0
    assert measured.hertz(path, 2.0, 3.9) == pytest.approx(440, abs=3)
    picture, sound = sorted(damage(production.warnings), key=lambda warning: "track" in warning.facts)
    assert picture.facts["lost_seconds"] == pytest.approx(0.4, abs=0.2)
    assert sound.facts["lost_seconds"] == pytest.approx(0.4, abs=0.2)
    assert "silence" in sound.message


@pytest.mark.long
def test_the_last_picture_stays_for_what_cannot_be_decoded_any_more(make: Produce, tmp_path: Path) -> None:
    source = sources.spoilt(sources.whole(tmp_path), 0.2, 1)
    assert refusal(make, source, "web", Overrides()).code is ErrorCode.INPUT_UNREADABLE
    (tmp_path / "work").rename(tmp_path / "refused")

    production = make(source, overrides=KEEP)

    path = path_of(production, "mp4")
    assert lengths(path)["video"] == pytest.approx(sources.SECONDS, abs=0.1)
    assert lengths(path)["audio"] == pytest.approx(sources.SECONDS, abs=0.1)
    assert shown(path, 0.2, 3.9) == [RED, RED]
    picture, _ = sorted(damage(production.warnings), key=lambda warning: "track" in warning.facts)
    assert picture.facts["lost_seconds"] == pytest.approx(3.2, abs=0.3)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("start", [0.6, 0.4], ids=["in a window", "before a window"])
def test_windows_of_a_damaged_film_join_without_a_gap(tmp_path: Path, start: float) -> None:
    """The second of two windows has a few pictures, or none; its keyframe is at its beginning."""
    path = sources.spoilt(sources.whole(tmp_path), start, 1)

    def session(name: str) -> Session:
        (tmp_path / name).mkdir()
        return Session(
            workdir=tmp_path / name, limits=Limits(), budget=Budget(300), threads=2, keeps_damage=True
        )

    joining, web = session("joined"), ladder("web")
    profile = web.model_copy(update={"video": web.video.model_copy(update={"segment_seconds": 2.0})})
    source = inspect_source(joining, path)
    plan = make_plan(source, profile, KEEP)
    origin = WindowSource(media=source.media, stream_index=0, start_microseconds=source.start_microseconds)
    recipe = WindowRecipe(
        source=origin, plan=plan, profile=profile, limits=Limits(), threads=2, holds_ends=True
    )
    windows = cut_windows(plan, 2.0)
    done = [encode_window(session(window.name), recipe, window, lambda _: None) for window in windows]
    joined = join_windows(joining, source, done, plan, profile, EncodedAudio(seconds=4.0), ())

    assert [item.frames for item in done] == [50, 50]
    assert joined.frames == 100
    kept = video_file(joining.workdir, plan.top)
    assert shown(kept, 0.2, 3.9) == [RED, BLUE if start > 0.5 else RED]
    (told,) = damage(joining.warnings)
    assert told.facts["lost_seconds"] == pytest.approx(4 * (1 - start), abs=0.3)


@pytest.mark.long_but(1)
@pytest.mark.parametrize(
    ("suffix", "is_told"), [("wav", True), pytest.param("mp3", False, marks=pytest.mark.long)]
)
def test_what_is_left_of_cut_sound_is_made(make: Produce, tmp_path: Path, suffix: str, is_told: bool) -> None:
    production = make(sources.cut_sound(tmp_path, suffix), profile="audio", overrides=KEEP)

    for name in ("m4a", "opus"):
        path = path_of(production, name)
        assert measured.sound_seconds(path) == pytest.approx(LEFT_SECONDS, abs=0.1)
        assert measured.hertz(path, 0.1, LEFT_SECONDS - 0.1) == pytest.approx(440, abs=3)
    told = [one for one in damage(production.warnings) if "missing_bytes" in one.facts]
    assert len(told) == is_told


@pytest.mark.long
def test_pictures_of_a_cut_film_are_those_of_what_is_left(make: Produce, tmp_path: Path) -> None:
    production = make(sources.cut_mp4(tmp_path), profile="thumbnails", overrides=KEEP)

    taken = [file for file in production.files if file.kind == "thumbnail"]
    assert len(taken) == 10
    assert taken[-1].details["at_seconds"] == pytest.approx(LEFT_SECONDS * 0.95, abs=0.2)
    assert damage(production.warnings)


@pytest.mark.long
def test_sound_that_cannot_be_decoded_any_more_ends_there(make: Produce, tmp_path: Path) -> None:
    source = sources.spoilt(sources.whole(tmp_path), 0.5, 1)
    assert refusal(make, source, "audio", Overrides()).code is ErrorCode.INPUT_TRUNCATED
    (tmp_path / "work").rename(tmp_path / "refused")

    production = make(source, profile="audio", overrides=KEEP)

    path = path_of(production, "m4a")
    assert measured.sound_seconds(path) == pytest.approx(2.0, abs=0.3)
    assert measured.hertz(path, 0.1, 1.6) == pytest.approx(440, abs=3)
    lost = [one.facts["lost_seconds"] for one in damage(production.warnings)]
    assert lost == pytest.approx([2.0, 2.0], abs=0.3)
