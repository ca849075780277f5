"""The signing keys as a warm environment sees them while somebody rotates them."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from ledger.errors import SettingsError
from metadata_api.environment.signing_keys import ASK_AGAIN_SECONDS, REFRESH_SECONDS, SigningKeys
from tests.ledger_support import client_error


@dataclass
class Secret:
    """Secrets Manager with one secret, and a clock."""

    content: Any = field(default_factory=lambda: told("1"))
    now: float = 1000.0
    read: int = 0
    error: Exception | None = None

    def get_secret_value(self, **_: str) -> dict[str, str]:
        self.read += 1
        if self.error:
            raise self.error
        return {"SecretString": json.dumps(self.content)}

    def keys(self) -> SigningKeys:
        return SigningKeys("arn:signing", self, lambda: self.now)  # type: ignore[arg-type]


def told(current: str, previous: str | None = None) -> dict[str, Any]:
    def key(name: str) -> dict[str, str]:
        return {"id": name, "key": f"secret {name}"}

    return {"current": key(current), "previous": key(previous) if previous else None}


def test_a_key_that_others_seal_with_already_is_read_at_its_first_sight() -> None:
    secret = Secret()
    keys = secret.keys()
    assert keys.current().id == "1"
    secret.content, secret.now = told("2", "1"), secret.now + ASK_AGAIN_SECONDS

    found = keys.find("2")

    assert found is not None
    assert (found.secret, keys.current().id, secret.read) == ("secret 2", "2", 2)
    assert keys.find("1") is not None


def test_made_up_ids_do_not_read_the_secret_each_time() -> None:
    secret = Secret()
    keys = secret.keys()

    assert [keys.find(name) for name in ("7", "8", "", "x" * 200, "a b")] == [None] * 5

    assert secret.read == 1


def test_a_retired_key_and_an_old_current_one_are_given_up_in_time() -> None:
    secret = Secret(content=told("2", "1"))
    keys = secret.keys()
    assert keys.find("1") is not None
    secret.content, secret.now = told("3", "2"), secret.now + REFRESH_SECONDS

    assert keys.find("1") is None
    assert keys.current().id == "3"


def test_what_is_known_goes_on_while_secrets_manager_is_away() -> None:
    secret = Secret()
    keys = secret.keys()
    keys.current()
    secret.error, secret.now = client_error("ThrottlingException"), secret.now + REFRESH_SECONDS

    assert [keys.current().id, keys.current().id] == ["1", "1"]

    assert secret.read == 2


@pytest.mark.parametrize(
    "content", [{}, [], {"current": {"id": "1.2", "key": "k"}}, {"current": {"id": "1", "key": ""}}]
)
def test_a_secret_of_another_form_is_refused_without_being_quoted(content: Any) -> None:
    with pytest.raises(SettingsError, match="current and previous") as refused:
        Secret(content=content).keys().current()

    assert refused.value.__cause__ is None
