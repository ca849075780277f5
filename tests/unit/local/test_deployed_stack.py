"""Commands for a deployed stack: its address from Pulumi's outputs, its key from the environment or AWS."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from local.addresses import KEY_VARIABLE, address_of
from local.cli.parser import run
from local.errors import LocalModeError

PLAIN = {"state_machine_arn": "arn:aws:states:eu-west-1:1:stateMachine:m", "ingest_bucket": "in"}
KEY_VIEW = {
    "key_id": "k1", "client": "studio", "name": "Cutting room", "scope": "producer", "state": "active",
    "deployed": False, "created_at": "2026-11-28T05:00:00.000Z",
}  # fmt: skip
FAKE = """#!/bin/sh
echo "$*" >> "{here}/calls"
case "$*" in *--show-secrets*) /bin/cat "{here}/all" ;; *) /bin/cat "{here}/plain" ;; esac
echo "no stack named that" >&2
exit "$(/bin/cat "{here}/exit")"
"""


@dataclass
class Deployed:
    """A stack as Pulumi and AWS know it: outputs, an API, API Gateway's control plane."""

    here: Path
    url: str
    seen: list[tuple[str, str, str]]
    answers: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)

    def outputs(self, **more: str) -> None:
        plain = PLAIN | {"api_url": f"{self.url}/v1", "api_key_id": "[secret]"} | more
        (self.here / "plain").write_text(json.dumps(plain))
        (self.here / "all").write_text(json.dumps(plain | {"api_key_id": "gw1"}))

    def asked_pulumi(self) -> list[str]:
        return (self.here / "calls").read_text().splitlines()


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    made = Deployed(tmp_path, "", [])

    class Api(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            path = self.path.partition("?")[0]
            self.rfile.read(int(self.headers.get("content-length") or 0))
            made.seen.append((self.command, self.path, self.headers.get("x-api-key", "")))
            status, document = made.answers.get((self.command, path), (404, {"detail": "no such path"}))
            body = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _handle  # noqa: N815 -- the base class looks for these names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    made.outputs()
    (tmp_path / "exit").write_text("0")
    program = tmp_path / "pulumi"
    program.write_text(FAKE.format(here=tmp_path))
    program.chmod(0o755)
    for name, value in {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "AWS_ENDPOINT_URL": made.url,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    yield made
    server.shutdown()
    server.server_close()


def test_the_key_of_the_environment_is_used_and_no_secret_is_asked_for(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "mine")

    address = address_of("dev", "team/prod")

    assert (address.url, address.key, address.deployed) == (f"{deployed.url}/v1", "mine", "team/prod")
    assert deployed.asked_pulumi() == ["stack output --json --non-interactive --stack team/prod"]
    assert "mine" not in repr(address)


def test_without_one_the_deployments_key_is_read_at_api_gateway(deployed: Deployed) -> None:
    deployed.answers["GET", "/apikeys/gw1"] = (200, {"id": "gw1", "value": "theirs"})

    assert address_of("dev", "prod").key == "theirs"
    assert deployed.seen == [("GET", "/apikeys/gw1?includeValue=true", "")]


def test_a_domain_of_its_own_is_the_address(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "mine")
    deployed.outputs(api_domain_url="https://api.video.example.com")

    assert address_of("dev", "prod").url == "https://api.video.example.com"


def test_a_key_that_cannot_be_read_is_told_with_the_other_way(deployed: Deployed) -> None:
    deployed.answers["GET", "/apikeys/gw1"] = (403, {"message": "no"})

    with pytest.raises(LocalModeError, match="cannot be read") as refused:
        address_of("dev", "prod")
    assert KEY_VARIABLE in refused.value.remedy


def test_what_pulumi_says_is_told(deployed: Deployed) -> None:
    (deployed.here / "exit").write_text("255")

    with pytest.raises(LocalModeError, match="no stack named that"):
        address_of("dev", "none")


def test_without_pulumi_the_remedy_is_to_install_it(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert run(["watch", "j1", "--deployed", "prod", "--json"]) == 3
    assert "pulumi.com/docs/install" in json.loads(capsys.readouterr().out)["error"]["remedy"]


def test_a_stack_that_was_never_deployed_is_told(deployed: Deployed) -> None:
    (deployed.here / "plain").write_text("{}")

    with pytest.raises(LocalModeError, match="no output api_url"):
        address_of("dev", "prod")


@pytest.mark.parametrize(
    ("command", "call", "answer", "expected"),
    [
        (["keys"], ("GET", "/v1/keys"), (200, {"items": [KEY_VIEW]}), {"keys": [KEY_VIEW]}),
        (
            ["keys", "make", "--client", "studio", "--name", "Cutting room", "--scope", "producer"],
            ("POST", "/v1/keys"),
            (201, {"key": KEY_VIEW, "value": "shown-once"}),
            {"key": KEY_VIEW, "value": "shown-once"},
        ),
        (["keys", "revoke", "k1"], ("DELETE", "/v1/keys/k1"), (204, None), {"revoked": "k1"}),
        (
            ["redrive", "ingest"],
            ("POST", "/v1/dead-letters/ingest/redrive"),
            (200, {"queue": "ingest", "moved": 1, "waiting": 0}),
            {"queues": [{"queue": "ingest", "moved": 1, "waiting": 0}]},
        ),
    ],
)
def test_a_command_for_a_deployed_stack_asks_its_api_with_its_key(
    deployed: Deployed,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    call: tuple[str, str],
    answer: tuple[int, Any],
    expected: Any,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "mine")
    deployed.answers[call] = answer

    assert run([*command, "--deployed", "prod", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == expected
    assert deployed.seen == [(*call, "mine")]


@pytest.mark.parametrize(
    ("status", "word", "exit_code"), [(200, "ok", 0), (200, "degraded", 0), (503, "unavailable", 6)]
)
def test_the_status_of_a_deployed_stack_is_its_health(
    deployed: Deployed,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: int,
    word: str,
    exit_code: int,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "mine")
    health = {"status": word, "degraded": [], "checks": {"database": {"status": "ok", "latency_ms": 1.0}}}
    deployed.answers["GET", "/v1/health"] = (status, health)

    assert run(["status", "--deployed", "prod", "--json"]) == exit_code
    document = json.loads(capsys.readouterr().out)
    assert (document["health"], document["exports"]["ingest_bucket"]) == (health, "in")
    assert "mine" not in json.dumps(document)


def test_the_value_of_a_key_is_shown_to_people_in_one_piece(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "mine")
    value = "[" + "v" * 118 + "]"
    deployed.answers["POST", "/v1/keys"] = (201, {"key": KEY_VIEW, "value": value})

    make = ["keys", "make", "--client", "studio", "--name", "x", "--scope", "viewer", "--deployed", "prod"]
    assert run(make) == 0
    assert value in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("command", "missing"),
    [(["make", "--client", "a"], "--name, --scope"), (["revoke"], "KEY_ID")],
)
def test_a_key_command_without_what_it_needs_asks_nobody(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], command: list[str], missing: str
) -> None:
    assert run(["keys", *command, "--deployed", "prod", "--json"]) == 1
    assert missing in json.loads(capsys.readouterr().out)["error"]["message"]
    assert not (deployed.here / "calls").exists()


def test_a_stack_of_this_machine_and_a_deployed_one_are_not_asked_for_together(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        run(["watch", "j", "--stack", "prod", "--deployed", "prod"])
    assert "not allowed with" in capsys.readouterr().err
