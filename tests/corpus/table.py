"""Processes every file of a directory and prints what came out of each, for people to compare.

`python -m tests.corpus.table DIRECTORY`; a picture is also made into pictures, and sound alone into sound.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from media.tools.errors import ErrorCode
from tests.corpus.outcome import Outcome, run_source
from tests.measured import hertz, streams

_NOT_FILMS: Final = {ErrorCode.INPUT_IS_PICTURE: "image", ErrorCode.INPUT_NO_VIDEO: "audio"}
_COLUMNS: Final = ("file", "profile", "answer", "size", "picture s", "frames/s", "sound", "warnings")
_HEAD: Final = f"| {' | '.join(_COLUMNS)} |\n{'|---' * len(_COLUMNS)}|\n"
_HEARD_SECONDS: Final = 0.5


def row(name: str, profile: str, outcome: Outcome) -> str:
    """One line of the table, as Markdown."""
    if outcome.code is not None:
        return f"| {name} | {profile} | {outcome.code}: {outcome.message} | | | | | |"
    pictures = outcome.files("rendition", "image")
    largest = pictures[0] if pictures else None
    said = "; ".join(f"{warning.code}: {warning.message}" for warning in outcome.production.warnings)  # type: ignore[union-attr]
    cells = (
        name,
        profile,
        (largest.codec or largest.content_type) if largest else "sound",
        f"{largest.width}x{largest.height}" if largest else "",
        f"{largest.duration_seconds:.2f}" if largest and largest.duration_seconds else "",
        f"{largest.frame_rate:g}" if largest and largest.frame_rate else "",
        _sound(outcome),
        said,
    )
    return "| " + " | ".join(cells) + " |"


def _sound(outcome: Outcome) -> str:
    """How many tracks, and of the first its channels, length and strongest frequency."""
    if not outcome.files("audio"):
        return ""
    found = [stream for stream in streams(outcome.main()) if stream["codec_type"] == "audio"]
    first = found[0]
    seconds = float(first["duration"])
    middle = seconds / 2
    strongest = hertz(outcome.main(), max(0.0, middle - _HEARD_SECONDS / 2), middle + _HEARD_SECONDS / 2)
    return f"{len(found)} x {first['channels']} ch, {seconds:.2f} s, {strongest:.0f} Hz"


def main(arguments: list[str]) -> int:
    """Print the table of a directory; 1 if a file ended as no file should."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("Give one directory of files: python -m tests.corpus.table DIRECTORY\n")
        return 2
    internal = 0
    sys.stdout.write(_HEAD)
    with tempfile.TemporaryDirectory(prefix="cases-") as scratch:
        for source in sorted(path for path in Path(arguments[0]).iterdir() if path.suffix != ".md"):
            profile: str | None = "web"
            while profile is not None:
                outcome = run_source(source, Path(scratch) / "work", profile)
                sys.stdout.write(row(source.name, profile, outcome) + "\n")
                sys.stdout.flush()
                internal += outcome.code is ErrorCode.INTERNAL
                profile = _NOT_FILMS.get(outcome.code) if outcome.code and profile == "web" else None
    sys.stdout.write(f"\n{internal} ended INTERNAL.\n")
    return int(internal > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
