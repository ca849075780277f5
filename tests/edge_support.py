"""The edge's deployed function, tokens for it, and the requests with which somebody would cheat it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, InvalidURL
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from components.delivery import function_code
from local.edge.function import EdgeFunction
from metadata_api.environment.viewing_token import Viewing, viewing_token
from metadata_api.http.sealing import SigningKey

ORIGIN = "https://console.example.com"
KEY = SigningKey(id="1", secret="a key of the edge")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
VIDEO, OTHER, JOB = UUID(int=1), UUID(int=2), UUID(int=3)
PREFIX = f"videos/{VIDEO}/{JOB}/1/"
VIEWING = Viewing(
    client="a client", video_id=VIDEO, job_id=JOB, prefix=PREFIX, expires_at=NOW + timedelta(hours=12)
)
TOKEN = viewing_token(KEY, VIEWING)


def edge_function(
    entries: Mapping[str, str] | None = None, now: Callable[[], float] = NOW.timestamp
) -> EdgeFunction:
    """The function with a store that knows the key, and these entries."""
    known = {f"key.{KEY.id}": KEY.secret, **(entries or {})}
    return EdgeFunction(function_code([ORIGIN]), lambda: known, now)


def request(uri: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    """A viewer's request as CloudFront hands it over."""
    told = {name: {"value": value} for name, value in headers.items()}
    return {"method": method, "uri": uri, "querystring": {}, "headers": told, "cookies": {}}


def asked_as_it_is(edge: str, address: str) -> tuple[int, bytes] | None:
    """Ask the edge for an address that most clients would put in order first; None when none can send it."""
    connection = HTTPConnection(urlsplit(edge).netloc, timeout=10)
    try:
        connection.request("GET", address)
    except (UnicodeEncodeError, InvalidURL):
        return None
    else:
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def forged_addresses(key: SigningKey, viewing: Viewing) -> Iterator[tuple[str, str]]:
    """Addresses that lead to nothing, each with what is wrong; everything else about them is right.

    Args:
        key: the key that the edge knows.
        viewing: what a right token opens.
    """
    token = viewing_token(key, viewing)
    for name in _NAMES:
        yield f"/t/{token}/{name}", f"the name {name!r}"
    for address in ("/", "/t/", f"/t/{token}", f"/t/{token}/", f"//t/{token}/master.m3u8", "/master.m3u8"):
        yield address, "no link"
    yield f"/t//{token}/master.m3u8", "a double slash"
    yield f"/t/{token}//master.m3u8", "a double slash"
    yield f"/{viewing.prefix}master.m3u8", "the object's own key"
    yield f"/t/{'a' * 5000}/master.m3u8", "an overlong token"
    fields = token.split(".")
    for place, wrong in _FIELDS.items():
        changed = ".".join([*fields[:place], wrong, *fields[place + 1 :]])
        yield f"/t/{changed}/master.m3u8", f"field {place} replaced"
    yield f"/t/{'.'.join(fields[:-1])}/master.m3u8", "no MAC"
    yield f"/t/{token}./master.m3u8", "a tail"
    yield f"/t/{token}=/master.m3u8", "padding"
    for other in (SigningKey(id=key.id, secret="another key"), SigningKey(id="2", secret=key.secret)):
        yield f"/t/{viewing_token(other, viewing)}/master.m3u8", "another key"
    for prefix in ("videos/", "", f"videos/{OTHER}/", "../secret/", f"{viewing.prefix}../", "uploads/a/b/1/"):
        forged = viewing_token(key, replace(viewing, prefix=prefix))
        yield f"/t/{forged}/master.m3u8", f"a signed prefix {prefix!r} that holds no outputs"


_NAMES = (
    *("manifest.json", "master.m3u8/", "../master.m3u8", "..%2fmaster.m3u8", "%2e%2e/master.m3u8"),
    *("%6daster.m3u8", "master.m3u8%00", "a/../master.m3u8", "a\\master.m3u8", "..\\master.m3u8"),
    *(".m3u8", "..m3u8", "máster.m3u8", "master.m3u8 ", "master.M3U8", "master.m3u8.json", "key.pem"),
    *("master.m3u8;a=b", f"{'a' * 200}.mp4", "\uff0fmaster.m3u8", "."),
)
_FIELDS = {
    0: "2",  # a later version
    1: "9",
    2: "9999999999",
    3: "0" * 32,
    4: OTHER.hex,
    5: OTHER.hex,
    6: OTHER.hex,
    7: f"videos~{OTHER}~{JOB}~1~",
}
