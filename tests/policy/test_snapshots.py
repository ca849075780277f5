"""The infrastructure in git is the infrastructure that the program describes."""

import difflib

import pytest

from tests.policy.snapshots import path_of, render, snapshot
from tests.policy.stack import stack_of
from tests.synthesised import STACKS


@pytest.mark.parametrize("stack", STACKS)
def test_a_snapshot_shows_what_the_program_describes(stack: str) -> None:
    kept = path_of(stack).read_text(encoding="utf-8").splitlines()
    difference = list(
        difflib.unified_diff(kept, render(stack).splitlines(), "in git", "described", lineterm="", n=1)
    )
    assert not difference, "review, then run `make snapshots`:\n" + "\n".join(difference[:60])


@pytest.mark.parametrize("stack", STACKS)
def test_a_snapshot_holds_every_resource_and_no_secret(stack: str) -> None:
    shown = snapshot(stack)
    assert sum(map(len, shown.values())) == len(stack_of(stack).resources) > 190
    text = path_of(stack).read_text(encoding="utf-8")
    passwords = [
        item.outputs["result"] for item in stack_of(stack).of("random:index/randomPassword:RandomPassword")
    ]
    assert passwords
    assert not [password for password in passwords if password in text]
