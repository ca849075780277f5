"""Adapts resource policies to an emulator that is spoken to over plain HTTP; over TLS they stay whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.apply.context import ApplyContext
from local.monitor import Registration

_TLS_ONLY_CONDITION = {"Bool": {"aws:SecureTransport": "false"}}


def without_tls_only_denials(context: ApplyContext, resource: Registration, policy: str) -> str | None:
    """Drops exactly the statements that deny requests without TLS, and counts them.

    A statement is dropped only when it is a Deny whose one and only condition is `aws:SecureTransport` false,
    and only while the emulator speaks plain HTTP.

    Args:
        context: Knows how the emulator is reached, and counts the dropped statements.
        resource: Owner of the policy.
        policy: Policy document as JSON text.

    Returns:
        The remaining document, or None when nothing remains.
    """
    if context.endpoints.speaks_tls:
        return policy
    document = json.loads(policy)
    statements = document["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    kept = [statement for statement in statements if not _is_tls_only_denial(statement)]
    for statement in statements:
        if _is_tls_only_denial(statement):
            context.dropped_statements.append(f"{resource.urn}: {statement.get('Sid', 'without Sid')}")
    return json.dumps({**document, "Statement": kept}) if kept else None


def _is_tls_only_denial(statement: Mapping[str, Any]) -> bool:
    return (
        statement.get("Effect") == "Deny" and _normalised(statement.get("Condition")) == _TLS_ONLY_CONDITION
    )


def _normalised(condition: Any) -> Any:
    """Brings a condition to the form with plain lower-case text values."""
    if not isinstance(condition, Mapping):
        return None
    return {
        test: {
            variable: str(value[0] if isinstance(value, list) and len(value) == 1 else value).lower()
            for variable, value in variables.items()
        }
        for test, variables in condition.items()
        if isinstance(variables, Mapping)
    }
