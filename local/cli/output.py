"""What commands print: tables and bars for people, one JSON document for machines."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from local.errors import LocalModeError

_PIPE_WIDTH = 160


class Output:
    """Prints a command's result once, for the reader that was asked for.

    Args:
        as_json: True for machines: one JSON document on stdout, nothing else.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        # Progress and notes go to stderr, so that stdout holds the result alone.
        self.console = Console(stderr=True, quiet=as_json, highlight=False)
        self._result = _result_console()

    def result(self, document: Any, *, human: Sequence[Any] = ()) -> None:
        """Print ``document`` for machines or ``human`` (rich renderables and lines) for people."""
        if self.as_json:
            sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")
            return
        for item in human:
            self._result.print(item)

    def error(self, error: LocalModeError) -> None:
        """Print what went wrong and what to do."""
        if self.as_json:
            document = {
                "error": {"message": error.message, "remedy": error.remedy, "exit_code": error.exit_code}
            }
            sys.stdout.write(json.dumps(document, indent=2) + "\n")
            return
        console = Console(stderr=True, highlight=False)
        console.print(f"[red]Error:[/] {_plain(error.message)}")
        if error.remedy:
            console.print(f"[yellow]What to do:[/] {_plain(error.remedy)}")


def _result_console() -> Console:
    console = Console(highlight=False)
    # A pipe or a log has no width of its own: tables keep their columns there.
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def key_value_table(rows: dict[str, Any], *, title: str | None = None) -> Table:
    """Give a two-column table."""
    table = Table(title=title, show_header=False, title_justify="left")
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, _plain(value))
    return table


def size_text(size_bytes: float) -> str:
    """Give a size in the unit a person would choose: bytes, kB, MB or GB (powers of 1000)."""
    for unit in ("B", "kB", "MB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.2f} GB"


def _plain(value: Any) -> str:
    """Keep rich from reading brackets in paths and messages as markup."""
    return str(value).replace("[", "\\[")
