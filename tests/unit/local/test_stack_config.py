"""A stack's configuration as the Pulumi CLI would read it."""

from pathlib import Path

import pytest

from local.program_errors import ConfigurationError
from local.stack_config import StackSettings, load_stack_settings


def load(directory: Path, project: str, stack: str) -> StackSettings:
    (directory / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n" + project)
    (directory / "Pulumi.dev.yaml").write_text(stack)
    return load_stack_settings(directory, "dev", lambda key: f"stand-in for {key}")


def test_defaults_apply_where_the_stack_says_nothing(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "config: {size: {type: integer, default: 3}, name: {type: string, default: a}}\n",
        "config: {tiny:size: 5}\n",
    )

    assert settings.values == {"tiny:name": "a", "tiny:size": "5"}


def test_values_that_are_no_text_are_encoded_as_json(tmp_path: Path) -> None:
    settings = load(tmp_path, "", "config: {list: [1, a], flag: true, tiny:number: 7}\n")

    assert settings.values == {"tiny:list": '[1, "a"]', "tiny:flag": "true", "tiny:number": "7"}


def test_encrypted_values_become_stand_ins_and_are_marked_secret(tmp_path: Path) -> None:
    settings = load(tmp_path, "", "config: {tiny:token: {secure: v1:x}, open: text}\n")

    assert settings.values["tiny:token"] == "stand-in for tiny:token"
    assert settings.secret_keys == ("tiny:token",)


def test_the_keys_of_providers_keep_their_own_prefix(tmp_path: Path) -> None:
    settings = load(tmp_path, "config: {aws:region: {value: eu-west-1}}\n", "config: {}\n")

    assert settings.get("aws:region", "none") == "eu-west-1"
    assert settings.get("aws:profile", "none") == "none"


@pytest.mark.parametrize(
    ("declared", "value"),
    [("integer", "text"), ("integer", "true"), ("boolean", "1"), ("string", "5"), ("array", "text")],
)
def test_a_value_of_another_type_than_declared_is_refused(tmp_path: Path, declared: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"'tiny:key'.*{declared}"):
        load(tmp_path, f"config: {{key: {{type: {declared}}}}}\n", f"config: {{key: {value}}}\n")


def test_a_declared_type_that_pulumi_does_not_allow_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"'number'.*string, integer, boolean, array"):
        load(tmp_path, "config: {key: {type: number, default: 1}}\n", "config: {}\n")


def test_a_stack_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not a mapping"):
        load(tmp_path, "", "- one\n- two\n")
