"""The commands and options of ``python -m local``."""

import argparse
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.cli.output import Output
from local.errors import LocalModeError
from local.paths import REPOSITORY_ROOT


def _at_least_one(text: str) -> int:
    """Read an argument that counts something.

    Raises:
        argparse.ArgumentTypeError: It is no number from 1.
    """
    if not text.isdecimal() or int(text) < 1:
        message = f"must be a whole number from 1, got {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


Command = Callable[[argparse.Namespace, Output], int]
_INTERRUPTED_EXIT_CODE = 130
# Command name to the module below local.cli that holds a function of that name, and its help.
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "up": ("stack_commands", "start the platform and print where things are"),
    "down": ("stack_commands", "stop the platform; data stay for the next start"),
    "status": ("stack_commands", "show what runs, with addresses and the API key"),
    "submit": ("job_commands", "upload a video through the API and follow its job"),
    "watch": ("job_commands", "follow a job to its end"),
    "plan": ("plan_command", "show how a video would be processed, without processing it"),
    "logs": ("reading_commands", "list the logs, or show those that match NAME"),
    "mail": ("reading_commands", "show the e-mails that were sent"),
    "redrive": ("operator_commands", "have messages that could not be handled tried again"),
    "shortage": ("operator_commands", "let there be no room for tasks, as when Fargate is full"),
    "keys": ("key_commands", "list the API's keys, make one, or revoke one"),
    "env": ("environment_command", "print what the AWS CLI and boto3 need to talk to the platform"),
    "reset": ("stack_commands", "stop the platform and delete all its data"),
    "synth": ("stack_commands", "print what the Pulumi program would create, as JSON"),
    "demo": ("demo_command", "process a real clip from start to end and report on it"),
}
# Those that know a deployed stack as well.
_ALSO_DEPLOYED = frozenset({"submit", "watch", "plan", "status", "redrive", "keys"})
_DEPLOYED_HELP = (
    "a stack in AWS instead, found through its outputs; the key is that of VIDEO_API_KEY or its own"
)
_KEY_ACTIONS = ("list", "make", "revoke")
_SCOPES = ("viewer", "producer", "operator")
_LINES_HELP = "how many lines of each, at least 1 (default: 100)"
_TLS_HELP = "serve API, uploads and AWS over HTTPS with the local authority; then no policy is left out"
_SHORTAGES = ("refuse", "failures", "stop", "over")
_SHORTAGE_HELP = "RunTask is refused, answers failures, or a task stops before it starts; or it is over"
_ARGUMENTS: Mapping[str, Sequence[tuple[Sequence[str], Mapping[str, Any]]]] = {
    "up": ((["--emulator-tls"], {"action": "store_true", "help": _TLS_HELP}),),
    "submit": (
        (["file"], {"type": Path, "metavar": "FILE", "help": "the video"}),
        (["--profile"], {"help": "the processing profile (default: the API's)"}),
        (["--no-wait"], {"action": "store_true", "help": "return when the upload is done"}),
    ),
    "plan": (
        (["file"], {"type": Path, "metavar": "FILE", "help": "the video"}),
        (["--profile"], {"default": "web", "help": "the processing profile (default: web)"}),
    ),
    "watch": ((["job"], {"metavar": "JOB", "help": "the job's id"}),),
    "logs": (
        (["name"], {"metavar": "NAME", "nargs": "?", "help": "part of a log's name"}),
        (["--lines"], {"type": _at_least_one, "default": 100, "help": _LINES_HELP}),
    ),
    "redrive": ((["queue"], {"metavar": "QUEUE", "nargs": "?", "help": "one queue (default: all)"}),),
    "keys": (
        (["action"], {"choices": _KEY_ACTIONS, "nargs": "?", "default": "list", "help": "default: list"}),
        (["key_id"], {"metavar": "KEY_ID", "nargs": "?", "help": "the key to revoke"}),
        (["--client"], {"help": "whose key is made; a client is made with its first key"}),
        (["--name"], {"help": "what people call the key that is made"}),
        (["--scope"], {"choices": _SCOPES, "help": "how far the key that is made reaches"}),
    ),
    "shortage": ((["kind"], {"choices": _SHORTAGES, "help": _SHORTAGE_HELP}),),
    "reset": ((["--yes"], {"action": "store_true", "help": "do not ask"}),),
    "demo": ((["--video"], {"type": Path, "help": "your own file instead of the demo clip"}),),
}


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
    for name, (module, words) in _COMMANDS.items():
        one = commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
        which = one.add_mutually_exclusive_group()
        which.add_argument("--stack", default="dev", choices=_stacks(), help="the stack (default: dev)")
        if name in _ALSO_DEPLOYED:
            which.add_argument("--deployed", metavar="STACK", help=_DEPLOYED_HELP)
        one.add_argument("--json", action="store_true", help="print one JSON document for machines")
        one.set_defaults(command=_command(module, name))
        for names, options in _ARGUMENTS.get(name, ()):
            one.add_argument(*names, **options)
    return parser


def _command(module: str, function: str) -> Command:
    """Import a command's module when the command is called: each pays for its own imports only."""

    def call(arguments: argparse.Namespace, output: Output) -> int:
        command: Command = getattr(importlib.import_module(f"local.cli.{module}"), function)
        return command(arguments, output)

    return call


def _stacks() -> list[str]:
    return sorted(path.name.split(".")[1] for path in REPOSITORY_ROOT.glob("Pulumi.*.yaml"))
