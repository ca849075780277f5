"""Checks what a Pulumi command needs, then runs it: `make preview | deploy | refresh | outputs | destroy`."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from components.config import NO_REGION
from components.stack_config import StackConfig
from local.errors import LocalModeError
from local.program_errors import ConfigurationError
from local.stack_config import StackSettings, load_stack_settings
from tools.account import account_checks, clients_in
from tools.check import Check
from tools.prerequisites import (
    check_credentials,
    check_docker,
    check_package,
    check_pulumi,
    check_stack,
)

_COMMANDS = {
    "preview": ["preview", "--diff"],
    "deploy": ["up"],
    "refresh": ["refresh"],
    "outputs": ["stack", "output", "--json"],
    "destroy": ["destroy"],
}
_BUILDING = frozenset({"preview", "deploy"})
_CHANGING = frozenset({"deploy", "refresh", "destroy"})
_DESTROY_REFUSED = """\
Stack {stack!r} is not destroyed without CONFIRM={stack}. What you should know first:
  - deletion_protection is {protection}. While it is true, Pulumi refuses to delete the database, the buckets,
    the file system and the keys, and RDS refuses to delete the database. To give that up:
    pulumi config set deletion_protection false --stack {stack} && make deploy STACK={stack}
  - From then on, destroying the stack also deletes every object in its buckets. Copy what you need.
  - final_snapshots is {snapshots}. While it is true, the last snapshots {database}-final and
    {cache}-final stay in the account, and cost money, until you delete them.
  - KMS keys are deleted after 30 days. Snapshots encrypted with them cannot be restored afterwards.
Then run: make destroy STACK={stack} CONFIRM={stack}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command for one stack.

    Returns:
        The exit code of Pulumi; 1 when something it needs is missing, 2 when destroying was not confirmed.
    """
    options = _parser().parse_args(arguments)
    command, stack = options.command, options.stack
    try:
        settings = load_stack_settings(Path.cwd(), stack)
        config = _parsed(settings)
    except LocalModeError as error:
        sys.stderr.writelines(f"{command} {stack}: {line}\n" for line in str(error).splitlines())
        return 1
    if command == "destroy" and _is_guarded(stack, config) and options.confirm != stack:
        sys.stderr.write(_refusal(stack, config))
        return 2
    # `outputs` prints JSON for programs: only faults are worth a word there.
    failed = _report(command, stack, _checks(command, settings, config), quiet=command == "outputs")
    if failed:
        sys.stderr.write(f"{command} {stack}: put right what is missing, then run it again\n")
        return 1
    pulumi = ["pulumi", *_COMMANDS[command], "--stack", stack]
    if options.yes and command in _CHANGING:
        pulumi += ["--yes", "--non-interactive"]
    if options.show_secrets and command == "outputs":
        pulumi.append("--show-secrets")
    return subprocess.run(pulumi, check=False).returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.deploy", description=__doc__)
    parser.add_argument("command", choices=list(_COMMANDS))
    parser.add_argument("--stack", required=True, help="stack to work on")
    parser.add_argument("--confirm", default="", help="destroy: name of the stack once more")
    parser.add_argument("--yes", action="store_true", help="ask no questions, for unattended use")
    parser.add_argument("--show-secrets", action="store_true", help="outputs: show the secret ones too")
    return parser


def _parsed(settings: StackSettings) -> StackConfig:
    if not settings.get("aws:region", ""):
        message = f"{NO_REGION} --stack {settings.stack}"
        raise ConfigurationError(message)
    if settings.secret_keys:
        keys = ", ".join(settings.secret_keys)
        sys.stderr.write(f"{settings.stack}: encrypted, so looked at by the program alone: {keys}\n")
    return settings.parsed()


def _is_guarded(stack: str, config: StackConfig) -> bool:
    return stack == "prod" or config.protection.deletion_protection


def _refusal(stack: str, config: StackConfig) -> str:
    return _DESTROY_REFUSED.format(
        stack=stack,
        protection=str(config.protection.deletion_protection).lower(),
        snapshots=str(config.protection.final_snapshots).lower(),
        database=f"videometadata-{stack}",
        cache=f"video-cache-{stack}",
    )


def _checks(command: str, settings: StackSettings, config: StackConfig) -> list[Check]:
    stack, region = settings.stack, settings.get("aws:region", "")
    pulumi = check_pulumi()
    results = [pulumi]
    # Without Pulumi a question about its stacks would only repeat the fault.
    if pulumi.passed:
        results.append(check_stack(stack))
    if command != "outputs":
        credentials = check_credentials(region)
        results.append(credentials)
        if command == "preview" and credentials.passed:
            results += account_checks(config, settings.project, stack, clients_in(region))
    if command in _BUILDING:
        results += [check_docker(config), check_package(config, stack)]
    return results


def _report(command: str, stack: str, results: Sequence[Check], *, quiet: bool) -> bool:
    for check in results:
        if check.passed and quiet:
            continue
        mark = "MISSING" if not check.passed else "NOTE" if check.advice else "ok"
        sys.stderr.write(f"{command} {stack}: {mark:<8} {check.name:<12} {check.found}\n")
        indent = " " * (len(command) + len(stack) + 12)
        if check.remedy is not None:
            sys.stderr.write(f"{indent}remedy: {check.remedy}\n")
        if check.advice is not None:
            sys.stderr.write(f"{indent}{check.advice}\n")
    return not all(check.passed for check in results)


if __name__ == "__main__":
    sys.exit(main())
