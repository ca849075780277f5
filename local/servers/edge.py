"""The process that stands in for CloudFront; it is started once the program has said what it runs."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from local.paths import REPOSITORY_ROOT
from local.servers import ports
from local.servers.base import LocalServer
from local.servers.process import spawn

READY_PATH: Final = "/ready-for-local-mode"
_PROBE_SECONDS: Final = 1.0


class EdgeServer(LocalServer):
    """The edge of a stack on a loopback port, over plain HTTP.

    Args:
        data_dir: Private directory; the cache lies below it.
    """

    name = "edge"

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir, port=None)
        self._settings: Mapping[str, Any] = {}

    def choose_url(self) -> str:
        """Give its address before it runs, for those who must know it earlier."""
        return f"http://{self.host}:{ports.choose_port(self._port_record)}"

    def serve(self, settings: Mapping[str, Any]) -> None:
        """Say what it delivers: see `local.edge.__main__.build_edge`; without cache_dir."""
        self._settings = {**settings, "cache_dir": str(self.data_dir / "cache")}

    @property
    def _settings_path(self) -> Path:
        return self.data_dir / "settings.json"

    def _prepare(self) -> None:
        self._settings_path.write_text(json.dumps(self._settings), encoding="utf-8")

    def _start_process(self) -> "subprocess.Popen[bytes]":
        return spawn(
            [sys.executable, "-m", "local.edge", str(self._settings_path), str(self.port)],
            environment={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY_ROOT), "LC_ALL": "C.UTF-8"},
            log_path=self.log_path,
            directory=self.data_dir,
        )

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://{self.host}:{self.port}{READY_PATH}", timeout=_PROBE_SECONDS
            ) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
