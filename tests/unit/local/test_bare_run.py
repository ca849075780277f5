"""The bare run repeats the processor's commands in its order and compares honestly."""

from pathlib import Path

import pytest

from local.demo.bare import BareRun, comparison, run_bare
from local.errors import LocalModeError


def command(step: str, script: str) -> dict[str, object]:
    return {"step": step, "argv": ["sh", "-c", script, "-i", "file:abc.source"]}


def test_commands_find_the_source_and_each_others_results(tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_text("video")
    commands = [
        command("encode-video", "cat abc.source > work/v"),
        command("encode-audio", "cat abc.source > work/a"),
        command("package", "cat work/v work/a > work/output/all && test $(cat work/output/all) = videovideo"),
    ]
    bare = run_bare(commands, source, tmp_path / "bare", cores=1)
    assert set(bare.steps) == {"encode-video", "encode-audio", "package"}
    assert bare.seconds > 0
    assert not (tmp_path / "bare").exists()


def test_a_command_that_fails_is_named(tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.touch()
    with pytest.raises(LocalModeError, match="package failed: no space"):
        run_bare([command("package", "echo no space >&2; exit 3")], source, tmp_path / "bare", cores=1)


@pytest.mark.parametrize(("platform_seconds", "kept"), [(17.0, True), (17.1, False)])
def test_the_allowance_is_a_fifth_more_and_five_seconds(platform_seconds: float, kept: bool) -> None:
    compared = comparison(BareRun(10.0), platform_seconds)
    assert compared["allowed_seconds"] == 17.0
    assert compared["within_allowance"] is kept
    assert compared["ratio"] == pytest.approx(platform_seconds / 10)
