"""Hands one source to the media work and tells what came of it, as the workflow would end the job."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from media.produce.catalogue import ProducedFile
from media.produce.produce import produce
from media.produce.production import Production
from media.tools.errors import ErrorCode, MediaError
from media.tools.limits import Limits
from profiles import get_profile
from tests.this_machine import THIS_MACHINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one source.

    Attributes:
        code: Why it was refused or failed; INTERNAL for an error that is none of ours; None when it was made.
        message: The words that go with the code, with the remedy.
        production: What was made; its files last as long as the directory of the run.
    """

    code: ErrorCode | None = None
    message: str = ""
    production: Production | None = None

    def files(self, *kinds: str) -> list[ProducedFile]:
        """The outputs of some kinds, the largest rendition first."""
        made = self.production.files if self.production else []
        return [file for file in made if file.kind in kinds]

    def main(self) -> Path:
        """The file that holds the whole result: the download, or the picture or the sound alone.

        Raises:
            LookupError: Nothing was made.
        """
        for name in ("mp4", "m4a", "large-jpeg"):
            for file in self.production.files if self.production else []:
                if file.name == name:
                    return file.path
        raise LookupError(f"nothing to look at: {self.code} {self.message}")

    def warnings(self) -> tuple[str, ...]:
        """The codes of the warnings."""
        return tuple(warning.code.value for warning in self.production.warnings) if self.production else ()


def run_source(source: Path, workdir: Path, profile: str = "web") -> Outcome:
    """Do all media work on a source; whatever happens is an outcome.

    Args:
        source: The file.
        workdir: Where the work happens; it is emptied first.
        profile: What to make.
    """
    shutil.rmtree(workdir, ignore_errors=True)
    workdir.mkdir()
    # As in a job, the file's name tells nothing.
    with tempfile.TemporaryDirectory(dir=workdir.parent, prefix="source-") as scratch:
        unnamed = Path(scratch) / "source"
        shutil.copyfile(source, unnamed)
        try:
            made = produce(
                unnamed,
                profile=get_profile(profile),
                workdir=workdir,
                limits=Limits(),
                size=THIS_MACHINE,
                report=lambda _: None,
            )
        except MediaError as error:
            return Outcome(code=error.code, message=f"{error.message} {error.remedy}")
        except Exception as error:  # noqa: BLE001 - what the worker would end as INTERNAL
            return Outcome(code=ErrorCode.INTERNAL, message=f"{type(error).__name__}: {error}")
    return Outcome(production=made)
