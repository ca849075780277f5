from typing import Any

import pytest

from ledger.errors import SettingsError
from runtime.database import SecretCredentials


class FakeSecrets:
    def __init__(self, text: str) -> None:
        self.text = text
        self.reads = 0

    def get_secret_value(self, **_arguments: Any) -> dict[str, str]:
        self.reads += 1
        return {"SecretString": self.text}


def credentials(client: FakeSecrets) -> SecretCredentials:
    return SecretCredentials("arn:secret", client)  # type: ignore[arg-type]


def test_the_secret_is_read_once_until_it_is_asked_for_anew() -> None:
    client = FakeSecrets('{"username": "app", "password": "one", "engine": "postgres"}')
    source = credentials(client)
    assert source.current().password == source.current().password == "one"
    assert client.reads == 1

    client.text = '{"username": "app", "password": "two"}'
    assert source.refreshed().password == "two"
    assert source.current().password == "two"
    assert client.reads == 2


@pytest.mark.parametrize("text", ["hunter2", "[]", '"hunter2"', '{"username": "app", "pass": "hunter2"}'])
def test_a_secret_of_another_shape_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        credentials(FakeSecrets(text)).current()

    assert "arn:secret" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
