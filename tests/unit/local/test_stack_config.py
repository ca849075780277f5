"""A stack's configuration as the Pulumi CLI would read it."""

import shutil
from pathlib import Path

import pytest
import yaml

from local.paths import REPOSITORY_ROOT
from local.program_errors import ConfigurationError
from local.stack_config import StackSettings, load_stack_settings
from tests.stack_files import ENGINE_KEYS, as_the_cli_writes


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


def test_a_scalar_counts_as_it_is_written_quoted_or_not(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "config: {n: {type: integer}, b: {type: boolean}, v: {type: string}, e: {type: string}}\n",
        "config: {tiny:n: '7', tiny:b: 'false', tiny:v: 16.10, tiny:e: }\n",
    )

    assert settings.values == {"tiny:n": "7", "tiny:b": "false", "tiny:v": "16.10", "tiny:e": ""}


def test_what_the_engine_keeps_in_the_file_for_itself_is_passed_over(tmp_path: Path) -> None:
    engines = yaml.safe_dump(ENGINE_KEYS)
    settings = load(tmp_path, "", f"{engines}config: {{tiny:number: 7}}\n")

    assert settings.values == {"tiny:number": "7"}


def test_encrypted_values_become_stand_ins_and_are_marked_secret(tmp_path: Path) -> None:
    settings = load(tmp_path, "", "config: {tiny:token: {secure: v1:x}, open: text}\n")

    assert settings.values["tiny:token"] == "stand-in for tiny:token"
    assert settings.secret_keys == ("tiny:token",)


def test_a_stand_in_is_asked_for_what_is_encrypted_only(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {tiny:open: text, tiny:token: {secure: v1:x}}\n")
    asked: list[str] = []

    load_stack_settings(tmp_path, "dev", lambda key: asked.append(key) or key)  # type: ignore[func-returns-value]

    assert asked == ["tiny:token"]


def test_an_encrypted_value_of_a_declared_type_is_its_default_and_in_a_list_a_stand_in(
    tmp_path: Path,
) -> None:
    settings = load(
        tmp_path,
        "config: {size: {type: integer, default: 3}, who: {type: array, items: {type: string}}}\n",
        "config: {tiny:size: {secure: v1:x}, tiny:who: [a, {secure: v1:y}, {secure: v1:z}]}\n",
    )

    assert settings.values == {"tiny:size": "3", "tiny:who": '["a", "stand-in for tiny:who"]'}
    assert settings.secret_keys == ("tiny:size", "tiny:who")


def test_the_program_takes_what_stands_for_its_own_encrypted_values(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY_ROOT / "Pulumi.yaml", tmp_path)
    secure = {"secure": "v1:x"}
    config = {"owner": secure, "notification_emails": [secure, secure], "cache_nodes": secure}
    (tmp_path / "Pulumi.dev.yaml").write_text(
        as_the_cli_writes({f"video-platform:{key}": value for key, value in config.items()})
    )

    found = load_stack_settings(tmp_path, "dev", str.upper).parsed()

    assert found.notifications.notification_emails == ("ops@example.com",)
    assert found.owner == "media-team"


def test_the_keys_of_providers_keep_their_own_prefix(tmp_path: Path) -> None:
    settings = load(tmp_path, "config: {aws:region: {value: eu-west-1}}\n", "config: {}\n")

    assert settings.get("aws:region", "none") == "eu-west-1"
    assert settings.get("aws:profile", "none") == "none"


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("integer", "text"),
        ("integer", "true"),
        ("integer", "7.0"),
        ("integer", "1_000"),
        ("boolean", "1"),
        ("boolean", "yes"),
        ("array", "text"),
        ("array", "'[\"text\"]'"),
        ("array", "[+81312345678]"),
        ("array", "{secure: v1:x}"),
        ("string", "[text]"),
    ],
)
def test_a_value_that_the_engine_would_refuse_for_its_type_is_refused(
    tmp_path: Path, declared: str, value: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"'tiny:key'.*declares {declared}. Run: pulumi config set"):
        load(tmp_path, f"config: {{key: {{type: {declared}}}}}\n", f"config: {{key: {value}}}\n")


def test_all_wrong_keys_are_told_at_once_with_the_command_for_each(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(
            tmp_path,
            "config: {a: {type: integer}, b: {type: array}, c: {type: string}}\n",
            "config: {tiny:a: x, tiny:c: fine}\n",
        )

    wrong, missing = str(caught.value).splitlines()
    assert wrong.startswith("Pulumi.dev.yaml sets 'tiny:a' to 'x', but Pulumi.yaml declares integer. Run: ")
    assert wrong.endswith("pulumi config set tiny:a <value> --stack dev")
    assert missing.startswith("Pulumi.dev.yaml has no value for 'tiny:b'. Run: ")
    assert missing.endswith("pulumi config set --path 'tiny:b[0]' --type string <value> --stack dev")


def test_a_declared_type_that_pulumi_does_not_allow_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"'number'.*string, integer, boolean, array"):
        load(tmp_path, "config: {key: {type: number, default: 1}}\n", "config: {}\n")


def test_a_stack_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not a mapping"):
        load(tmp_path, "", "- one\n- two\n")
