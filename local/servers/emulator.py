"""The AWS emulator (MiniStack) as a child process with enforced IAM and a clean environment."""

import json
import os
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from local.errors import MissingToolError
from local.paths import REPOSITORY_ROOT
from local.servers.base import LocalServer
from local.servers.process import spawn
from local.servers.tls import Authority

EMULATOR_ENVIRONMENT = REPOSITORY_ROOT / ".venv-emulator"
# The emulator's built-in account owner; it only means something to the emulator on loopback.
ROOT_ACCESS_KEY_ID = "test"
ROOT_SECRET_ACCESS_KEY = "test"  # noqa: S105 - fixed by the emulator, no secret
_PROGRAM = Path(__file__).with_name("emulator_program.py")
_PROBE_TIMEOUT_SECONDS = 1.0
# With TLS the emulator also opens port 443 when it may; this keeps it to the port that it was given.
_WITHOUT_LOW_PORTS = ("setpriv", "--bounding-set=-net_bind_service", "--")


def emulator_python() -> Path:
    """Give the interpreter of the emulator's own virtual environment.

    Raises:
        MissingToolError: The environment is missing; the remedy is the command that makes it.
    """
    python = EMULATOR_ENVIRONMENT / "bin" / "python"
    if not python.exists():
        message = f"The emulator's virtual environment {EMULATOR_ENVIRONMENT} is missing."
        raise MissingToolError(message, remedy=f"Run in {REPOSITORY_ROOT}: make setup")
    return python


class EmulatorServer(LocalServer):
    """MiniStack with ``AUTH=true``; its control plane is new at each start, S3 objects persist.

    Args:
        data_dir: Private directory for objects, state and temporary files.
        port: A fixed port, or None for a free one.
        region: The region every ARN carries.
        states_endpoint_url: Where functions send Step Functions calls (the token broker), or None for
            the emulator itself.
        log_level: The emulator's own log level.
        authority: Serve HTTPS alone, with a certificate of this authority; None serves plain HTTP.
    """

    name = "emulator"
    stop_grace_seconds = 2.0

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        region: str,
        states_endpoint_url: str | None = None,
        log_level: str = "WARNING",
        authority: Authority | None = None,
    ) -> None:
        super().__init__(data_dir, port=port)
        self.region = region
        self._states_endpoint_url = states_endpoint_url
        self._log_level = log_level
        self._authority = authority

    @property
    def url(self) -> str:
        """The endpoint for every service."""
        return f"{'https' if self._authority else 'http'}://{self.host}:{self.port}"

    @property
    def ca_path(self) -> str:
        """The PEM file with which clients verify the server; empty when it speaks plain HTTP."""
        return str(self._authority.ca_path) if self._authority else ""

    @property
    def s3_dir(self) -> Path:
        """Where objects lie."""
        return self.data_dir / "s3"

    def _prepare(self) -> None:
        # Each run unpacks its functions there; nobody else would ever remove them.
        shutil.rmtree(self.data_dir / "tmp", ignore_errors=True)
        for name in ("s3", "state", "tmp", "home"):
            (self.data_dir / name).mkdir(parents=True, exist_ok=True)

    def _start_process(self) -> "subprocess.Popen[bytes]":
        python = emulator_python()
        # Lambda children inherit this environment whole, so it holds nothing a real function would lack.
        environment = {
            "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.data_dir / "home"),
            "TMPDIR": str(self.data_dir / "tmp"),
            "LANG": "C.UTF-8",
            "AUTH": "true",
            "BIND_HOST": self.host,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": self.region,
            "PERSIST_STATE": "0",
            "STATE_DIR": str(self.data_dir / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.s3_dir),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": self._log_level,
            "DOCKER_HOST": f"unix://{self.data_dir}/no-docker.sock",
        }
        if self._states_endpoint_url:
            environment["AWS_ENDPOINT_URL_SFN"] = self._states_endpoint_url
        return spawn(
            [*self._prefix(), str(python), "-P", str(_PROGRAM)],
            environment=environment | self._tls_environment(),
            log_path=self.log_path,
            directory=self.data_dir,
        )

    def _is_ready(self) -> bool:
        context = ssl.create_default_context(cafile=self.ca_path) if self.ca_path else None
        try:
            with urllib.request.urlopen(  # noqa: S310 - loopback address built above
                f"{self.url}/_ministack/health", timeout=_PROBE_TIMEOUT_SECONDS, context=context
            ) as response:
                return bool(json.load(response))
        except (OSError, urllib.error.URLError, ValueError):
            return False

    def _prefix(self) -> tuple[str, ...]:
        return _WITHOUT_LOW_PORTS if self._authority and os.geteuid() == 0 else ()

    def _tls_environment(self) -> dict[str, str]:
        if self._authority is None:
            return {}
        certificate, key = self._authority.issue(self.data_dir / "tls")
        return {
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(certificate),
            "MINISTACK_SSL_KEY": str(key),
            # Functions inherit it: their SDK trusts the local authority, as it trusts Amazon's in AWS.
            "AWS_CA_BUNDLE": self.ca_path,
        }
