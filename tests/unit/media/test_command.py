"""Command lines are pure values: every input is hardened, nothing of the user's reaches them."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from media.encode import audio_commands, encode_commands
from media.encode.subtitles import extract_command
from media.inspect.probe import SubtitleStream
from media.plan.plan import Plan, make_plan
from media.plan.tracks import PlannedText, choose_audios
from media.tools import command
from media.tools.command import Command, MediaInput, media_path, own_output
from media.tools.limits import Limits
from tests.unit.media.test_plan import AUDIO, SOURCE, VIDEO, WEB

LIMITS = Limits()
PLAN = make_plan(SOURCE, WEB)
OUT = Path("/scratch/job/output")
SOURCE_FILE = MediaInput(path=Path("/scratch/job/source"), formats=("mov",), codecs=("h264", "aac"))
TEXT = PlannedText(
    name="subtitles-eng", label="eng", stream=SubtitleStream(index=2, codec="subrip", language="eng")
)
HARDENING = {
    "-protocol_whitelist": "file",
    "-format_whitelist": "mov",
    "-max_pixels": "35389440",
    "-max_streams": "64",
}


def _all_commands() -> list[Command]:
    video, audio = Path("/scratch/job/video_360p.mp4"), Path("/scratch/job/audio_source.mp4")
    return [
        command.probe(SOURCE_FILE, LIMITS),
        command.probe_frames(own_output(video), LIMITS, step="verify", everything=False),
        command.probe_sample(own_output(video), LIMITS, step="verify", seconds=1),
        _encode_video(),
        audio_commands.measure_audio(SOURCE_FILE, PLAN.audios, WEB.audio, LIMITS),
        _encode_audio(PLAN),
        extract_command(SOURCE_FILE, (TEXT,), Path("/scratch/job"), LIMITS),
        encode_commands.remux(video, [(PLAN.audios[0], audio)], OUT / "download.mp4", LIMITS, codec="h264"),
        encode_commands.sample_brightness(video, OUT / "samples.gray", LIMITS),
        encode_commands.poster(
            video, OUT / "poster.jpg", at_seconds=2, size=(640, 360), settings=WEB.poster, limits=LIMITS
        ),
    ]


def _encode_audio(plan: Plan) -> Command:
    return audio_commands.encode_audio(
        SOURCE_FILE, plan.audios, WEB.audio, {}, directory=Path("/scratch/job"), limits=LIMITS
    )


def _encode_video(plan: object = None) -> Command:
    return encode_commands.encode_video(
        SOURCE_FILE,
        0,
        PLAN if plan is None else plan,  # type: ignore[arg-type]
        WEB,
        directory=Path("/scratch/job"),
        limits=LIMITS,
        threads=2,
    )


def _values(arguments: tuple[str, ...], option: str) -> list[str]:
    return [arguments[at + 1] for at, argument in enumerate(arguments) if argument == option]


@pytest.mark.parametrize("built", _all_commands(), ids=lambda built: built.step)
def test_every_input_of_every_command_is_hardened(built: Command) -> None:
    previous = 0
    inputs = [at for at, argument in enumerate(built.arguments) if argument == "-i"]
    assert inputs
    for at in inputs:
        own_options = built.arguments[previous:at]
        for option, value in HARDENING.items():
            assert _values(own_options, option) == [value]
        assert _values(own_options, "-codec_whitelist")
        assert built.arguments[at + 1].startswith("file:/")
        previous = at + 2


@pytest.mark.parametrize(
    "built", [built for built in _all_commands() if built.tool is command.Tool.FFMPEG], ids=lambda b: b.step
)
def test_every_ffmpeg_command_is_mute_and_strips_what_is_private(built: Command) -> None:
    outputs = [argument for argument in built.arguments if argument.startswith("file:/") or argument == "-"]
    written = len(outputs) - built.arguments.count("-i")

    assert "-nostdin" in built.arguments
    assert _values(built.arguments, "-map_metadata") == ["-1"] * written
    assert built.arguments.count("-dn") == written
    assert built.arguments.count("-sn") == (0 if built.step == "extract-subtitles" else written)


def test_one_video_command_decodes_once_and_encodes_all_rungs_in_step() -> None:
    arguments = _encode_video().arguments

    assert arguments.count("-i") == 1
    assert _values(arguments, "-c:v") == ["libx264"] * 4 + ["mjpeg"]
    for option in ("-g", "-keyint_min"):
        assert _values(arguments, option) == ["60"] * 4
    assert _values(arguments, "-sc_threshold") == ["0"] * 4
    assert _values(arguments, "-flags") == ["unaligned", *["+cgop"] * 4]
    assert _values(arguments, "-maxrate") == ["5350k", "3000k", "1500k", "860k"]
    graph = _values(arguments, "-filter_complex")[0]
    assert "fps=fps=30:start_time=0[s0];[s0]split=3" in graph, "two rungs and the small pictures"
    assert graph.count("split=3") == 2, "the second rung itself, and the two rungs that are scaled from it"
    assert _values(arguments, "-progress") == ["pipe:1"]


def test_a_source_of_the_usual_form_is_not_converted_where_its_size_stays() -> None:
    usual = _values(_encode_video().arguments, "-filter_complex")[0]
    told = replace(SOURCE.video, color_range="pc")
    full = make_plan(replace(SOURCE, video=told), WEB)

    assert "scale=1920:1080:flags=bicubic[" in usual
    assert not full.usual_form


def test_the_time_read_is_bounded_one_second_above_the_limit() -> None:
    assert _values(_encode_video().arguments, "-t") == [f"{LIMITS.max_duration_seconds + 1:.3f}"]


def test_the_sheet_of_pictures_and_the_detections_ride_along_with_the_only_decode() -> None:
    arguments = _encode_video().arguments
    graph = _values(arguments, "-filter_complex")[0]

    assert "fps=fps=1/2:round=up" in graph
    assert "tile=5x1" in graph
    assert graph.count("blackdetect") == graph.count("freezedetect") == 1
    assert _values(arguments, "-ssim") == ["1"] * 4
    assert _values(arguments, "-frames:v") == ["1"]


def test_fields_and_high_dynamic_range_add_their_filters() -> None:
    graph = _values(
        _encode_video(replace(PLAN, deinterlace=True, tone_map=True)).arguments, "-filter_complex"
    )[0]

    assert graph.index("bwdif") < graph.index("fps=") < graph.index("tonemap") < graph.index("split")


def test_a_download_without_sound_has_one_input() -> None:
    built = encode_commands.remux(Path("/s/v.mp4"), [], OUT / "download.mp4", LIMITS, codec="hevc")

    assert built.arguments.count("-i") == 1
    assert "+faststart" in built.arguments
    assert _values(built.arguments, "-tag:v") == ["hvc1"]


def test_the_packager_writes_one_file_and_one_playlist_per_rendition() -> None:
    videos = [(rung.name, Path(f"/scratch/job/video_{rung.name}.mp4")) for rung in PLAN.rungs]
    built = encode_commands.package(videos, [(PLAN.audios[0], Path("/scratch/job/a.mp4"))], [], PLAN, OUT)

    streams = [argument for argument in built.arguments if argument.startswith("in=")]
    assert len(streams) == 5
    assert streams[0] == (
        "in=/scratch/job/video_1080p.mp4,stream=video,output=/scratch/job/output/1080p.mp4,playlist_name=1080p.m3u8"
    )
    assert _values(built.arguments, "--default_language") == ["eng"]
    assert float(_values(built.arguments, "--segment_duration")[0]) == pytest.approx(4.0, abs=0.001)


@pytest.mark.parametrize("rate", ["10", "24000/1001", "25", "2997/100", "30000/1001", "60", "997/41"])
def test_the_packager_gets_the_segment_length_in_whole_ticks_of_any_clock(rate: str) -> None:
    frames = Fraction(rate)
    plan = make_plan(replace(SOURCE, video=replace(VIDEO, nominal_rate=frames, average_rate=frames)), WEB)
    built = encode_commands.package([("360p", Path("/s/v.mp4"))], [], [], plan, OUT)
    length = float(_values(built.arguments, "--segment_duration")[0])

    # The packager cuts off; ffmpeg's clock is the rate, doubled as long as that is too coarse.
    for clock in (plan.frame_rate.numerator * 2**power for power in range(12)):
        assert int(length * clock) == plan.segment_seconds * clock


def test_segments_of_copied_groups_may_begin_a_moment_early() -> None:
    built = encode_commands.package([("v", Path("/s/v.mp4"))], [], [], replace(PLAN, copied=True), OUT)

    assert float(_values(built.arguments, "--segment_duration")[0]) < PLAN.segment_seconds


def test_a_path_that_the_packager_would_misread_is_refused() -> None:
    with pytest.raises(ValueError, match="use a working directory without them"):
        encode_commands.package([("360p", Path("/s/a,b.mp4"))], [], [], PLAN, OUT)


def test_a_path_can_never_be_taken_for_an_option_or_a_protocol() -> None:
    assert media_path(Path("/scratch/-i.mp4")) == "file:/scratch/-i.mp4"
    assert media_path(Path("http://example.org/x")).startswith("file:/")


def test_the_language_of_the_sound_is_kept_and_only_that() -> None:
    plan = make_plan(replace(SOURCE, audios=(AUDIO, replace(AUDIO, index=2, language=None))), WEB)
    arguments = _encode_audio(plan).arguments

    assert _values(arguments, "-metadata:s:a:0") == ["language=eng"]
    assert _values(arguments, "-map_metadata") == ["-1", "-1"]


def test_all_tracks_are_encoded_by_one_process_that_reads_the_source_once() -> None:
    plan = make_plan(replace(SOURCE, audios=(AUDIO, replace(AUDIO, index=2, channels=1))), WEB)
    arguments = _encode_audio(plan).arguments

    assert arguments.count("-i") == 1
    assert _values(arguments, "-c:a") == ["aac", "aac"]
    graph = _values(arguments, "-filter_complex")[0]
    assert "channel_layouts=stereo" in graph
    assert "channel_layouts=mono" in graph


def test_surround_sound_that_is_kept_gets_three_times_the_rate_of_stereo() -> None:
    settings = WEB.audio.model_copy(update={"max_channels": 6})
    built = audio_commands.encode_audio(
        SOURCE_FILE, choose_audios([AUDIO], settings), settings, {}, directory=Path("/s"), limits=LIMITS
    )

    assert _values(built.arguments, "-b:a") == ["384k"]
    assert "channel_layouts=5.1" in _values(built.arguments, "-filter_complex")[0]
