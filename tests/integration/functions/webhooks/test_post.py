"""One call to an endpoint over real sockets and TLS: pinned, bounded, and never led elsewhere."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.servers.tls import Authority
from runtime.webhooks import addresses
from tests.receiver import receiver
from webhooks.post import Answer, post

pytestmark = pytest.mark.integration

HOST = "hooks.example.com"
HEADERS = {"webhook-id": "event-1"}


@pytest.fixture(scope="module")
def certificate(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return authority.issue(tmp_path_factory.mktemp("receiver"), [HOST])


@pytest.fixture(scope="module")
def trust(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority.ca_path)


@pytest.fixture
def loopback_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for the internet, which a test has not: only the check of the address is replaced."""
    monkeypatch.setattr(addresses, "is_public", lambda text: text == "127.0.0.1")


class Names:
    """A name service that answers differently each time, as one does that rebinds."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        return [self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]]


def call(url: str, **options: Any) -> Answer:
    given: dict[str, Any] = {"trusted_hosts": [], "time_limit_seconds": 5.0} | options
    return post(url, HEADERS, '{"a": 1}', **given)


def test_the_call_goes_to_the_checked_address_with_the_name_in_tls_and_host(
    certificate: tuple[Path, Path], trust: ssl.SSLContext, loopback_is_public: None
) -> None:
    names = Names("127.0.0.1", "169.254.169.254")
    with receiver(certificate) as endpoint:
        answer = call(f"https://{HOST}:{endpoint.port}/a?b=c", tls=trust, resolve=names)
    assert answer == Answer(status_code=204)
    assert names.asked == [HOST]
    (received,) = endpoint.calls
    assert (received.path, received.body) == ("/a?b=c", b'{"a": 1}')
    assert received.headers["host"] == f"{HOST}:{endpoint.port}"
    assert received.headers["webhook-id"] == "event-1"
    assert received.headers["content-type"] == "application/json"


def test_a_name_that_rebinds_to_an_inner_address_is_refused_when_it_does(
    certificate: tuple[Path, Path], trust: ssl.SSLContext, loopback_is_public: None
) -> None:
    names = Names("127.0.0.1", "10.0.0.1")
    with receiver(certificate) as endpoint:
        url = f"https://{HOST}:{endpoint.port}/"
        assert call(url, tls=trust, resolve=names).status_code == 204
        second = call(url, tls=trust, resolve=names)
    assert second.status_code is None
    assert "10.0.0.1, which is not a public address" in str(second.error)
    assert len(endpoint.calls) == 1


def test_without_a_trusted_host_loopback_gets_no_connection() -> None:
    with receiver() as endpoint:
        for url in (
            endpoint.url,
            f"https://127.0.0.1:{endpoint.port}/",
            f"https://localhost:{endpoint.port}/",
        ):
            assert str(call(url).error).startswith("refused: ")
        resolved = call(f"https://{HOST}:{endpoint.port}/", resolve=Names("127.0.0.1"))
    assert str(resolved.error).startswith("refused: ")
    assert endpoint.calls == []


def test_a_certificate_for_another_name_or_of_another_authority_is_refused(
    certificate: tuple[Path, Path], trust: ssl.SSLContext, loopback_is_public: None
) -> None:
    with receiver(certificate) as endpoint:
        wrong_name = call(
            f"https://other.example.com:{endpoint.port}/", tls=trust, resolve=Names("127.0.0.1")
        )
        unknown = call(f"https://{HOST}:{endpoint.port}/", resolve=Names("127.0.0.1"))
    assert "CERTIFICATE_VERIFY_FAILED" in str(wrong_name.error)
    assert "CERTIFICATE_VERIFY_FAILED" in str(unknown.error)
    assert endpoint.calls == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    with receiver() as elsewhere, receiver() as endpoint:
        endpoint.answers.append((status, {"Location": elsewhere.url}))
        answer = call(endpoint.url, trusted_hosts=["127.0.0.1"])
    assert answer.status_code == status
    assert elsewhere.calls == []


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), ("999999999999", 86_400), ("soon", None), ("-1", None)]
)
def test_the_endpoint_may_ask_for_a_pause(header: str, seconds: int | None) -> None:
    with receiver() as endpoint:
        endpoint.answers.append((503, {"Retry-After": header}))
        answer = call(endpoint.url, trusted_hosts=["127.0.0.1"])
    assert answer == Answer(status_code=503, retry_after_seconds=seconds)


@contextmanager
def raw_server(behave: Any) -> Iterator[int]:
    """Accepts one connection and does with it what it is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                behave(connection, ended)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            thread.join(10)
        assert not thread.is_alive()


def drip(connection: socket.socket, ended: threading.Event) -> None:
    connection.recv(4096)
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not ended.wait(0.05):
            connection.sendall(b"a")
    except OSError:
        return


def flood(connection: socket.socket, ended: threading.Event) -> None:
    connection.recv(4096)
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not ended.is_set():
            connection.sendall(b"X-Many: 1\r\n" * 1000)
    except OSError:
        return


def keep_silent(_connection: socket.socket, ended: threading.Event) -> None:
    ended.wait(10)


def hang_up(_connection: socket.socket, _ended: threading.Event) -> None:
    return


def speak_otherwise(connection: socket.socket, _ended: threading.Event) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
    connection.recv(4096)


@pytest.mark.parametrize("behave", [drip, keep_silent], ids=["drips", "silent"])
def test_an_endpoint_that_takes_too_long_is_hung_up_on(behave: Any) -> None:
    with raw_server(behave) as port:
        answer = call(f"http://127.0.0.1:{port}/", trusted_hosts=["127.0.0.1"], time_limit_seconds=0.4)
    assert answer == Answer(error="no answer within 0.4 s")


def test_tls_that_is_never_answered_is_given_up(loopback_is_public: None) -> None:
    with raw_server(keep_silent) as port:
        answer = call(f"https://{HOST}:{port}/", resolve=Names("127.0.0.1"), time_limit_seconds=0.4)
    assert answer == Answer(error="no answer within 0.4 s")


@pytest.mark.parametrize("behave", [flood, hang_up, speak_otherwise], ids=["floods", "hangs up", "no http"])
def test_an_endpoint_that_misbehaves_is_an_error_and_no_crash(behave: Any) -> None:
    with raw_server(behave) as port:
        answer = call(f"http://127.0.0.1:{port}/", trusted_hosts=["127.0.0.1"])
    assert answer.status_code is None
    assert answer.error


def test_an_endpoint_that_is_down_or_has_no_name_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "ConnectionRefusedError" in str(
        call(f"http://127.0.0.1:{port}/", trusted_hosts=["127.0.0.1"]).error
    )

    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert "cannot be resolved" in str(call(f"https://{HOST}/", resolve=unknown).error)


def test_the_answers_body_is_not_read() -> None:
    def endless_body(connection: socket.socket, ended: threading.Event) -> None:
        connection.recv(4096)
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not ended.is_set():
                connection.sendall(b"a" * 65536)
        except OSError:
            return

    with raw_server(endless_body) as port:
        answer = call(f"http://127.0.0.1:{port}/", trusted_hosts=["127.0.0.1"])
    assert answer == Answer(status_code=200)
