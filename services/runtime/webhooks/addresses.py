"""Which addresses webhooks may go to: names and numbers of the public internet, over TLS.

Whoever may create an endpoint chooses where the sender connects to. It must not lead to anything that trusts
the sender's place in the network: loopback, private and link-local addresses, the services of the cloud, or
any of these in disguise.
"""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

MAX_URL_CHARACTERS: Final = 2048
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_HOST: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*")
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
# IANA's special-purpose registries, October 2025. Spelled out, because ipaddress' is_global differs between
# the Python versions of this machine and of Lambda.
_SPECIAL_4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
# The only IPv6 space that is given out for the internet, and what is set aside within it. Mapped, NAT64,
# private, link-local, multicast and metadata addresses are all outside of it.
_GLOBAL_6: Final = IPv6Network("2000::/3")
_SPECIAL_6: Final = tuple(
    map(
        IPv6Network,
        ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)

Resolve = Callable[[str, int], Sequence[str]]


class RefusedAddressError(Exception):
    """The endpoint's address is not one that webhooks go to; its owner must change it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A checked address.

    Attributes:
        tls: Always, except for hosts that the configuration trusts.
        path: With the query, as it is sent.
        trusted: The configuration names this very host; it may be anywhere.
    """

    tls: bool
    host: str
    port: int
    path: str
    trusted: bool

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS["https" if self.tls else "http"] else f"{host}:{self.port}"


def parse_target(url: str, trusted_hosts: Sequence[str]) -> Target:
    """Checks everything about an address that can be known without asking the name service.

    Args:
        url: As the caller gave it.
        trusted_hosts: Hosts that may be reached without TLS and wherever they are; empty in AWS.

    Raises:
        RefusedAddressError: Says what is wrong with it and what is allowed.
    """
    if len(url) > MAX_URL_CHARACTERS or not _PRINTABLE.fullmatch(url):
        message = f"must be 1 to {MAX_URL_CHARACTERS} printable ASCII characters without spaces"
        raise RefusedAddressError(message)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        message = f"is no URL: {error}"
        raise RefusedAddressError(message) from None
    host = parts.hostname or ""
    trusted = host in trusted_hosts
    if parts.scheme not in (_DEFAULT_PORTS if trusted else {"https"}):
        message = f"must begin with https://, not {parts.scheme or 'nothing'}://"
        raise RefusedAddressError(message)
    if "@" in parts.netloc or "\\" in url or parts.fragment:
        message = "must not hold a user name, a password, a backslash or a fragment"
        raise RefusedAddressError(message)
    if port == 0:
        message = "must have a port from 1 to 65535"
        raise RefusedAddressError(message)
    if not trusted:
        _check_host(host)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    tls = parts.scheme == "https"
    return Target(tls=tls, host=host, port=port or _DEFAULT_PORTS[parts.scheme], path=path, trusted=trusted)


def addresses_of(target: Target, resolve: Resolve | None = None) -> list[str]:
    """Resolves a target's name once; connect to these addresses and never to the name again.

    A name with one inner and one public address is refused: whoever runs it plays games.

    Args:
        target: Where to.
        resolve: Gives the addresses of a name; the system's resolver by default.

    Raises:
        RefusedAddressError: An address is not public.
        OSError: The name service knows no address, or does not answer.
    """
    found = list(dict.fromkeys((resolve or _resolve)(target.host, target.port)))
    if not found:
        message = f"{target.host} has no address"
        raise OSError(message)
    if not target.trusted:
        for text in found:
            if not is_public(text):
                message = f"{target.host} leads to {text}, which is not a public address"
                raise RefusedAddressError(message)
    return found


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the internet; anything that is no address does not."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_4)
    return _is_public_6(address)


def _is_public_6(address: IPv6Address) -> bool:
    return (
        address.scope_id is None
        and address in _GLOBAL_6
        and not any(address in network for network in _SPECIAL_6)
    )


def _check_host(host: str) -> None:
    """Refuses what is no public name at first sight; the rest shows when the name is resolved."""
    if ":" in host or _looks_numeric(host):
        if not is_public(host):
            message = f"must lead to a public address, not to {host}"
            raise RefusedAddressError(message)
        return
    if len(host) > 253 or not _HOST.fullmatch(host) or "." not in host:
        message = "must name a host of the internet, such as hooks.example.com"
        raise RefusedAddressError(message)


def _looks_numeric(host: str) -> bool:
    """Whether the C library could take it for an address, as it does 0x7f.1, 0177.0.0.1 and 2130706433."""
    return re.fullmatch(r"(0[xX][0-9a-fA-F]*|[0-9]+)", host.rstrip(".").rpartition(".")[2]) is not None


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(item[4][0]) for item in found]
