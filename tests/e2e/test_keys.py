"""API keys on a whole platform, by the commands that work for a deployed stack as well."""

import json
import os
import subprocess
from pathlib import Path

import boto3
import pytest

from tests.platform_client import Platform, run_local


def said(done: "subprocess.CompletedProcess[str]") -> dict[str, object]:
    assert done.returncode == 0, done.stdout + done.stderr
    document: dict[str, object] = json.loads(done.stdout)
    return document


def test_a_key_opens_the_api_from_its_making_to_its_revoking(platform: Platform) -> None:
    options = ["--client", "studio-7", "--name", "Cutting room", "--scope", "producer"]
    made = said(platform.local("keys", "make", *options, "--json"))
    key, value = made["key"], str(made["value"])
    assert isinstance(key, dict)
    assert platform.api("GET", "/profiles", key=value).status_code == 200
    assert key in said(platform.local("keys", "list", "--json"))["keys"]  # type: ignore[operator]

    said(platform.local("keys", "revoke", key["key_id"], "--json"))

    assert platform.api("GET", "/profiles", key=value).status_code == 403
    assert key["key_id"] not in json.dumps(said(platform.local("keys", "--json")))


def test_the_commands_for_a_deployed_stack_find_it_by_its_outputs(
    platform: Platform, short_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outputs").write_text(json.dumps(platform.exports))
    program = tmp_path / "pulumi"
    program.write_text(f'#!/bin/sh\ncat "{tmp_path}/outputs"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    for name, text in said(platform.local("env", "--json")).items():
        monkeypatch.setenv(name, str(text))
    assert boto3.client("sts").get_caller_identity()["Arn"].endswith(":root")

    def deployed(*arguments: str) -> dict[str, object]:
        return said(run_local([*arguments, "--deployed", "prod", "--json"], data_dir=tmp_path))

    job = deployed("submit", str(short_clip), "--profile", "thumbnails")
    assert job["status"] == "COMPLETED"
    assert deployed("watch", str(job["job_id"])) == job
    assert deployed("status")["api_url"] == platform.exports["api_url"]
    assert deployed("redrive", "ingest")["queues"] == [{"queue": "ingest", "moved": 0, "waiting": 0}]
    assert deployed("plan", str(short_clip))["mode"] == "single"
