"""How packages are sorted, and which arrows follow from others."""

from tools.architecture.imports import REPOSITORY_ROOT, contracts, levels, not_implied

DIAMOND = {("top", "left"), ("top", "right"), ("left", "bottom"), ("right", "bottom"), ("top", "bottom")}


def test_an_arrow_that_others_imply_is_left_out() -> None:
    assert not_implied(DIAMOND) == DIAMOND - {("top", "bottom")}


def test_a_package_stands_above_all_that_it_imports() -> None:
    assert levels(["bottom", "left", "right", "top"], DIAMOND) == (("top",), ("left", "right"), ("bottom",))


def test_the_contracts_give_layers_rooms_and_exceptions() -> None:
    rules = contracts(REPOSITORY_ROOT)
    services = [name for layer in rules.services for name in layer]
    assert set(services) <= set(rules.packages)
    assert {"bench", "tests"}.isdisjoint(rules.packages)
    assert {"media", "processor", "metadata_api", "ledger"} == set(rules.rooms)
    assert ("media", "ledger") in rules.forbidden
    assert ("runtime.dispatch", "psycopg") in rules.excepted
