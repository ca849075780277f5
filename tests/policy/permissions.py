"""Every permission in a stack as one row: who may do what on which resource, and when.

``python -m tests.policy.permissions`` rewrites access.yaml from the synthesised stacks. It keeps the proofs
that people have chosen; a new statement gets the proof UNDECIDED, which the tests refuse.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.synth import SYNTH_ACCOUNT_ID
from tests.policy.stack import Resource, Stack, stack_of
from tests.synthesised import STACKS

ACCESS_FILE = Path(__file__).with_name("access.yaml")
EXERCISED = "exercised"
STATIC = "static"
WITHDRAWN = "withdrawn"
UNDECIDED = "UNDECIDED"
REASONS: Mapping[str, str] = {
    "trust": "AWS decides which service assumes a role; the emulator does not ask the trust policy",
    "delivery": "AWS services use it to deliver events, logs and calls; the emulator delivers without asking",
    "endpoint": "traffic passes no VPC endpoint on one machine",
    "managed": "RDS does it for the proxy, and local mode has no proxy",
    "denial": "a Deny has no call to show; the emulator speaks plain http and names no source of a call",
    "kms": "the service calls KMS on the caller's behalf; the emulator encrypts without asking the key",
    "runtime": "Lambda itself does it with the function's role; the emulator does it without asking",
    "machine": "Step Functions does it with the machine's role, which the emulator does not limit",
    "container": "local mode has no images to pull and no EFS to mount",
    "missing": "S3 asks for it itself when a key is missing; no call has this name",
    "version": "the record names the operation, not the version it asked for",
    "listing": "the record names every listing of a bucket ListObjects, whatever it lists",
    "tags": "the record names writing tags PutObject and reading them GetObject, as if they were objects",
    "making": "API Gateway asks for it itself when a key is made with tags; the emulator does not",
    "archive": "needed for originals in the archive, which test_archived.py has and the run has not",
    "outage": "needed after a failure at one moment only; integration tests reach it with other credentials",
    "later": "needed minutes or days after a deletion or a loss, which the run does not wait for",
    "parts": "needed for uploads in several parts, which the run does not make",
    WITHDRAWN: "test_task_role.py takes it away, and what needs it fails; the record cannot tell it apart",
    "owner": "for people and tools of the account, not for the platform",
}
_HEADER = """\
# Who may do what on both stacks: one row per policy statement, also of keys, queues, topics, trust policies.
# proof: exercised = the enforced end-to-end run makes these calls (test_permissions_in_use.py);
#        static    = this row is the proof, and `because` says why the run cannot show it.
# Each action of the processing task's two roles is used by a test, or nothing on one machine asks for it.
# `not_shown` lists actions of an exercised statement that the run does not make, each with its reason.
# Rewrite after a change of components/ with: python -m tests.policy.permissions
"""


@dataclass(frozen=True, slots=True)
class Permission:
    """One statement, free of account, region and stack.

    Attributes:
        carrier: logical name of the resource that carries the statement.
        sid: its Sid; ``Invoke`` for a Lambda permission.
        effect: Allow or Deny.
        who: role by logical name, ``service:<principal>``, ``account`` or ``everybody``.
        may: actions.
        targets: resources, known ones as ``{logical name}``.
        when: conditions as ``operator key = value``.
    """

    carrier: str
    sid: str
    effect: str
    who: tuple[str, ...]
    may: tuple[str, ...]
    targets: tuple[str, ...]
    when: tuple[str, ...]

    @property
    def key(self) -> str:
        """Carrier and Sid, which name a statement."""
        return f"{self.carrier}/{self.sid}"

    def row(self) -> dict[str, Any]:
        """Give the part of a row that the program decides."""
        row: dict[str, Any] = {} if self.effect == "Allow" else {"effect": self.effect}
        row |= {"who": list(self.who), "may": list(self.may), "targets": list(self.targets)}
        return row | ({"when": list(self.when)} if self.when else {})


class Names:
    """Turns ARNs into logical names."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack.name
        known = {str(item.outputs["arn"]): item.name for item in stack.resources if item.outputs.get("arn")}
        for database in stack.of("aws:rds/instance:Instance"):
            known[database.outputs["masterUserSecrets"][0]["secretArn"]] = f"{database.name}.master-secret"
        for api in stack.of("aws:apigateway/restApi:RestApi"):
            known[api.outputs["executionArn"]] = api.name
        # Longest first, so that no ARN is taken for the beginning of another.
        self._known = sorted(known.items(), key=lambda item: -len(item[0]))

    def plain(self, text: str) -> str:
        """Replace what differs between stacks and accounts."""
        if text == self._stack:
            return "<stack>"
        for arn, name in self._known:
            if text == arn or text.startswith((f"{arn}/", f"{arn}:")):
                text = "{" + name + "}" + text[len(arn) :]
                break
        parts = text.split(":", 5)
        if len(parts) == 6 and parts[0] == "arn" and parts[4] == SYNTH_ACCOUNT_ID:
            text = f"{parts[2]}:{parts[5]}"
        return text.replace(f"-{self._stack}", "-<stack>").replace(SYNTH_ACCOUNT_ID, "<account>")


def permissions(stack: Stack) -> list[Permission]:
    """Give every permission of a stack."""
    names = Names(stack)
    roles = {item.outputs["name"]: item.name for item in stack.of("aws:iam/role:Role")}
    found: list[Permission] = []
    for resource in stack.resources:
        for key in ("policy", "assumeRolePolicy"):
            found += [_permission(resource, item, roles, names) for item in _statements(resource, key)]
        if resource.type == "aws:lambda/permission:Permission":
            found.append(_invocation(resource, stack, names))
    return sorted(found, key=lambda permission: permission.key)


def _statements(resource: Resource, key: str) -> list[dict[str, Any]]:
    return resource.document(key) if isinstance(resource.inputs.get(key), str) else []


def _permission(
    resource: Resource, statement: dict[str, Any], roles: Mapping[str, str], names: Names
) -> Permission:
    own_role = roles.get(str(resource.inputs.get("role")))
    targets = statement.get("Resource", [resource.outputs.get("arn", "")])
    return Permission(
        carrier=resource.name,
        sid=str(statement.get("Sid", "")),
        effect=statement["Effect"],
        who=(own_role,) if own_role else tuple(_principals(statement["Principal"])),
        may=tuple(many(statement["Action"])),
        targets=tuple(names.plain(target) for target in many(targets)),
        when=tuple(_conditions(statement.get("Condition", {}), names)),
    )


def _invocation(resource: Resource, stack: Stack, names: Names) -> Permission:
    function = next(
        item
        for item in stack.of("aws:lambda/function:Function")
        if resource.inputs["function"] in (item.inputs["name"], item.outputs["arn"])
    )
    source = resource.inputs.get("sourceArn")
    return Permission(
        carrier=resource.name,
        sid="Invoke",
        effect="Allow",
        who=(f"service:{resource.inputs['principal']}",),
        may=(resource.inputs["action"],),
        targets=("{" + function.name + "}",),
        when=(f"ArnLike aws:SourceArn = {names.plain(source)}",) if source else (),
    )


def _principals(principal: Any) -> Iterator[str]:
    if principal == "*":
        yield "everybody"
        return
    for kind, values in principal.items():
        for value in many(values):
            if kind == "AWS" and value == f"arn:aws:iam::{SYNTH_ACCOUNT_ID}:root":
                yield "account"
            elif value == "*":
                yield "everybody"
            else:
                yield f"{kind.lower()}:{value}"


def _conditions(conditions: Mapping[str, Mapping[str, Any]], names: Names) -> Iterator[str]:
    for operator, tests in sorted(conditions.items()):
        for key, values in sorted(tests.items()):
            yield f"{operator} {key} = {', '.join(names.plain(value) for value in many(values))}"


def many(value: Any) -> list[str]:
    """Give what IAM lets one write as a text or as a list always as a list."""
    return [value] if isinstance(value, str) else list(value)


def expected_rows() -> dict[str, dict[str, dict[str, Any]]]:
    """Give the rows that both stacks ask for, by carrier and Sid; rows of one stack name it."""
    by_stack = {name: {item.key: item for item in permissions(stack_of(name))} for name in STACKS}
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for key in sorted({key for found in by_stack.values() for key in found}):
        present = {name: found[key] for name, found in by_stack.items() if key in found}
        variants = {json.dumps(item.row()) for item in present.values()}
        if len(variants) > 1:
            raise ValueError(
                f"{key} differs between the stacks: {sorted(variants)}; give it a Sid per meaning"
            )
        item = next(iter(present.values()))
        only = {} if len(present) == len(STACKS) else {"stacks": sorted(present)}
        rows.setdefault(item.carrier, {})[item.sid] = item.row() | only
    return rows


def load_rows() -> dict[str, dict[str, dict[str, Any]]]:
    """Read access.yaml."""
    return dict(yaml.safe_load(ACCESS_FILE.read_text(encoding="utf-8")) or {})


def refreshed_rows(old: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Give the rows of today with the proofs of before."""
    rows = expected_rows()
    for carrier, statements in rows.items():
        for sid, row in statements.items():
            before = old.get(carrier, {}).get(sid, {"proof": UNDECIDED})
            row |= {key: before[key] for key in ("proof", "because", "not_shown") if key in before}
    return rows


def main() -> None:
    """Rewrite access.yaml."""
    rows = refreshed_rows(load_rows() if ACCESS_FILE.exists() else {})
    text = yaml.safe_dump(rows, sort_keys=False, width=118, default_flow_style=None, allow_unicode=True)
    ACCESS_FILE.write_text(_HEADER + text, encoding="utf-8")
    undecided = [
        f"{carrier}/{sid}"
        for carrier, found in rows.items()
        for sid in found
        if found[sid]["proof"] == UNDECIDED
    ]
    sys.stdout.write(f"wrote {sum(map(len, rows.values()))} rows; still to decide: {undecided or 'none'}\n")


if __name__ == "__main__":
    main()
