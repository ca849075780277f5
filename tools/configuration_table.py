"""Writes docs/configuration.md from the typed configuration and both stack files: `make docs`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from components.config import config_keys
from components.config_values import Kind, ValueSpec

REPOSITORY_ROOT = Path(__file__).resolve().parent.parent
PAGE = Path("docs/configuration.md")
_STACKS = ("dev", "prod")
# The longest endings first: `_per_second` is no duration.
_UNITS = (
    ("_per_second", "1/s"),
    ("_milliseconds", "ms"),
    ("_seconds", "s"),
    ("_hours", "h"),
    ("_days", "days"),
    ("_bytes", "bytes"),
    ("_gib", "GiB"),
    ("_mib", "MiB"),
    ("_units", "CPU units"),
    ("_quota", "calls"),
    ("_limit", "calls"),
    ("_zones", "zones"),
    ("_nodes", "nodes"),
    ("_concurrency", "runs"),
    ("_jobs", "jobs"),
    ("_tasks", "tasks"),
)
_REGION = (
    "aws:region",
    "string",
    "-",
    "a region with all services used",
    "region that the stack is built in",
)
_HEAD = """\
# Configuration

`components/stack_config.py` declares every key, most of them in the groups of `components/settings.py`;
`Pulumi.dev.yaml` and `Pulumi.prod.yaml` give the values. The program reads them once, before it creates
anything, and refuses an unknown key, a missing key, a value out of range, and values that contradict each
other, with the key, the value, what is allowed, and the command that corrects it. No key has a hidden
default: both stack files hold all of them, and differ in values only.

No key holds a secret. Passwords, the Redis token and the API key are generated in the deployment and stay
in AWS Secrets Manager, API Gateway and the encrypted Pulumi state.

Set a value with `pulumi config set <key> <value> --stack <stack>`, an array with `pulumi config set --path
'<key>[0]' <value>`, or edit the stack file. `make docs` writes this page; a test fails when it differs from
the code.

| Key | Type | Unit | Allowed | Default | dev | prod | Meaning |
|---|---|---|---|---|---|---|---|
"""
_RULES = """
## Values that depend on each other

| Key | Must fit |
|---|---|
| `interface_endpoints` | empty, or with all of `ecr.api`, `ecr.dkr`, `logs`, `secretsmanager`, `sns`, `states`; never empty when `nat_strategy` is `none` |
| `vpc_cidr` | a private range |
| `task_memory_mib` | what Fargate offers for `task_cpu_units` |
| `task_memory_max_mib` | at least `task_memory_mib`, which means no retry, and what Fargate offers for `task_cpu_units` or more |
| `task_ephemeral_storage_gib` | at least 2.5 times `max_upload_bytes`: the source and its renditions |
| `task_ephemeral_storage_gib` | `max_upload_bytes` and 1.725 MB for each second of `max_source_hours`: the renditions of a 1080p film, encoded and packaged |
| `workflow_timeout_seconds` | 1.5 times what the estimate of a job says for a 1080p film of `max_source_hours` at 30 frames a second with this `task_cpu_units`, `chunk_max_concurrency`, `chunk_window_seconds` and `chunking_mode` |
| `workflow_timeout_seconds` | at least four times the download of a source of `max_upload_bytes` at 50 MiB/s |
| `max_running_jobs`, `chunk_max_concurrency` | at most `max_running_tasks` |
| `database_max_allocated_storage_gib` | at least 1.1 times `database_allocated_storage_gib` |
| `database_insights_retention_days` | at least 465 when `database_insights_mode` is `advanced` |
| `background_reserved_concurrency` | 0, or at least `ingest_concurrency` |
| `api_certificate_arn` | given exactly when `api_domain_name` is given |
| `originals_deep_archive_days` | at least 90 days after `originals_archive_days` |
| `api_burst_limit` | at least `api_rate_limit_per_second` |
"""  # noqa: E501  a table row cannot be wrapped


def render(root: Path = REPOSITORY_ROOT) -> str:
    """Give the whole page as it must be.

    Args:
        root: directory with Pulumi.yaml and the stack files.
    """
    project = _load(root / "Pulumi.yaml")["name"]
    stacks = [_load(root / f"Pulumi.{stack}.yaml")["config"] for stack in _STACKS]
    region_key, kind, unit, allowed, meaning = _REGION
    rows = [[f"`{region_key}`", kind, unit, allowed, "required", *_shown(stacks, region_key), meaning]]
    for key, (key_kind, spec) in config_keys().items():
        values = _shown(stacks, f"{project}:{key}")
        rows.append(
            [f"`{key}`", key_kind, _unit(key), _allowed(key_kind, spec), "required", *values, spec.meaning]
        )
    return _HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in rows) + _RULES


def main() -> int:
    """Write the page and say whether it changed."""
    page = REPOSITORY_ROOT / PAGE
    text = render()
    changed = not page.is_file() or page.read_text(encoding="utf-8") != text
    page.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{PAGE}: {'written' if changed else 'unchanged'}\n")
    return 0


def _load(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def _shown(stacks: list[Mapping[str, Any]], key: str) -> list[str]:
    return [f"`{json.dumps(stack[key]).replace('|', chr(92) + '|')}`" for stack in stacks]


def _unit(key: str) -> str:
    return next((unit for ending, unit in _UNITS if key.endswith(ending)), "-")


def _allowed(kind: Kind, spec: ValueSpec) -> str:
    text = spec.range_text(kind).removeprefix("an integer from ").removeprefix("one of ")
    if kind == "integer" and not spec.choices:
        text = f"{spec.minimum} to {spec.maximum}"
    if kind == "array" and spec.maximum is not None:
        text += f", at most {spec.maximum}"
    return text.replace("<", "&lt;").replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
