"""What a policy rule is, how it is evaluated, and the short forms in which tables of rules are written."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.policy.stack import Resource, Stack

Inputs = dict[str, Any]
Change = Callable[[Inputs], None]
Test = Callable[[Resource, Stack], bool]


@dataclass(frozen=True, slots=True)
class Defect:
    """A change to every resource of one type that must make the rule fire; no change removes them."""

    type: str
    change: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One requirement on all resources of a type.

    Attributes:
        ids: ids in Security Hub, checkov (CKV) and cdk-nag; the first one names the rule in waivers.
        type: type token of the resources it is about.
        says: the requirement in words, true of a good resource.
        holds: whether a resource meets it.
        defect: the negative fixture: with it, no resource may pass.
        applies: leaves out resources that the rule is not about.
    """

    ids: tuple[str, ...]
    type: str
    says: str
    holds: Test
    defect: Defect
    applies: Test = lambda _resource, _stack: True

    @property
    def id(self) -> str:
        """The id that waivers name."""
        return self.ids[0]

    def about(self, stack: Stack) -> list[Resource]:
        """Give the resources that the rule is about."""
        return [resource for resource in stack.of(self.type) if self.applies(resource, stack)]

    def findings(self, stack: Stack) -> list[Resource]:
        """Give the resources that break the rule."""
        return [resource for resource in self.about(stack) if not self.holds(resource, stack)]


def setting(path: str, value: Any) -> Change:
    """Make a change that sets the input at a dotted path."""

    def change(inputs: Inputs) -> None:
        *parents, last = path.split(".")
        target: Any = inputs
        for part in parents:
            target = target[int(part)] if isinstance(target, list) else target.setdefault(part, {})
        target[last] = value

    return change


def in_json(key: str, change: Callable[[Any], None]) -> Change:
    """Make a change inside an input that is JSON text."""

    def changed(inputs: Inputs) -> None:
        document = json.loads(inputs[key])
        change(document)
        inputs[key] = json.dumps(document)

    return changed


def equal(ids: Sequence[str], token: str, path: str, value: Any, bad: Any, says: str) -> Rule:
    """Require one input to have one value."""
    return Rule(
        ids=tuple(ids),
        type=token,
        says=says,
        holds=lambda resource, _stack: bool(resource.at(path) == value),
        defect=Defect(token, setting(path, bad)),
    )


def given(ids: Sequence[str], token: str, path: str, says: str) -> Rule:
    """Require one input to be there and not empty."""
    return Rule(
        ids=tuple(ids),
        type=token,
        says=says,
        holds=lambda resource, _stack: bool(resource.at(path)),
        defect=Defect(token, setting(path, None)),
    )


def where(
    ids: Sequence[str], token: str, path: str, test: Callable[[Any], bool], bad: Any, says: str
) -> Rule:
    """Require one input to pass a test."""
    return Rule(
        ids=tuple(ids),
        type=token,
        says=says,
        holds=lambda resource, _stack: test(resource.at(path)),
        defect=Defect(token, setting(path, bad)),
    )


def companion(
    ids: Sequence[str],
    token: str,
    other: str,
    key: str,
    says: str,
    *,
    test: Callable[[Resource], bool] = lambda _other: True,
    change: Change | None = None,
) -> Rule:
    """Require a second resource that names the first one in ``key`` and passes a test."""
    return Rule(
        ids=tuple(ids),
        type=token,
        says=says,
        holds=lambda resource, stack: any(test(found) for found in stack.naming(other, key, resource)),
        defect=Defect(other, change),
    )
