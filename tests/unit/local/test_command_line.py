"""The command line explains itself and its errors, to people and to machines."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local.cli.parser import build_parser, run
from local.paths import DATA_DIR_VARIABLE
from local.state import Phase, PlatformState, save_state
from local.supervisor import Supervisor


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        *("up", "down", "status", "submit f", "watch j", "plan f", "logs", "mail", "redrive", "keys", "env"),
        *("reset", "synth", "demo"),
    ],
)
def test_every_command_takes_stack_and_json(arguments: str) -> None:
    parsed = build_parser().parse_args([*arguments.split(), "--stack", "prod", "--json"])
    assert (parsed.stack, parsed.json) == ("prod", True)


def test_an_unknown_stack_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["up", "--stack", "staging"])
    assert ended.value.code == 2
    assert "'dev', 'prod'" in capsys.readouterr().err


def test_status_of_a_platform_that_never_ran_is_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "--json"]) == 6
    document = json.loads(capsys.readouterr().out)
    assert document["phase"] == "stopped"
    assert document["processes"] == []


def test_status_of_a_stopped_platform_shows_no_address_of_its_last_run(
    capsys: pytest.CaptureFixture[str], own_data: Path
) -> None:
    last = PlatformState("dev", Phase.READY, emulator_url="http://127.0.0.1:4566", api_key="key-of-last-run")
    save_state(own_data / "dev" / "state.json", last)

    assert run(["status"]) == 6

    shown = capsys.readouterr().out
    assert "4566" not in shown
    assert "key-of-last-run" not in shown
    assert str(own_data / "dev") in shown
    assert "python -m local up" in shown


@pytest.mark.parametrize("lines", ["0", "-5", "many"])
def test_a_number_of_lines_that_shows_none_is_refused(capsys: pytest.CaptureFixture[str], lines: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["logs", "platform", f"--lines={lines}"])
    assert ended.value.code == 2
    assert "must be a whole number from 1" in capsys.readouterr().err


def test_submitting_a_missing_file_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["submit", "/no/such/file.mp4"]) == 1
    assert "/no/such/file.mp4 is no file" in capsys.readouterr().err.replace("\n", " ")


def test_an_error_for_machines_is_json_with_remedy_and_exit_code(
    capsys: pytest.CaptureFixture[str], own_data: Path
) -> None:
    clip = own_data / "clip.mp4"
    clip.touch()
    assert run(["submit", str(clip), "--json"]) == 6
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["exit_code"] == 6
    assert "python -m local up" in error["remedy"]


def test_reset_without_an_answer_deletes_nothing(capsys: pytest.CaptureFixture[str], own_data: Path) -> None:
    kept = own_data / "dev" / "kept"
    kept.parent.mkdir()
    kept.touch()
    assert run(["reset", "--json"]) == 1
    assert kept.exists()
    assert run(["reset", "--yes", "--json"]) == 0
    assert not kept.parent.exists()


def test_mail_and_logs_of_a_new_platform_are_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["mail", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"mail": []}
    assert run(["logs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"logs": []}


@pytest.mark.parametrize("ca_path", ["", "/data/it's here/ca.pem"])
def test_the_environment_can_be_evaluated_by_a_shell(
    capsys: pytest.CaptureFixture[str], own_data: Path, monkeypatch: pytest.MonkeyPatch, ca_path: str
) -> None:
    state = PlatformState(
        "dev", Phase.READY, emulator_url="http://127.0.0.1:4566", region="eu-west-1", ca_path=ca_path
    )
    monkeypatch.setattr(Supervisor, "running_state", lambda _: state)

    assert run(["env", "--json"]) == 0
    variables = json.loads(capsys.readouterr().out)
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert variables.get("AWS_CA_BUNDLE", "") == ca_path
    assert run(["env"]) == 0
    script = capsys.readouterr().out + "/usr/bin/env"
    done = subprocess.run(
        ["/bin/sh", "-c", script], env={"AWS_SESSION_TOKEN": "x"}, capture_output=True, text=True, check=True
    )
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("AWS_"))
    assert seen == variables


def test_the_environment_of_a_platform_that_does_not_run_is_an_error() -> None:
    assert run(["env", "--json"]) == 6


def test_commands_load_neither_the_database_driver_nor_pulumi_before_they_need_them() -> None:
    program = "import sys, local.cli.stack_commands; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"psycopg", "cryptography", "boto3", "pulumi"} & set(done.stdout.split())
