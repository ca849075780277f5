"""A platform locked down as far as it goes, on which every AWS call is recorded.

It speaks TLS, so no statement is left out of a policy. It works on one job at a time and does nothing by the
clock, so each start of a job has one possible author.
"""

from pathlib import Path
from typing import Any

from tests.platform_client import Platform, copy_checkout
from tests.policy.recording import start_recording
from tests.stack_files import configure

SCHEDULED = ("maintain_function_name", "sweep_function_name")


def start_secured(checkout: Path, data_dir: Path) -> Platform:
    """Bring it up from a checkout that is put into the first directory; the caller stops it."""
    copy_checkout(checkout)
    configure(checkout, "dev", max_running_jobs=1)
    running = Platform.start(data_dir, "--emulator-tls", checkout=checkout)
    _stop_schedules(running)
    start_recording(running.http, running.description["emulator_url"])
    _restart_functions(running)
    return running


def functions(platform: Platform) -> list[dict[str, Any]]:
    """All functions, as Lambda lists them."""
    return list(platform.aws("lambda").list_functions()["Functions"])


def _stop_schedules(platform: Platform) -> None:
    events = platform.aws("events")
    scheduled = [rule["Name"] for rule in events.list_rules()["Rules"] if rule.get("ScheduleExpression")]
    starters = [name for name in scheduled if "-maintain-" in name or "-sweep-" in name]
    assert len(starters) == len(SCHEDULED), scheduled
    for name in starters:
        events.disable_rule(Name=name)


def _restart_functions(platform: Platform) -> None:
    """Make every function start anew, so that what it reads at its start is recorded as well."""
    for function in functions(platform):
        platform.aws("lambda").update_function_configuration(
            FunctionName=function["FunctionName"], Description=f"{function.get('Description', '')} (recorded)"
        )
    for name in ("migrate_function_name", *SCHEDULED):
        answer = platform.aws("lambda").invoke(FunctionName=platform.exports[name], Payload="{}")
        assert "FunctionError" not in answer, (name, answer["Payload"].read())
