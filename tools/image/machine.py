"""What this machine knows about package mirrors, for the image's build; no file of ours names one."""

import configparser
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.image.commands import ImageError, output_of

RELEASE = "bookworm"


@dataclass(frozen=True, slots=True)
class AptSource:
    """One component of one release at a mirror."""

    uri: str
    release: str
    component: str


def apt_sources() -> list[AptSource]:
    """Give the sources of Debian 12 that this machine's apt uses, security updates included.

    Raises:
        ImageError: apt is missing or uses no such source.
    """
    target = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    lines = output_of("apt-get", "indextargets", "--format", target, "Created-By: Packages").splitlines()
    found = [AptSource(*line.split()) for line in dict.fromkeys(lines)]
    ours = [one for one in found if one.release == RELEASE or one.release.startswith(f"{RELEASE}-")]
    if not any(one.release == RELEASE and one.component == "main" for one in ours):
        message = f"this machine's apt has no source for Debian {RELEASE}, which the image is built from"
        raise ImageError(message, remedy="Build it on Debian 12, or with Docker (see docs/deployment.md).")
    return ours


def apt_configuration() -> dict[str, str]:
    """Give the files below /etc/apt that let a fresh Debian reach the same mirrors; names to contents."""
    sources = [f"deb {one.uri} {one.release} {one.component}" for one in apt_sources()]
    settings = output_of("apt-config", "dump").splitlines()
    ways = [line for line in settings if line.startswith("Acquire::http") and "::Proxy" in line]
    files = {"sources.list": sources, "apt.conf.d/90machine": ways}
    return {name: "".join(f"{line}\n" for line in lines) for name, lines in files.items() if lines}


def pip_secrets(directory: Path) -> dict[str, Path]:
    """Write this machine's pip configuration so that the build can use it, and give the build's secrets.

    Certificate authorities are a file of the machine, so they become a secret of their own.
    """
    listed = output_of(sys.executable, "-m", "pip", "config", "list")
    values: dict[str, str] = {}
    for line in listed.splitlines():
        name, _, text = line.partition("=")
        key = name.rpartition(".")[2]
        if key in {
            "index-url",
            "extra-index-url",
            "trusted-host",
            "proxy",
            "timeout",
            "default-timeout",
            "cert",
        }:
            values[key.removeprefix("default-")] = text.strip("'\"")
    directory.mkdir(parents=True, exist_ok=True)
    secrets: dict[str, Path] = {}
    if authorities := values.get("cert"):
        secrets["ca_bundle"] = Path(authorities)
        values["cert"] = "/run/secrets/ca_bundle"
    if values:
        parser = configparser.RawConfigParser()
        parser["global"] = values
        secrets["pip_config"] = directory / "pip.conf"
        with secrets["pip_config"].open("w", encoding="utf-8") as file:
            parser.write(file)
    return secrets


def architecture() -> str:
    """Give Debian's name of this machine's architecture."""
    return subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()
