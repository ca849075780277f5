"""Lets Schemathesis loose on a running platform, with every check it has."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.access.keys import Scope
from tests.fuzz import hooks
from tests.platform_client import CHECKOUT, Platform

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


@dataclass(frozen=True)
class FuzzReport:
    """What a run came to.

    Attributes:
        cases: Requests that were made up and sent.
        passed: Whether every check held for every one of them.
        text: What the tool printed.
    """

    cases: int
    passed: bool
    text: str


def fuzz(
    platform: Platform, arguments: Sequence[str], *, timeout_seconds: float, scope: Scope = Scope.OPERATOR
) -> FuzzReport:
    """Runs all checks against the API of a platform, with its keys enforced and one of this scope."""
    url = str(platform.description["api_url"]).rstrip("/")
    key = str(platform.description["api_key"])
    asked_with = key if scope is Scope.OPERATOR else _key_of(platform, scope)
    environment = os.environ | {
        hooks.URL_VARIABLE: url,
        hooks.KEY_VARIABLE: key,
        hooks.SCOPE_VARIABLE: str(scope),
        hooks.BUCKET_VARIABLE: platform.exports["ingest_bucket"],
        hooks.MAX_UPLOAD_VARIABLE: _max_upload_bytes(platform),
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "services")]),
    }
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        report = Path(directory) / "report.json"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION)),
                *("run", f"{url}/openapi.json", "--url", url, "--header", f"x-api-key: {asked_with}"),
                *("--checks", "all", "--no-color", "--report-json-path", str(report), *arguments),
            ],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        cases = _cases(report)
    return FuzzReport(cases=cases, passed=done.returncode == 0, text=done.stdout + done.stderr)


def _key_of(platform: Platform, scope: Scope) -> str:
    body = {"client": "fuzz", "name": str(scope), "scope": str(scope)}
    made = platform.api("POST", "/keys", body)
    made.raise_for_status()
    return str(made.json()["value"])


def _cases(report: Path) -> int:
    return int(json.loads(report.read_text())["test_cases"]["generated"]) if report.exists() else 0


def _max_upload_bytes(platform: Platform) -> str:
    functions = platform.aws("lambda").get_paginator("list_functions").paginate()
    [value] = [
        function["Environment"]["Variables"]["MAX_UPLOAD_BYTES"]
        for page in functions
        for function in page["Functions"]
        if {"REDIS_HOST", "MAX_UPLOAD_BYTES"} <= function["Environment"]["Variables"].keys()
    ]
    return str(value)


def main(arguments: Sequence[str]) -> int:
    """Starts a platform of its own, asks it everything, and gives 0 when all checks held."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description=__doc__)
    parser.add_argument("--at-least", type=int, default=2_000, help="cases that each run must have")
    parser.add_argument("--scope", type=Scope, choices=list(Scope), action="append", help="default: each")
    options, further = parser.parse_known_args(arguments)
    scopes = options.scope or list(Scope)
    with tempfile.TemporaryDirectory(prefix="fuzzed-platform-") as directory:
        platform = Platform.start(Path(directory))
        try:
            good = [_ask_everything(platform, scope, options.at_least, further) for scope in scopes]
        finally:
            platform.stop()
    return 0 if all(good) else 1


def _ask_everything(platform: Platform, scope: Scope, at_least: int, further: Sequence[str]) -> bool:
    report = fuzz(platform, further, timeout_seconds=3_600, scope=scope)
    sys.stdout.write(f"With a key of scope {scope}:\n{report.text}")
    if report.cases < at_least:
        sys.stdout.write(f"only {report.cases} cases; at least {at_least} are wanted\n")
    return report.passed and report.cases >= at_least


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
