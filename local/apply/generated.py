"""Values that are generated once and must survive restarts: passwords, tokens, the API key."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

_FILE_NAME = "generated.json"


class GeneratedValues:
    """A small persistent map, readable by its owner only.

    Args:
        directory: Directory of the stack's state; created when missing.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / _FILE_NAME
        self._lock = threading.Lock()
        self._values: dict[str, str] = {}
        if self._path.is_file():
            self._values = json.loads(self._path.read_text(encoding="utf-8"))

    def get_or_make(self, key: str, make: Callable[[], str]) -> str:
        """Returns the kept value of a key, or makes, keeps and returns a new one."""
        with self._lock:
            if key not in self._values:
                self._values[key] = make()
                self._save()
            return self._values[key]

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f"{_FILE_NAME}.", dir=self._path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(self._values, file, indent=2, sort_keys=True)
        Path(name).replace(self._path)
