"""How the outputs of one resource type are described."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Templates for one resource type; words in braces are those of `local.model.Words`, plus `arn` and `id`.

    Attributes:
        id: Physical id.
        arn: ARN, empty when the type has none.
        name_key: Input that carries the physical name.
        outputs: Further outputs that AWS computes.
        secret_outputs: Outputs that must reach the program as secrets.
        counted: Further outputs that are lists; a template is filled for each `{number}` from 1 on.
        count_key: Input that says how many items those lists have.
    """

    id: str
    arn: str = ""
    name_key: str | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    secret_outputs: tuple[str, ...] = ()
    counted: Mapping[str, str] = field(default_factory=dict)
    count_key: str | None = None
