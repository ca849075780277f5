"""Writes docs/configuration.md from the typed configuration and both stack files: `make docs`."""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from components.config import config_keys
from components.config_values import Kind, ValueSpec
from local.stack_config import load_stack_settings

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
`Pulumi.yaml` gives the defaults, and the only ones: `Pulumi.<stack>.yaml` holds what differs. The program reads
the values once, before it creates anything, and refuses unknown keys, missing keys, values out of range, and
values that contradict each other, all of them at once, with one line for each: the key, the value, what is
allowed, and the command that corrects it. The deploy commands and local mode read the same files in the same
way.

No key needs to hold a secret. Passwords, the Redis token and the API key are generated in the deployment and
stay in AWS Secrets Manager, API Gateway and the encrypted Pulumi state. A value that you encrypt all the same
(`pulumi config set --secret`) is known to the deployed program alone: elsewhere its key's default or an example
takes its place. Nothing but the engine sees values from an `environment` of Pulumi ESC.

## Setting a value

| Value | Command |
|---|---|
| text, integer, boolean | `pulumi config set cache_nodes 3 --stack staging` |
| one item of a list, counted from 0 | `pulumi config set --path 'notification_emails[0]' ops@example.com --stack staging` |
| an item that looks like a number | `pulumi config set --path 'notification_sms_numbers[0]' --type string +81312345678 --stack staging` |
| back to the default | `pulumi config rm cache_nodes --stack staging` |

Without `--path` a list becomes one text, and without `--type string` a telephone number becomes an integer; both
are refused. The CLI writes every scalar in quotes and adds keys of its own to the file (`encryptionsalt`,
`secretsprovider`, `encryptedkey`, `environment`). That changes no value, and the file may be edited by hand.

## A third stack

`pulumi stack init staging`, then the values that have no default:

```
pulumi config set owner media-team --stack staging
pulumi config set --path 'notification_emails[0]' ops@example.com --stack staging
```

The defaults are the sizes of dev with the protection of prod.

## Keys

`make docs` writes this page; a test fails when it differs from the code.

| Key | Type | Unit | Allowed | Default | dev | prod | Meaning |
|---|---|---|---|---|---|---|---|
"""  # noqa: E501  a table row cannot be wrapped
_RULES = """
## Values that depend on each other

| Key | Must fit |
|---|---|
| `interface_endpoints` | empty, or with all of `ecr.api`, `ecr.dkr`, `kms`, `lambda`, `logs`, `secretsmanager`, `sns`, `sqs`, `states`; never empty when `nat_strategy` is `none` |
| `vpc_cidr` | a private range; fixed once deployed, because another one replaces the network and all that is in it |
| `task_memory_mib` | what Fargate offers for `task_cpu_units` |
| `task_memory_max_mib` | at least `task_memory_mib`, which means no retry, and what Fargate offers for `task_cpu_units` or more |
| `task_ephemeral_storage_gib` | at least 2.5 times `max_upload_bytes`: the source and its renditions |
| `task_ephemeral_storage_gib` | `max_upload_bytes` and 1.725 MB for each second of `max_source_hours`: the renditions of a 1080p film, encoded and packaged |
| `workflow_timeout_seconds` | 1.5 times what the estimate of a job says for a 1080p film of `max_source_hours` at 30 frames a second with this `task_cpu_units`, `chunk_max_concurrency`, `chunk_window_seconds` and `chunking_mode` |
| `workflow_timeout_seconds` | at least four times the download of a source of `max_upload_bytes` at 50 MiB/s |
| `max_running_jobs`, `chunk_max_concurrency` | at most `max_running_tasks` |
| `database_max_allocated_storage_gib` | at least 1.1 times `database_allocated_storage_gib` |
| `database_insights_retention_days` | at least 465 when `database_insights_mode` is `advanced` |
| `task_cpu_architecture` | `arm64` only with the `image_uri` of an arm64 image whose encoders use NEON; the image of this repository is for x86-64 |
| `background_reserved_concurrency` | 0, or at least `ingest_concurrency` |
| `api_certificate_arn` | given exactly when `api_domain_name` is given |
| `originals_deep_archive_days` | at least 90 days after `originals_archive_days` |
| `api_burst_limit` | at least `api_rate_limit_per_second` |
| `web_firewall_address_limit` | with `web_firewall`, at least 300 times `api_rate_limit_per_second`, and `api_burst_limit` |
"""  # noqa: E501  a table row cannot be wrapped


def render(root: Path = REPOSITORY_ROOT) -> str:
    """Give the whole page as it must be.

    Args:
        root: directory with Pulumi.yaml and the stack files.
    """
    stacks = [load_stack_settings(root, stack) for stack in _STACKS]
    defaults = _defaults(root)
    region = [f"`{stack.get('aws:region', '-')}`" for stack in stacks]
    key, kind, unit, allowed, meaning = _REGION
    rows = [[f"`{key}`", kind, unit, allowed, f"`{defaults[key]}`", *region, meaning]]
    for key, (key_kind, spec) in config_keys().items():
        default = _shown(json.dumps(defaults[key])) if key in defaults else "required"
        values = [_shown(_as_json(key_kind, stack.own[key])) for stack in stacks]
        rows.append(
            [f"`{key}`", key_kind, _unit(key), _allowed(key_kind, spec), default, *values, spec.meaning]
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


def _defaults(root: Path) -> dict[str, Any]:
    declared = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    return {
        key: entry[name] for key, entry in declared.items() for name in ("value", "default") if name in entry
    }


def _as_json(kind: Kind, text: str) -> str:
    return json.dumps(text) if kind == "string" else text


def _shown(value: str) -> str:
    return f"`{value.replace('|', chr(92) + '|')}`"


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
