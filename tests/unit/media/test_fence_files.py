"""What a tool may open is what its command names, and nothing that its text merely resembles."""

import os
import stat
import threading
from pathlib import Path

import pytest

from media.tools import fence_user
from media.tools.command import Command, MediaInput, Tool, discard, read
from media.tools.command import compile_ffmpeg as compiled
from media.tools.fence_files import granted, inputs, unreadable
from media.tools.fence_memory import memory_kills, out_of_memory
from media.tools.limits import Limits

SOURCE = MediaInput(path=Path("/scratch/job/source"), formats=("mov",), codecs=("h264",))


def test_the_inputs_of_a_compiled_command_are_found() -> None:
    first = read(SOURCE, Limits())
    second = read(MediaInput(path=Path("/shared/it's, a mark"), formats=("png",), codecs=("png",)), Limits())
    command = compiled("x", [discard([first["v:0"].overlay(second["v:0"])])], threads=1)

    assert set(inputs(command)) == {Path("/scratch/job/source"), Path("/shared/it's, a mark")}


def test_outputs_generators_and_metadata_are_no_inputs() -> None:
    arguments = ("-f", "lavfi", "-i", "testsrc2", "-metadata", "file:/etc/shadow", "-y", "file:/w/out.mp4")

    assert inputs(Command(step="x", tool=Tool.FFMPEG, arguments=arguments)) == ()


def test_the_inputs_of_the_packager_are_found() -> None:
    arguments = ("in=/w/720.mp4,stream=video,output=/w/output/720.mp4", "--mpd_output", "/w/manifest.mpd")

    command = Command(step="x", tool=Tool.PACKAGER, arguments=arguments)

    assert inputs(command) == (Path("/w/720.mp4"),)


def test_files_that_a_list_names_are_granted_beside_the_inputs() -> None:
    listed = (Path("/shared/chunk-1/720.mp4"),)
    command = Command(step="x", tool=Tool.FFMPEG, arguments=(), also_reads=listed)

    options = granted(command, Path("/usr/bin/ffmpeg"), Path("/w"))

    assert options[options.index("/shared/chunk-1/720.mp4") - 1] == "--read"


def test_only_the_working_directory_may_be_written() -> None:
    command = Command(step="x", tool=Tool.FFMPEG, arguments=("-i", "file:/w/inner", "-i", "file:/other"))

    options = granted(command, Path("/opt/tool"), Path("/w"))

    pairs = list(zip(options[::2], options[1::2], strict=True))
    assert [path for option, path in pairs if option == "--write"] == ["/w"]
    assert ("--read", "/other") in pairs
    assert "/w/inner" not in options


def test_a_readable_program_is_copied_so_that_it_can_only_be_executed(tmp_path: Path) -> None:
    copy = unreadable(Path("/usr/bin/true"), tmp_path, 12345)

    assert stat.S_IMODE(copy.stat().st_mode) == 0o111
    assert tmp_path in copy.parents
    assert unreadable(Path("/usr/bin/true"), tmp_path, 12345) == copy


def test_a_program_that_cannot_be_read_anyway_and_a_script_stay_where_they_are(tmp_path: Path) -> None:
    closed, script = tmp_path / "closed", tmp_path / "script"
    closed.write_bytes(b"\x7fELF")
    closed.chmod(0o711)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)

    assert unreadable(closed, tmp_path, os.getuid() + 12345) == closed
    assert unreadable(script, tmp_path, None) == script


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_job_s_directory_is_given_away_and_nothing_that_a_link_in_it_names(tmp_path: Path) -> None:
    outside, job = tmp_path / "outside", tmp_path / "job"
    outside.write_bytes(b"")
    (job / "output").mkdir(parents=True)
    (job / "link").symlink_to(outside)

    fence_user.give(job)

    user = fence_user.tools_user()
    assert {path.lstat().st_uid for path in (job, job / "output", job / "link")} == {user}
    assert stat.S_IMODE(job.stat().st_mode) == 0o700
    assert outside.stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_directory_is_given_away_while_files_come_and_go_in_it(tmp_path: Path) -> None:
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            for number in range(50):
                (tmp_path / str(number)).write_bytes(b"")
            for number in range(50):
                (tmp_path / str(number)).unlink()

    mover = threading.Thread(target=come_and_go)
    mover.start()
    try:
        for _ in range(200):
            fence_user.give(tmp_path)
    finally:
        over.set()
        mover.join()


@pytest.mark.parametrize(
    ("groups", "files", "kills"),
    [
        ("0::/task\n", {"task/memory.events": "oom 3\noom_kill 2\noom_group_kill 0\n"}, 2),
        ("0::/elsewhere/task\n", {"memory.events": "oom_kill 1\n"}, 1),
        ("4:memory:/a\n0::/\n", {"memory/a/memory.oom_control": "under_oom 0\noom_kill 5\n"}, 5),
        ("5:cpu,memory:/a\n", {"memory/memory.oom_control": "oom_kill 7\n"}, 7),
        ("0::/task\n", {}, 0),
    ],
    ids=["version 2", "version 2 in a container", "version 1", "version 1 in a container", "none"],
)
def test_kills_for_want_of_memory_are_read_from_both_versions(
    tmp_path: Path, groups: str, files: dict[str, str], kills: int
) -> None:
    (tmp_path / "cgroup").write_text(groups)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert memory_kills(tmp_path, tmp_path / "cgroup") == kills


def test_a_tool_that_somebody_killed_is_not_called_out_of_memory() -> None:
    assert out_of_memory("x", -9, memory_kills()) is None
    assert out_of_memory("x", 1, -1) is None
    assert out_of_memory("x", -9, -1) is not None
