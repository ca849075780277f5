"""Everything that is generated: two pictures, and the tables between the markers of docs/architecture.md."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from local.program import ProgramRun
from tools.architecture import deployment, packages, tables
from tools.architecture.drawing import to_svg
from tools.architecture.imports import REPOSITORY_ROOT, contracts
from tools.architecture.parts import PictureError

PAGE: Final = Path("docs/architecture.md")
PICTURES: Final = Path("docs/pictures")


def generated(dev: ProgramRun, prod: ProgramRun, root: Path = REPOSITORY_ROOT) -> dict[Path, str]:
    """Give the text of each generated file, by path below the root.

    Args:
        dev: The synthesised stack that is drawn.
        prod: The one whose further parts are named in boxes.
        root: Directory with docs/architecture.md and pyproject.toml.

    Raises:
        PictureError: Program, imports or page differ from what is laid out by hand.
    """
    rules = contracts(root)
    deployed = deployment.Deployment(dev, prod)
    made = {
        "packages": tables.packages_table(rules),
        "rooms": tables.rooms_table(rules),
        "arrows": tables.arrows_table(deployed),
    }
    return {
        PICTURES / "deployment.svg": to_svg(deployment.draw(deployed)),
        PICTURES / "packages.svg": to_svg(packages.draw(rules)),
        PAGE: filled((root / PAGE).read_text(encoding="utf-8"), made),
    }


def filled(page: str, made: Mapping[str, str]) -> str:
    """Put each table between its markers.

    Raises:
        PictureError: The page lacks a pair of markers.
    """
    for name, table in made.items():
        begin, end = f"<!-- generated: {name} -->\n", f"<!-- end of {name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if len(pattern.findall(page)) != 1:
            message = f"{PAGE} needs one pair of lines {begin.strip()!r} and {end!r}"
            raise PictureError(message)
        page = pattern.sub(lambda _match, text=f"{begin}\n{table}\n{end}": text, page)  # type: ignore[misc]
    return page
