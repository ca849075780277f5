"""A private Redis with TLS only and a password, as ElastiCache gives it."""

import socket
import ssl
import subprocess
from pathlib import Path

from local.servers.base import LocalServer, find_program
from local.servers.process import spawn
from local.servers.tls import Authority

_PROBE_TIMEOUT_SECONDS = 1.0


class RedisServer(LocalServer):
    """Redis on loopback: TLS only, AUTH required, append-only file so that data survive restarts.

    Args:
        data_dir: Private directory.
        authority: Signs the server's certificate.
        auth_token: The password of the default user.
        port: A fixed port, or None for a free one.
        durable: False for throwaway servers in tests: nothing is written to disk.
    """

    name = "redis"

    def __init__(
        self,
        data_dir: Path,
        authority: Authority,
        *,
        auth_token: str,
        port: int | None = None,
        durable: bool = True,
    ) -> None:
        super().__init__(data_dir, port=port)
        self.auth_token = auth_token
        self.ca_path = authority.ca_path
        self._authority = authority
        self._durable = durable
        self._default_user: str | None = None

    def _prepare(self) -> None:
        certificate, key = self._authority.issue(self.data_dir / "tls")
        (self.data_dir / "data").mkdir(exist_ok=True)
        settings = {
            "bind": self.host,
            "port": "0",
            "tls-cert-file": str(certificate),
            "tls-key-file": str(key),
            "tls-ca-cert-file": str(self._authority.ca_path),
            "tls-auth-clients": "no",
            "tls-protocols": '"TLSv1.2 TLSv1.3"',
            "dir": str(self.data_dir / "data"),
            "appendonly": "yes" if self._durable else "no",
            "save": '""',
            "requirepass": self.auth_token,
            "daemonize": "no",
            "databases": "1",
        }
        if self._default_user is not None:
            del settings["requirepass"]
            name, _, rule = self._default_user.removeprefix("user ").partition(" ")
            settings[f"user {name}"] = rule
        config = self.data_dir / "redis.conf"
        config.unlink(missing_ok=True)
        config.touch(mode=0o600)
        config.write_text("".join(f"{key} {value}\n" for key, value in settings.items()), encoding="utf-8")

    def _start_process(self) -> "subprocess.Popen[bytes]":
        program = find_program("redis-server", package="redis-server")
        return spawn(
            [str(program), str(self.data_dir / "redis.conf"), "--tls-port", str(self.port)],
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            log_path=self.log_path,
            directory=self.data_dir,
        )

    def remember_logins(self) -> None:
        """Keep the passwords the default user has now for the restarts of this server object.

        Applying the program gives the user a second password, which Redis itself would forget.
        """
        answer = self._ask("ACL LIST\r\nPING", until=b"+PONG\r\n") or b""
        rules = [line.decode() for line in answer.split(b"\r\n") if line.startswith(b"user default ")]
        self._default_user = rules[0] if rules else None

    def _is_ready(self) -> bool:
        return self._ask("PING", until=b"+PONG\r\n") == b"+OK\r\n+PONG\r\n"

    def _ask(self, command: str, *, until: bytes) -> bytes | None:
        context = ssl.create_default_context(cafile=str(self.ca_path))
        request = f"AUTH {self.auth_token}\r\n{command}\r\n".encode()
        try:
            with (
                socket.create_connection((self.host, self.port), timeout=_PROBE_TIMEOUT_SECONDS) as plain,
                context.wrap_socket(plain, server_hostname=self.host) as secured,
            ):
                secured.sendall(request)
                answer = b""
                while not answer.endswith(until) and not answer.startswith(b"-"):
                    chunk = secured.recv(4096)
                    if not chunk:
                        return None
                    answer += chunk
        except OSError:
            return None
        return answer
