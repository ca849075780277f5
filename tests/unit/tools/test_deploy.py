"""The deploy commands: what they check first, what they say is missing, and how they call Pulumi."""

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from artifacts import lambda_package
from artifacts.freshness import PACKAGE_PATH
from artifacts.lambda_package import build_lambda_package
from artifacts.platforms import Architecture
from local.paths import REPOSITORY_ROOT

IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::111122223333:user/deployer</Arn><UserId>AIDA</UserId><Account>111122223333</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
EXPIRED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error>
</ErrorResponse>"""
# Every fake writes down how it was called; what it answers depends on files beside it.
FAKE = """#!/bin/sh
printf '%s\\n' "{name} $*" >> "{calls}"
case "$1 $2" in
  "version "*) /bin/cat "{here}/version" ;;
  "stack ls") /bin/cat "{here}/stacks" ;;
  *) /bin/cat "{here}/answer" ;;
esac
exit "$(/bin/cat "{here}/exit-{name}")"
"""


class _Aws(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        expired = bool(getattr(self.server, "expired", False))
        body, kind = (EXPIRED if expired else IDENTITY).encode(), "text/xml"
        if "ServiceQuotas" in self.headers.get("x-amz-target", ""):
            quota = {"Quota": {"Value": getattr(self.server, "vcpus", 0.0)}}
            body, kind = json.dumps(quota).encode(), "application/x-amz-json-1.1"
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(403 if expired else 200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it
        pass


class _Server(ThreadingHTTPServer):
    expired = False
    vcpus = 4000.0


@dataclass
class Desk:
    """A machine to deploy from: a PATH of fakes, an STS that answers, a checkout with a built package."""

    checkout: Path
    tools: Path
    sts: _Server

    def install(self, name: str, *, exit_code: int = 0) -> None:
        script = self.tools / name
        script.write_text(FAKE.format(name=name, calls=self.tools / "calls", here=self.tools))
        script.chmod(0o755)
        (self.tools / f"exit-{name}").write_text(str(exit_code))

    def run(self, *arguments: str, credentials: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": str(self.tools),
            "PYTHONPATH": str(REPOSITORY_ROOT),
            "HOME": str(self.tools),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{self.sts.server_port}",
            "AWS_ENDPOINT_URL_SERVICE_QUOTAS": f"http://127.0.0.1:{self.sts.server_port}",
        }
        if credentials:
            environment |= {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}
        return subprocess.run(
            [sys.executable, "-m", "tools.deploy", *arguments],
            cwd=self.checkout,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        file = self.tools / "calls"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def pulumi_command(self) -> str | None:
        """The one call that was not a question."""
        questions = ("pulumi version", "pulumi stack ls", "docker version")
        rest = [call for call in self.calls if not call.startswith(questions)]
        assert len(rest) <= 1, rest
        return rest[0] if rest else None

    def configure(self, stack: str, key: str, value: str) -> None:
        file = self.checkout / f"Pulumi.{stack}.yaml"
        text, changed = re.subn(rf"(platform:{key}:).*", rf"\1 {value}", file.read_text())
        assert changed == 1
        file.write_text(text)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own files and the label; third-party files are judged by their pins alone."""
    directory = tmp_path_factory.mktemp("package")
    (directory / "site").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lambda_package, "install_dependencies", lambda *_: directory / "site")
        return build_lambda_package(directory / "package.zip", Architecture.ARM64).path


@pytest.fixture
def desk(tmp_path: Path, package: Path) -> Iterator[Desk]:
    checkout, tools = tmp_path / "checkout", tmp_path / "tools"
    checkout.mkdir()
    tools.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        shutil.copy(REPOSITORY_ROOT / name, checkout / name)
    for name in ("services", "constraints.txt"):
        (checkout / name).symlink_to(REPOSITORY_ROOT / name)
    (checkout / PACKAGE_PATH).parent.mkdir()
    shutil.copy(package, checkout / PACKAGE_PATH)
    (tools / "version").write_text("v3.272.0\n")
    (tools / "stacks").write_text(json.dumps([{"name": "dev", "current": True}, {"name": "team/prod"}]))
    (tools / "answer").write_text('{"api_url": "https://api"}\n')
    with _Server(("127.0.0.1", 0), _Aws) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ready = Desk(checkout, tools, server)
        ready.install("pulumi")
        ready.install("docker")
        yield ready
        server.shutdown()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("preview", "pulumi preview --diff --stack dev"),
        ("deploy", "pulumi up --stack dev"),
        ("refresh", "pulumi refresh --stack dev"),
        ("outputs", "pulumi stack output --json --stack dev"),
        ("destroy", "pulumi destroy --stack dev"),
    ],
)
def test_when_all_is_in_place_pulumi_is_called_for_the_stack(desk: Desk, command: str, expected: str) -> None:
    done = desk.run(command, "--stack", "dev")
    assert done.returncode == 0, done.stderr
    assert desk.pulumi_command == expected


def test_every_check_is_reported_with_what_was_found(desk: Desk) -> None:
    said = desk.run("deploy", "--stack", "dev").stderr
    for found in (
        "v3.272.0",
        "arn:aws:iam::111122223333:user/deployer in account 111122223333, region ap-northeast-1",
        "server v3.272.0",  # the fake docker answers like the fake pulumi
        "build/metadata_api.zip is up to date",
    ):
        assert found in said
    assert "MISSING" not in said


def test_outputs_prints_nothing_but_what_pulumi_prints(desk: Desk) -> None:
    done = desk.run("outputs", "--stack", "dev")
    assert json.loads(done.stdout) == {"api_url": "https://api"}
    assert done.stderr == ""


def test_secret_outputs_are_shown_on_request_only(desk: Desk) -> None:
    desk.run("outputs", "--stack", "dev", "--show-secrets")
    assert desk.pulumi_command == "pulumi stack output --json --stack dev --show-secrets"


@pytest.mark.parametrize("command", ["deploy", "refresh", "destroy"])
def test_unattended_runs_ask_no_questions(desk: Desk, command: str) -> None:
    desk.run(command, "--stack", "dev", "--yes")
    assert (desk.pulumi_command or "").endswith("--stack dev --yes --non-interactive")


def test_the_exit_code_is_pulumis(desk: Desk) -> None:
    script = desk.tools / "pulumi"
    script.write_text(script.read_text().replace("exit ", '[ "$1" = refresh ] && exit 255\nexit '))
    assert desk.run("refresh", "--stack", "dev").returncode == 255


def test_a_missing_pulumi_is_reported_once_with_the_remedy(desk: Desk) -> None:
    (desk.tools / "pulumi").unlink()
    done = desk.run("preview", "--stack", "dev")
    assert done.returncode == 1
    assert done.stderr.count("MISSING") == 1
    assert "pulumi       the command is not on PATH" in done.stderr
    assert "remedy: install the Pulumi CLI" in done.stderr


def test_an_old_pulumi_is_refused(desk: Desk) -> None:
    (desk.tools / "version").write_text("v2.25.2\n")
    done = desk.run("preview", "--stack", "dev")
    assert done.returncode == 1
    assert "version v2.25.2, but the program needs 3" in done.stderr


def test_a_stack_that_the_backend_does_not_know_is_named_with_the_known_ones(desk: Desk) -> None:
    (desk.tools / "stacks").write_text("[]")
    done = desk.run("deploy", "--stack", "dev")
    assert done.returncode == 1
    assert "'dev' is not in the state backend, which has none" in done.stderr
    assert "remedy: pulumi stack init dev" in done.stderr
    assert desk.pulumi_command is None


def test_a_backend_without_login_is_reported_with_pulumis_own_reason(desk: Desk) -> None:
    (desk.tools / "stacks").write_text("error: PULUMI_ACCESS_TOKEN must be set\n")
    desk.install("pulumi")
    script = desk.tools / "pulumi"
    script.write_text(script.read_text().replace("exit ", '[ "$1" = stack ] && exit 1\nexit '))
    done = desk.run("deploy", "--stack", "dev")
    assert done.returncode == 1
    assert "PULUMI_ACCESS_TOKEN must be set" in done.stderr
    assert "remedy: log in to the state backend" in done.stderr


@pytest.mark.parametrize("command", ["preview", "deploy", "refresh", "destroy"])
def test_without_credentials_nothing_is_done(desk: Desk, command: str) -> None:
    done = desk.run(command, "--stack", "dev", credentials=False)
    assert done.returncode == 1
    assert "MISSING  credentials" in done.stderr
    assert "remedy: aws sso login" in done.stderr
    assert desk.pulumi_command is None


def test_expired_credentials_are_told_apart(desk: Desk) -> None:
    desk.sts.expired = True
    done = desk.run("deploy", "--stack", "dev")
    assert done.returncode == 1
    assert "ExpiredToken" in done.stderr


def test_a_docker_that_does_not_answer_stops_a_build(desk: Desk) -> None:
    desk.install("docker", exit_code=1)
    done = desk.run("deploy", "--stack", "dev")
    assert done.returncode == 1
    assert "MISSING  docker" in done.stderr
    assert "set image_uri" in done.stderr


def test_a_ready_image_needs_no_docker(desk: Desk) -> None:
    (desk.tools / "docker").unlink()
    desk.configure("dev", "image_uri", '"registry.example.com/processor:1"')
    done = desk.run("deploy", "--stack", "dev")
    assert done.returncode == 0, done.stderr
    assert "not needed, image_uri is registry.example.com/processor:1" in done.stderr


def test_a_preview_says_when_the_stack_may_want_more_tasks_than_the_account_has(desk: Desk) -> None:
    desk.sts.vcpus = 4.0
    done = desk.run("preview", "--stack", "dev")
    assert done.returncode == 1
    assert "the account has 4, the stack's tasks may want 6" in done.stderr
    assert "pulumi config set max_running_tasks 4" in done.stderr
    assert desk.pulumi_command is None


def test_a_quota_that_nobody_may_read_stops_nothing(desk: Desk) -> None:
    desk.sts.expired = True
    done = desk.run("preview", "--stack", "dev")
    assert "the quota cannot be asked for (ClientError)" in done.stderr


def test_a_refresh_needs_neither_docker_nor_the_package(desk: Desk) -> None:
    (desk.tools / "docker").unlink()
    (desk.checkout / PACKAGE_PATH).unlink()
    assert desk.run("refresh", "--stack", "dev").returncode == 0


def test_a_missing_package_is_reported_with_the_command_that_builds_it(desk: Desk) -> None:
    (desk.checkout / PACKAGE_PATH).unlink()
    done = desk.run("deploy", "--stack", "prod")
    assert done.returncode == 1
    assert "build/metadata_api.zip does not exist" in done.stderr
    assert "remedy: make package STACK=prod" in done.stderr


def test_a_package_for_another_processor_is_not_deployed(desk: Desk) -> None:
    desk.configure("dev", "cpu_architecture", '"x86_64"')
    done = desk.run("deploy", "--stack", "dev")
    assert done.returncode == 1
    assert "was built for arm64" in done.stderr


def test_everything_that_is_missing_is_reported_at_once(desk: Desk) -> None:
    for name in ("pulumi", "docker"):
        (desk.tools / name).unlink()
    (desk.checkout / PACKAGE_PATH).unlink()
    said = desk.run("deploy", "--stack", "dev", credentials=False).stderr
    assert re.findall(r"MISSING +(\w+)", said) == ["pulumi", "credentials", "docker", "package"]
    assert said.count("remedy: ") == 4


def test_a_wrong_configuration_is_refused_before_anything_is_asked(desk: Desk) -> None:
    desk.configure("dev", "cache_nodes", "1")
    done = desk.run("deploy", "--stack", "dev")
    assert done.returncode == 1
    assert "'cache_nodes' is 1, but must be an integer from 2 to 6" in done.stderr
    assert desk.calls == []


def test_a_stack_without_file_is_refused_with_the_known_ones(desk: Desk) -> None:
    done = desk.run("deploy", "--stack", "staging")
    assert done.returncode == 1
    assert "Pulumi.staging.yaml does not exist" in done.stderr
    assert "dev, prod" in done.stderr


@pytest.mark.parametrize("confirm", ["", "dev", "yes", "PROD"])
def test_prod_is_not_destroyed_without_its_name(desk: Desk, confirm: str) -> None:
    done = desk.run("destroy", "--stack", "prod", "--yes", "--confirm", confirm)
    assert done.returncode == 2
    assert desk.calls == []
    for told in (
        "CONFIRM=prod",
        "deletion_protection is true",
        "pulumi config set deletion_protection false --stack prod",
        "final_snapshots is true",
        "videometadata-prod-final",
        "every object in its buckets",
    ):
        assert told in done.stderr, told


def test_prod_is_destroyed_with_its_name(desk: Desk) -> None:
    done = desk.run("destroy", "--stack", "prod", "--confirm", "prod")
    assert done.returncode == 0, done.stderr
    assert desk.pulumi_command == "pulumi destroy --stack prod"


def test_prod_stays_guarded_when_its_protection_is_off(desk: Desk) -> None:
    desk.configure("prod", "deletion_protection", "false")
    done = desk.run("destroy", "--stack", "prod")
    assert done.returncode == 2
    assert "deletion_protection is false" in done.stderr


def test_any_protected_stack_is_guarded(desk: Desk) -> None:
    desk.configure("dev", "deletion_protection", "true")
    assert desk.run("destroy", "--stack", "dev").returncode == 2


@pytest.mark.parametrize("target", ["preview", "deploy", "refresh", "outputs", "destroy"])
def test_every_command_has_a_target_that_passes_its_options_on(target: str) -> None:
    options = ["STACK=prod", "CONFIRM=prod", "YES=1", "SECRETS=1", "--old-file=setup", "--dry-run"]
    done = subprocess.run(
        ["make", "--no-print-directory", target, *options],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    command = done.stdout.splitlines()[-1]
    assert command.endswith(
        f'-m tools.deploy --stack "prod" --confirm "prod" --yes --show-secrets {target}'
    ), command
