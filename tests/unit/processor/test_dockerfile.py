"""The image's description keeps to what the task definition and the threat model rely on."""

import re
import subprocess
from pathlib import Path

from artifacts.image import IMAGE_PACKAGES

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "services/processor/Dockerfile").read_text(encoding="utf-8")
PACKAGES = ROOT / "services/processor/image"
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)

    assert users
    assert users[-1] == "10001:10001"


def test_the_scratch_volume_is_owned_before_it_is_declared() -> None:
    assert DOCKERFILE.index("--mode=0700 /scratch") < DOCKERFILE.index("\nVOLUME /scratch")


def test_the_base_image_is_pinned_by_its_digest() -> None:
    assert re.search(
        r"^ARG BASE_IMAGE=debian:bookworm-\d{8}-slim@sha256:[0-9a-f]{64}$", DOCKERFILE, re.MULTILINE
    )
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${BASE_IMAGE}", "system"}
    assert "latest" not in DOCKERFILE


def test_every_debian_package_is_installed_in_the_version_of_a_lock_file() -> None:
    assert "apt" not in re.sub(r"#.*", "", DOCKERFILE)
    locks = set(re.findall(r"/build/image/(\w+)\.lock", DOCKERFILE))
    assert locks == {"runtime", "build"}
    for name in locks:
        pins = packages(f"{name}.lock")
        assert all(re.fullmatch(r"[a-z0-9.+-]+=\S+", pin) for pin in pins)
        held = {pin.partition("=")[0] for pin in pins}
        assert {"libc6", *packages(f"{name}.txt")} <= held


def test_only_packages_that_are_locked_are_taken_away_again() -> None:
    assert set(packages("unneeded.txt")) <= {pin.partition("=")[0] for pin in packages("runtime.lock")}


def test_the_build_context_holds_the_packages_of_the_image_and_nothing_else() -> None:
    allowed = [line[1:] for line in IGNORED if line.startswith("!")]

    assert "*" in IGNORED
    assert allowed == ["constraints.txt", *(f"services/{name}" for name in sorted(IMAGE_PACKAGES))]
    # All of services/ is copied, so that what is let through is said once.
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    for source in " ".join(copied).split():
        assert source == "services" or any(source.startswith(path) for path in allowed)
        assert (ROOT / source).exists()


def test_no_secret_is_baked_in() -> None:
    assert not re.search(r"PASSWORD|TOKEN|SECRET|AWS_", DOCKERFILE)
    for line in re.findall(r"--mount=\S+", DOCKERFILE):
        assert line.startswith("--mount=type=secret,")


def test_a_lock_for_another_architecture_is_refused_in_words(tmp_path: Path) -> None:
    done = check("# architecture: sparc\n", tmp_path)
    assert done.returncode == 1
    assert "wanted.lock is for sparc and this is" in done.stderr
    assert "no image has ever been built or run" in done.stderr


def test_a_version_that_the_mirror_no_longer_has_is_named_with_the_remedy(tmp_path: Path) -> None:
    done = check("# architecture: {here}\nffmpeg=7:0.0.1-1\npython3=3.1-1\nmawk=1.3\n", tmp_path)
    assert done.returncode == 1
    assert "the mirror no longer has ffmpeg=7:0.0.1-1 mawk=1.3, which wanted.lock names." in done.stderr
    assert "Run 'make image-lock'" in done.stderr


def packages(name: str) -> list[str]:
    lines = (PACKAGES / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def check(lock: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Ask the image's own script, where a mirror has other versions, as `apt-cache madison` writes them."""
    offered = (
        "    ffmpeg | 7:0.0.2-1 | a mirror",
        "   python3 |    3.1-1 | a mirror",
        "      mawk | 1.3.4 | a mirror",
    )
    answer = "\n".join(["cat <<END", *offered, "END"])
    for name, body in {"apt-get": "exit 100", "apt-cache": answer}.items():
        program = directory / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
    here = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    wanted = directory / "wanted.lock"
    wanted.write_text(lock.format(here=here.stdout.strip()))
    return subprocess.run(
        ["sh", str(PACKAGES / "check-lock.sh"), str(wanted)],
        env={"PATH": f"{directory}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
