"""What the lifecycle policy of the image repository takes away, as ECR's guide says that it is evaluated.

"Lifecycle policy evaluation rules" and "Lifecycle policy properties" in the ECR User Guide: rules go by
their order; an image that fits the tag status of a rule is not expired by a later one, but counted by it; a
manifest that an index refers to is not expired before the index.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.synthesised import STACKS, one, synthesised

Rules = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Stored:
    """One object of a repository: the index of a push, which has the tag, or a manifest."""

    push: int
    age_days: float
    tagged: bool
    index_of_push_refers_to_it: bool = False


def pushed(number: int, *, days_apart: float = 0.0) -> list[Stored]:
    """The objects of this many pushes with attestations, newest first; push 1 is the newest."""
    return [
        stored
        for push in range(1, number + 1)
        for stored in (
            Stored(push, (push - 1) * days_apart, tagged=True),
            Stored(push, (push - 1) * days_apart, tagged=False, index_of_push_refers_to_it=True),
            Stored(push, (push - 1) * days_apart, tagged=False, index_of_push_refers_to_it=True),
        )
    ]


def given_up(number: int) -> list[Stored]:
    """What pushes leave that broke off before their index: newer than every whole push."""
    return [Stored(0, 0.0, tagged=False) for _ in range(number)]


def expired(rules: Rules, objects: Sequence[Stored]) -> list[Stored]:
    """What goes at one evaluation; the objects are sorted, newest first."""
    gone: list[Stored] = []
    claimed: set[int] = set()
    for rule in rules:
        fits = [n for n, item in enumerate(objects) if rule["tagStatus"] == "any" or not item.tagged]
        if "maximumAgeLimit" in rule:
            chosen = [n for n in fits if objects[n].age_days > rule["maximumAgeLimit"]]
        else:
            chosen = fits[int(rule["maximumNumberOfImages"]) :]
        gone += [objects[n] for n in chosen if n not in claimed]
        claimed.update(fits)
    indexes = {item.push for item in objects if item.tagged}
    return [item for item in gone if not (item.index_of_push_refers_to_it and item.push in indexes)]


def youngest_lost(rules: Rules, objects: Sequence[Stored]) -> int | None:
    """Which of the last pushes can no longer be pulled whole; 1 is the newest."""
    return min((item.push for item in expired(rules, objects) if item.push), default=None)


@pytest.fixture(params=STACKS)
def rules(request: pytest.FixtureRequest) -> Rules:
    repository = one(synthesised(request.param), "processing-repository")
    rules: Rules = repository.inputs["lifecyclePolicy"]["rules"]
    assert [rule["tagStatus"] for rule in rules][-1] == "any"
    return rules


@pytest.mark.parametrize("days_apart", [0.0, 0.1, 30.0])
def test_the_youngest_image_that_can_be_lost_is_the_one_of_the_21st_last_push(
    rules: Rules, days_apart: float
) -> None:
    assert youngest_lost(rules, pushed(20, days_apart=days_apart)) is None
    assert youngest_lost(rules, pushed(40, days_apart=days_apart)) == 21


def test_pushes_that_broke_off_take_the_place_of_whole_ones_for_a_week_only(rules: Rules) -> None:
    assert youngest_lost(rules, [*given_up(6), *pushed(40)]) == 19
    after_a_week = [Stored(item.push, 8.0, tagged=item.tagged) for item in given_up(6)]
    assert expired(rules, after_a_week) == after_a_week


def test_manifests_go_once_their_index_has_gone(rules: Rules) -> None:
    left = [item for item in pushed(1, days_apart=1) if not item.tagged]
    old = [Stored(item.push, 8.0, tagged=False, index_of_push_refers_to_it=True) for item in left]
    assert expired(rules, old) == old
