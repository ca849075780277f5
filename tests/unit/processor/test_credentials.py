"""AWS clients of the worker find their credentials where they are told, not in the environment."""

import boto3
import pytest

from processor.task.credentials import use_credentials_of


@pytest.fixture(autouse=True)
def default_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


def test_clients_use_the_keys_that_were_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-process")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-process")
    use_credentials_of({"AWS_ACCESS_KEY_ID": "handed", "AWS_SECRET_ACCESS_KEY": "over"})
    assert boto3.DEFAULT_SESSION is not None
    found = boto3.DEFAULT_SESSION.get_credentials()
    assert found is not None
    assert (found.access_key, found.secret_key) == ("handed", "over")


def test_without_any_there_are_none_whatever_the_process_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-process")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-process")
    use_credentials_of({})
    assert boto3.DEFAULT_SESSION is not None
    assert boto3.DEFAULT_SESSION.get_credentials() is None
