"""Checks what a Pulumi command needs, then runs it: `make preview | deploy | refresh | outputs | destroy`."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from components.config import parse_config
from components.config_values import ConfigError
from components.stack_config import StackConfig
from local.errors import LocalModeError
from local.stack_config import load_stack_settings
from tools.fargate_quota import check_fargate_quota
from tools.prerequisites import (
    Check,
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
        region, config = _load(stack)
    except (ConfigError, LocalModeError) as error:
        sys.stderr.write(f"{command} {stack}: {error}\n")
        return 1
    if command == "destroy" and _is_guarded(stack, config) and options.confirm != stack:
        sys.stderr.write(_refusal(stack, config))
        return 2
    # `outputs` prints JSON for programs: only faults are worth a word there.
    failed = _report(command, stack, _checks(command, stack, region, config), quiet=command == "outputs")
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


def _load(stack: str) -> tuple[str, StackConfig]:
    settings = load_stack_settings(Path.cwd(), stack, lambda key: key)
    prefix = f"{settings.project}:"
    own = {key.removeprefix(prefix): text for key, text in settings.values.items() if key.startswith(prefix)}
    region = settings.get("aws:region", "")
    if not region:
        raise ConfigError(
            f"Pulumi.{stack}.yaml has no aws:region. "
            f"Run: pulumi config set aws:region ap-northeast-1 --stack {stack}"
        )
    return region, parse_config(own)


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


def _checks(command: str, stack: str, region: str, config: StackConfig) -> list[Check]:
    pulumi = check_pulumi()
    results = [pulumi]
    # Without Pulumi a question about its stacks would only repeat the fault.
    if pulumi.passed:
        results.append(check_stack(stack))
    if command != "outputs":
        results.append(check_credentials(region))
    if command in _BUILDING:
        results += [check_docker(config), check_package(config, stack)]
    if command == "preview":
        results.append(check_fargate_quota(region, config))
    return results


def _report(command: str, stack: str, results: Sequence[Check], *, quiet: bool) -> bool:
    for check in results:
        if check.passed and quiet:
            continue
        mark = "ok" if check.passed else "MISSING"
        sys.stderr.write(f"{command} {stack}: {mark:<8} {check.name:<12} {check.found}\n")
        if check.remedy is not None:
            sys.stderr.write(f"{'':<{len(command) + len(stack) + 12}}remedy: {check.remedy}\n")
    return not all(check.passed for check in results)


if __name__ == "__main__":
    sys.exit(main())
