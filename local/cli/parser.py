"""The commands and options of ``python -m local``."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from local.cli.output import Output
from local.errors import LocalModeError
from local.paths import REPOSITORY_ROOT

Command = Callable[[argparse.Namespace, Output], int]
_INTERRUPTED_EXIT_CODE = 130


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a tool is missing, 4 in use by another process,
    5 a server did not start, 6 the platform does not run, 7 the job did not complete, 8 the API refused.
    """
    arguments = build_parser().parse_args(argv)
    output = Output(as_json=arguments.json)
    command: Command = arguments.command
    try:
        return command(arguments, output)
    except LocalModeError as error:
        output.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return _INTERRUPTED_EXIT_CODE


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with every command."""
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="Run the whole video platform on this machine, without AWS and without Docker.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "up", _command("stack_commands", "up"), "start the platform and print where things are")
    _add(
        commands,
        "down",
        _command("stack_commands", "down"),
        "stop the platform; data stay for the next start",
    )
    _add(
        commands,
        "status",
        _command("stack_commands", "status"),
        "show what runs, with addresses and the API key",
    )
    one = _add(
        commands,
        "submit",
        _command("job_commands", "submit"),
        "upload a video through the API and follow its job",
    )
    one.add_argument("file", type=Path, metavar="FILE", help="the video")
    one.add_argument("--profile", help="the processing profile (default: the API's)")
    one.add_argument("--no-wait", action="store_true", help="return when the upload is done")
    one = _add(commands, "watch", _command("job_commands", "watch"), "follow a job to its end")
    one.add_argument("job", metavar="JOB", help="the job's id")
    one = _add(
        commands, "logs", _command("reading_commands", "logs"), "list the logs, or show those that match NAME"
    )
    one.add_argument("name", metavar="NAME", nargs="?", help="part of a log's name")
    one.add_argument("--lines", type=int, default=100, help="how many lines of each (default: 100)")
    _add(commands, "mail", _command("reading_commands", "mail"), "show the e-mails that were sent")
    one = _add(
        commands, "reset", _command("stack_commands", "reset"), "stop the platform and delete all its data"
    )
    one.add_argument("--yes", action="store_true", help="do not ask")
    _add(
        commands,
        "synth",
        _command("stack_commands", "synth"),
        "print what the Pulumi program would create, as JSON",
    )
    one = _add(
        commands,
        "demo",
        _command("demo_command", "demo"),
        "process a real clip from start to end and report on it",
    )
    one.add_argument("--video", type=Path, help="your own file instead of the demo clip")
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command, words: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
    parser.add_argument("--stack", default="dev", choices=_stacks(), help="the stack (default: dev)")
    parser.add_argument("--json", action="store_true", help="print one JSON document for machines")
    parser.set_defaults(command=command)
    return parser


def _command(module: str, function: str) -> Command:
    """Import a command's module when the command is called: each pays for its own imports only."""

    def call(arguments: argparse.Namespace, output: Output) -> int:
        command: Command = getattr(importlib.import_module(f"local.cli.{module}"), function)
        return command(arguments, output)

    return call


def _stacks() -> list[str]:
    return sorted(path.name.split(".")[1] for path in REPOSITORY_ROOT.glob("Pulumi.*.yaml"))
