"""Where local mode keeps its files: the one place that knows the directory layout."""

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY_ROOT = Path(__file__).resolve().parent.parent
DATA_DIR_VARIABLE = "VIDEO_PLATFORM_DATA_DIR"


def data_root() -> Path:
    """Give the directory that holds all stacks (``.local`` unless the environment names another)."""
    return Path(os.environ.get(DATA_DIR_VARIABLE) or REPOSITORY_ROOT / ".local").resolve()


@dataclass(frozen=True, slots=True)
class StackPaths:
    """Every path of one local stack, below one root that ``reset`` may delete."""

    root: Path

    @classmethod
    def for_stack(cls, stack: str) -> "StackPaths":
        """Give the paths of ``stack`` below the data root."""
        return cls(data_root() / stack)

    @property
    def state_file(self) -> Path:
        """The record of what runs, with ports and generated secrets (mode 0600)."""
        return self.root / "state.json"

    @property
    def tls(self) -> Path:
        """The local certificate authority."""
        return self.root / "tls"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's private directory."""
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        """The private directory of Redis."""
        return self.root / "redis"

    @property
    def emulator(self) -> Path:
        """The emulator's private directory (S3 objects lie below it)."""
        return self.root / "emulator"

    @property
    def tasks(self) -> Path:
        """Scratch and volume directories of container tasks."""
        return self.root / "tasks"

    @property
    def mail(self) -> Path:
        """Readable .eml files of everything SNS would have mailed."""
        return self.root / "mail"

    @property
    def logs(self) -> Path:
        """Log files of the servers, the platform process and the tasks."""
        return self.root / "logs"

    @property
    def packages(self) -> Path:
        """Deployable artefacts built for this machine."""
        return self.root / "packages"

    @property
    def shortage(self) -> Path:
        """Says that there is no room for tasks, and how that shows; absent when there is."""
        return self.root / "shortage"

    @property
    def edge(self) -> Path:
        """The private directory of the edge, with its cache."""
        return self.root / "edge"

    @property
    def efs(self) -> Path:
        """Directories that stand in for EFS file systems."""
        return self.root / "efs"
