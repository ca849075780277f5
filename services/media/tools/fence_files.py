"""Which files a tool may open: the system's, itself, its working directory, and the inputs it was given."""

import os
import shutil
import uuid
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from media.tools.command import Command, Tool

_EXECUTED: Final = ("/usr", "/lib", "/lib64")
_READ: Final = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self",
    "/proc/stat",
    "/sys/devices/system",
)
"""Encoders count processors and memory nodes; the entry of the process itself holds nothing of others."""

_DEVICES: Final = ("/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero")
_PROGRAMS: Final = ".programs"


def granted(command: Command, program: Path, workdir: Path) -> list[str]:
    """The launcher's options that name every file which a command may open."""
    return [
        *_options("--execute", *(path for path in _EXECUTED if Path(path).is_dir()), str(program)),
        *_options("--read", *_READ, *(str(path) for path in inputs(command) if workdir not in path.parents)),
        *_options("--device", *_DEVICES),
        *_options("--write", str(workdir)),
    ]


def inputs(command: Command) -> tuple[Path, ...]:
    """The files that a command reads, as its arguments and `also_reads` name them."""
    named = _packager_inputs if command.tool is Tool.PACKAGER else _ffmpeg_inputs
    return tuple(dict.fromkeys((*named(command.arguments), *command.also_reads)))


def unreadable(program: Path, workdir: Path, user: int | None) -> Path:
    """Give the program, or a copy of it, that the tools' user can execute but not read.

    A process of such a program can be neither traced nor looked into by others of its user, which is all that
    separates two tools of one job where neither Landlock nor a namespace does. A script has to be readable.
    """
    if not _can_read(program, user) or _is_script(program):
        return program
    copy = workdir / _PROGRAMS / program.name
    if not copy.exists():
        copy.parent.mkdir(exist_ok=True)
        partial = copy.with_name(f"{copy.name}.{uuid.uuid4().hex}")
        shutil.copyfile(program, partial)
        partial.chmod(0o111)
        partial.replace(copy)
    return copy


def _options(option: str, *paths: str) -> Iterator[str]:
    for path in paths:
        yield from (option, path)


def _ffmpeg_inputs(arguments: tuple[str, ...]) -> Iterator[Path]:
    for option, value in pairwise(arguments):
        if option == "-i" and value.startswith("file:"):
            yield Path(value.removeprefix("file:"))


def _packager_inputs(arguments: tuple[str, ...]) -> Iterator[Path]:
    for argument in arguments:
        if argument.startswith("in="):
            yield Path(argument.removeprefix("in=").partition(",")[0])


def _can_read(program: Path, user: int | None) -> bool:
    if user is None:
        return os.access(program, os.R_OK)
    found = program.stat()
    return bool(found.st_mode & 0o004) or user in {found.st_uid, found.st_gid}


def _is_script(program: Path) -> bool:
    with program.open("rb") as file:
        return file.read(2) == b"#!"
