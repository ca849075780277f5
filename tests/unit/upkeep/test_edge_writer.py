"""What the writer of the edge's store makes of messages, whatever their order."""

import itertools
import json

import pytest

from upkeep.edge import Ruling, ruled, told

ENTRY = f"video.{'a' * 32}"
DENY = Ruling(entry=ENTRY, ruling="deny", since=10.0, until=100)
ALLOW = Ruling(entry=ENTRY, ruling="allow", since=20.0, until=110)


def test_the_later_ruling_wins_in_whatever_order_they_come() -> None:
    for order in itertools.permutations([DENY, ALLOW]):
        found: dict[str, str] = {}
        for ruling in order:
            found |= ruled(found, [ruling], now=30).puts
        assert found == {ENTRY: "allow 20.000000 110"}
        assert ruled({}, order, now=30).puts == found


def test_an_entry_goes_when_no_link_of_before_can_work() -> None:
    found = {ENTRY: DENY.value, "key.1": "a key"}

    assert list(ruled(found, [], now=99).deletes) == []
    assert list(ruled(found, [], now=100).deletes) == [ENTRY]


@pytest.mark.parametrize("key", ["a key", "deny", "deny 1 2", "allow 1 2 3"])
def test_a_key_is_never_taken_for_a_ruling(key: str) -> None:
    assert list(ruled({"key.1": key}, [], now=1e12).deletes) == []


def test_only_keys_that_the_edge_does_not_know_are_told() -> None:
    assert told({"key.1": "a", "key.2": "old"}, {"1": "a", "2": "b"}).puts == {"key.2": "b"}
    assert told({"key.1": "a", "key.0": "before"}, {"1": "a"}).deletes == ()


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"entry": "key.1", "ruling": "deny", "since": 1, "until": 2}),
        json.dumps({"entry": ENTRY, "ruling": "burn", "since": 1, "until": 2}),
        json.dumps({"entry": ENTRY, "ruling": "deny", "since": "x", "until": 2}),
    ],
)
def test_a_message_of_another_kind_is_refused(message: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Ruling.from_json(message)


def test_a_message_says_all_that_is_written() -> None:
    message = {"entry": ENTRY, "ruling": "deny", "since": 10.0, "until": 100}

    assert Ruling.from_json(json.dumps(message)) == DENY
    assert DENY.value == "deny 10.000000 100"
