"""Clients for the emulator's public APIs, as the account owner or as an assumed role."""

import threading
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from local.servers.emulator import ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY

_CONFIG = Config(connect_timeout=3, read_timeout=60, retries={"max_attempts": 3, "mode": "standard"})


# Clients may be shared between threads; making one may not.
_MAKING = threading.Lock()


@cache
def _session() -> boto3.session.Session:
    return boto3.session.Session()


@dataclass(frozen=True, slots=True)
class Credentials:
    """One set of access credentials.

    Attributes:
        access_key_id: Public part.
        secret_access_key: Secret part.
        session_token: Present for assumed roles only.
        expiration: When they end, ISO-8601; present for assumed roles only.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expiration: str | None = None


ROOT = Credentials(ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY)


class AwsAccess:
    """Makes and keeps one client per service; safe to share between threads.

    Args:
        endpoint_url: The emulator's address.
        region: The region of every request.
        credentials: Who asks.
        ca_path: PEM file of the authority that the emulator's certificate comes from; empty over plain HTTP.
    """

    def __init__(
        self, endpoint_url: str, region: str, credentials: Credentials = ROOT, *, ca_path: str = ""
    ) -> None:
        self.endpoint_url = endpoint_url
        self.region = region
        self.ca_path = ca_path
        self._credentials = credentials
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """Give the client of ``service``, made on first use."""
        with self._lock:
            if service not in self._clients:
                # One session for all roles: it reads the description of a service once, which takes twenty
                # times as long as making the client, and every task gets clients of its own.
                with _MAKING:
                    self._clients[service] = _session().client(
                        service,  # type: ignore[call-overload]
                        endpoint_url=self.endpoint_url,
                        region_name=self.region,
                        aws_access_key_id=self._credentials.access_key_id,
                        aws_secret_access_key=self._credentials.secret_access_key,
                        aws_session_token=self._credentials.session_token,
                        verify=self.ca_path or None,
                        config=_CONFIG,
                    )
            return self._clients[service]

    def assume(self, role_arn: str, session_name: str, *, duration_seconds: int = 3600) -> Credentials:
        """Assume a role as its service would; the policies of that role then decide.

        Args:
            role_arn: The role.
            session_name: Shown in the assumed role's ARN, 2 to 64 characters.
            duration_seconds: How long the credentials hold, 900 to 43200.
        """
        answer = self.client("sts").assume_role(
            RoleArn=role_arn, RoleSessionName=session_name[:64], DurationSeconds=duration_seconds
        )
        given = answer["Credentials"]
        return Credentials(
            given["AccessKeyId"],
            given["SecretAccessKey"],
            given["SessionToken"],
            given["Expiration"].isoformat().replace("+00:00", "Z"),
        )

    def acting_as(self, credentials: Credentials) -> "AwsAccess":
        """Give access to the same endpoint with other credentials."""
        return AwsAccess(self.endpoint_url, self.region, credentials, ca_path=self.ca_path)
