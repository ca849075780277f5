"""Stack files of a test's own: changed values, and the form in which the Pulumi CLI writes a file anew."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

# What `pulumi stack init` and a change of the secrets provider add beside `config`.
ENGINE_KEYS = {
    "encryptionsalt": "v1:AAAAAAAAAAA=:v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
    "secretsprovider": "awskms://alias/pulumi-secrets?region=ap-northeast-1",
    "encryptedkey": "AAAAAAAAAAAA",
    "environment": ["video/defaults"],
}


def configure(project_dir: Path, stack: str, **values: object) -> None:
    """Set values of a stack in its file; those that are None become what Pulumi.yaml gives by default.

    Args:
        project_dir: directory with Pulumi.yaml and the stack's file; never that of the repository.
        stack: the stack.
        values: configuration by key; an unknown key is added, too.
    """
    project = yaml.safe_load((project_dir / "Pulumi.yaml").read_text(encoding="utf-8"))["name"]
    file = project_dir / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["config"] |= {f"{project}:{key}": value for key, value in values.items()}
    content["config"] = {key: value for key, value in content["config"].items() if value is not None}
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def as_the_cli_writes(config: Mapping[str, Any]) -> str:
    """Give a whole stack file as the CLI writes it: every scalar in quotes, and keys of its own beside.

    Items of lists keep their types. Seen with Pulumi 3.274 after `pulumi stack init` and `pulumi config set`.
    """
    # YAML puts what would be read as another type in quotes by itself: "7", "false".
    texts = {
        key: value if isinstance(value, str | list | Mapping) else json.dumps(value)
        for key, value in config.items()
    }
    return yaml.safe_dump({**ENGINE_KEYS, "config": texts})
