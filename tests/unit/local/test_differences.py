"""The page that lists how local mode differs from AWS is complete."""

from pathlib import Path

import pytest

import local.apply  # noqa: F401 - registers every handler
from local.apply.left_out import LEFT_OUT, STAND_INS
from local.apply.modelled_types import MODELLED_TYPES
from local.apply.registry import supported_types
from local.paths import REPOSITORY_ROOT

PAGE = REPOSITORY_ROOT / "docs" / "local-mode.md"


@pytest.fixture(scope="module")
def text() -> str:
    return Path(PAGE).read_text(encoding="utf-8")


@pytest.mark.parametrize("type_", sorted(MODELLED_TYPES | STAND_INS))
def test_the_page_names_every_type_that_is_not_created_in_the_emulator(text: str, type_: str) -> None:
    assert f"`{type_}`" in text


def test_inputs_are_left_out_of_known_types_only_and_with_a_reason() -> None:
    assert LEFT_OUT.keys() <= supported_types()
    assert all(reason for inputs in LEFT_OUT.values() for reason in inputs.values())
