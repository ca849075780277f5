"""One HTTP call to an endpoint: to a checked address, within a time limit, without following anybody."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final

from runtime.webhooks.addresses import RefusedAddressError, Resolve, Target, addresses_of, parse_target

# The specification recommends 15 to 30 s for the endpoint's answer.
TIME_LIMIT_SECONDS: Final = 15.0
_CONNECT_SECONDS: Final = 5.0
_MAX_RETRY_AFTER_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a call.

    Attributes:
        status_code: None without an answer.
        error: Why there is none; says nothing about what an inner address holds.
        retry_after_seconds: What the endpoint asked for.
    """

    status_code: int | None = None
    error: str | None = None
    retry_after_seconds: int | None = None


def post(
    url: str,
    headers: Mapping[str, str],
    body: str,
    *,
    trusted_hosts: Sequence[str],
    tls: ssl.SSLContext | None = None,
    resolve: Resolve | None = None,
    time_limit_seconds: float = TIME_LIMIT_SECONDS,
) -> Answer:
    """Calls an endpoint once and gives its status; its answer's body is not read.

    Args:
        url: The endpoint.
        headers: Sent along.
        body: Sent as it is.
        trusted_hosts: See `parse_target`.
        tls: Whom to trust; the system's authorities by default.
        resolve: See `addresses_of`.
        time_limit_seconds: For connection, TLS, request and the answer's headers together.
    """
    try:
        target = parse_target(url, trusted_hosts)
        found = addresses_of(target, resolve)
    except RefusedAddressError as error:
        return Answer(error=f"refused: {error}")
    except (OSError, UnicodeError) as error:
        return Answer(error=f"the name cannot be resolved: {error}")
    try:
        return _exchange(target, found, headers, body, tls or _system_trust(), time_limit_seconds)
    except TimeoutError:
        return Answer(error=f"no answer within {time_limit_seconds:g} s")
    except (OSError, http.client.HTTPException) as error:
        return Answer(error=f"{type(error).__name__}: {error}")


def _exchange(
    target: Target,
    found: Sequence[str],
    headers: Mapping[str, str],
    body: str,
    tls: ssl.SSLContext,
    time_limit_seconds: float,
) -> Answer:
    ends_at = time.monotonic() + time_limit_seconds
    plain = _connect(target, found, ends_at)
    with _ended_at(plain, ends_at) as ended:
        try:
            # The name, not the address, is what the certificate must be for.
            stream = tls.wrap_socket(plain, server_hostname=target.host) if target.tls else plain
            with stream:
                answer = _talk(stream, target, headers, body)
        except (OSError, http.client.HTTPException) as error:
            if ended.is_set():
                raise TimeoutError from error
            raise
        finally:
            plain.close()
        if ended.is_set():  # headers that were cut off look like all of them
            raise TimeoutError
        return answer


def _connect(target: Target, found: Sequence[str], ends_at: float) -> socket.socket:
    """Connects to the first of the checked addresses that answers; the name is not looked up again."""
    problem: OSError = OSError(f"{target.host} has no address")
    for address in found:
        left = min(_CONNECT_SECONDS, ends_at - time.monotonic())
        if left <= 0:
            break
        try:
            return socket.create_connection((address, target.port), timeout=left)
        except OSError as error:
            problem = error
    raise problem


@contextmanager
def _ended_at(stream: socket.socket, ends_at: float) -> Iterator[threading.Event]:
    """Shuts the connection down at the deadline, so that an endpoint that drips bytes cannot hold it open."""
    ended = threading.Event()
    descriptor = socket.socket(fileno=socket.dup(stream.fileno()))
    left = max(0.0, ends_at - time.monotonic())
    stream.settimeout(left)

    def end() -> None:
        ended.set()
        try:
            descriptor.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # closed by the endpoint meanwhile

    timer = threading.Timer(left, end)
    timer.start()
    try:
        yield ended
    finally:
        timer.cancel()
        timer.join()
        descriptor.close()


def _talk(stream: socket.socket, target: Target, headers: Mapping[str, str], body: str) -> Answer:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = stream
    sent = {"Host": target.authority, "Connection": "close", "Content-Type": "application/json", **headers}
    connection.request("POST", target.path, body.encode(), sent)
    answer = connection.getresponse()
    return Answer(status_code=answer.status, retry_after_seconds=_seconds(answer.getheader("Retry-After")))


def _seconds(text: str | None) -> int | None:
    """Retry-After in seconds; its form as a date is not worth the trouble, the schedule serves as well."""
    if text is None or not text.isascii() or not text.strip().isdigit():
        return None
    return min(int(text.strip()[:9]), _MAX_RETRY_AFTER_SECONDS)


@cache
def _system_trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
