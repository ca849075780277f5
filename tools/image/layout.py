"""Where the image's build keeps its files, and what of the repository meets it: the place for paths."""

from dataclasses import dataclass
from pathlib import Path

from artifacts.sources import REPOSITORY_ROOT

LOCKS = REPOSITORY_ROOT / "services" / "processor" / "image"
"""Lists and lock files of Debian packages."""

WORK = REPOSITORY_ROOT / "build" / "image"
"""Everything that a build leaves: buildah's storage, the mounted image's description, bill of materials."""

STORAGE = WORK / "storage"
RUN_STORAGE = WORK / "run"
BILL_OF_MATERIALS = WORK / "bill-of-materials.cdx.json"
TEST_PACKAGES = WORK / "test-packages"
TOOLS = REPOSITORY_ROOT / ".venv-image" / "bin"
SLIM_PACKAGES = Path(__file__).with_name("debian-slim-packages.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Tests that run inside of the image.

    Attributes:
        name: what the suite is called in the report.
        tests: files and directories below the repository's root.
        landlock: whether the kernel offers Landlock to what runs there.
        memory_mib: most memory of everything that runs there; None leaves it to the machine.
    """

    name: str
    tests: tuple[str, ...]
    landlock: bool = True
    memory_mib: int | None = None


SUITES = (
    Suite(name="surroundings", tests=("tests/image/inside",)),
    Suite(name="media", tests=("tests/integration/media",)),
    Suite(
        name="tools without Landlock",
        tests=("tests/integration/media/test_runner.py", "tests/integration/media/test_fence.py"),
        landlock=False,
    ),
)
"""What `make test-image` runs in the image, each with a scratch disk of its own."""

OUTSIDE_TESTS = ("tests/image/test_image.py",)
"""What it runs beside the image: what the image holds, and a job of the platform in it."""

TEST_FILES = ("tests", "local", "components", "artifacts", "bench", "pyproject.toml")
"""What the tests need beside themselves; nothing of it is in the image."""

TEST_SERVICES = ("keymaker", "metadata_api", "orchestration", "runtime", "upkeep", "webhooks")
"""Services that tests import and the image does not hold; those of the image must come from the image."""
