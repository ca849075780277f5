"""Questions and defects that several tables of rules share."""

from typing import Any

from tests.policy.stack import Resource

TLS_ONLY = {"Bool": {"aws:SecureTransport": "false"}}


def has_key(value: Any) -> bool:
    """Tell a customer-managed key from none."""
    return isinstance(value, str) and value.startswith("arn:aws:kms:")


def refuses_plain_http(policy: Resource) -> bool:
    """Say whether a resource policy denies everybody what does not come over TLS."""
    return any(
        statement["Effect"] == "Deny"
        and statement["Principal"] == "*"
        and statement.get("Condition") == TLS_ONLY
        for statement in policy.document()
    )


def trusts_nobody_unknown(policy: Resource) -> bool:
    """Say whether no Allow of a resource policy names everybody, whatever its conditions."""
    return not any(
        statement["Effect"] == "Allow" and "*" in (statement["Principal"], principal_of(statement))
        for statement in policy.document()
    )


def principal_of(statement: dict[str, Any]) -> Any:
    """Give the AWS principal of a statement, if it names one."""
    principal = statement.get("Principal")
    return principal.get("AWS") if isinstance(principal, dict) else principal


def drop_denials(document: Any) -> None:
    """Take the Deny statements out of a policy."""
    document["Statement"] = [item for item in document["Statement"] if item["Effect"] != "Deny"]


def admit_everybody(document: Any) -> None:
    """Add a statement that lets everybody in."""
    document["Statement"].append({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "a:B"})
