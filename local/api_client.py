"""The platform's HTTP API as a user sees it: API key, presigned upload, polling, downloads."""

import mimetypes
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import httpx

from local.errors import LocalModeError

if TYPE_CHECKING:
    from local.addresses import Address

_TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 256 * 1024
_DEFAULT_CONTENT_TYPE = "video/mp4"
# The API takes no other kinds; the processor looks at the bytes, not at this.
_ACCEPTED_KINDS = ("video/", "audio/", "image/", "application/")
FINAL_STATUSES = frozenset({"COMPLETED", "FAILED", "CANCELLED"})

OnBytes = Callable[[int], None]


class ApiError(LocalModeError):
    """The API refused a request or could not be reached."""

    exit_code = 8


class ApiClient:
    """Talks to the metadata API with the stack's key.

    Args:
        url: The API's base address, with the stage.
        key: The API key.
        ca_path: PEM file of the authority that the server's certificate comes from; empty over plain HTTP.
        deployed: Name of the deployed stack whose API it is; empty for the one on this machine.
    """

    def __init__(self, url: str, key: str, *, ca_path: str = "", deployed: str = "") -> None:
        self._url = url.rstrip("/")
        self._deployed = deployed
        self._verify = ssl.create_default_context(cafile=ca_path) if ca_path else True
        self._client = httpx.Client(headers={"x-api-key": key}, timeout=_TIMEOUT_SECONDS, verify=self._verify)

    @classmethod
    def at(cls, address: "Address") -> Self:
        """Give a client of the platform at an address."""
        return cls(address.url, address.key, ca_path=address.ca_path, deployed=address.deployed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def create_job(
        self, path: Path, *, profile: str | None = None, metadata: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ask for a job for a local file; gives the job and where to upload.

        Raises:
            ApiError: The API refused; the message is the API's own.
        """
        body: dict[str, Any] = {
            "filename": path.name,
            "size_bytes": path.stat().st_size,
            "content_type": content_type_of(path),
        }
        if profile is not None:
            body["profile"] = profile
        if metadata is not None:
            body["metadata"] = metadata
        return self._request("POST", "/jobs", json=body)

    def upload(self, path: Path, ticket: dict[str, Any], on_bytes: OnBytes = lambda _: None) -> None:
        """Send a file to the presigned address it was given, or in parts to several.

        Args:
            path: The file.
            ticket: ``upload`` of the answer to ``create_job``.
            on_bytes: Called with the size of every piece that was sent.
        """
        if ticket["method"] == "MULTIPART":
            self._upload_parts(path, ticket, on_bytes)
        else:
            pieces = _pieces(path, 0, path.stat().st_size, on_bytes)
            self._send(ticket["method"], ticket["url"], pieces, ticket["headers"])

    def _upload_parts(self, path: Path, ticket: dict[str, Any], on_bytes: OnBytes) -> None:
        sent: list[dict[str, Any]] = []
        for part in ticket["parts"]:
            start = (part["part_number"] - 1) * ticket["part_size_bytes"]
            pieces = _pieces(path, start, part["size_bytes"], on_bytes)
            answer = self._send("PUT", part["url"], pieces, {"content-length": str(part["size_bytes"])})
            sent.append({"part_number": part["part_number"], "etag": answer.headers["ETag"]})
        self._request("POST", ticket["complete_path"], json={"parts": sent})

    def _send(
        self, method: str, url: str, pieces: Iterator[bytes], headers: Mapping[str, str]
    ) -> httpx.Response:
        answer = httpx.request(
            method, url, headers=headers, content=pieces, timeout=_TIMEOUT_SECONDS, verify=self._verify
        )
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            message = f"The upload was refused with status {answer.status_code}: {answer.text[:500]}"
            raise ApiError(message, remedy="The link is valid for a short time only; submit the file again.")
        return answer

    def job(self, job_id: str) -> dict[str, Any]:
        """Give a job as GET /jobs/{id} shows it."""
        return self._request("GET", f"/jobs/{quote(job_id, safe='')}")

    def watch(self, job_id: str, *, interval_seconds: float = 0.3) -> Iterator[dict[str, Any]]:
        """Give the job again and again until it has ended; the last one is final."""
        while True:
            job = self.job(job_id)
            yield job
            if job["status"] in FINAL_STATUSES:
                return
            time.sleep(interval_seconds)

    def dead_letters(self) -> list[dict[str, Any]]:
        """Give every queue whose messages can be given back, with how many wait."""
        items: list[dict[str, Any]] = self._request("GET", "/dead-letters")["items"]
        return items

    def redrive(self, queue: str) -> dict[str, Any]:
        """Have the dead letters of a queue handled again."""
        return self._request("POST", f"/dead-letters/{quote(queue, safe='')}/redrive")

    def keys(self) -> list[dict[str, Any]]:
        """Give all API keys that are not revoked, without their values."""
        items: list[dict[str, Any]] = self._request("GET", "/keys")["items"]
        return items

    def make_key(self, client: str, name: str, scope: str) -> dict[str, Any]:
        """Have a key made; the answer alone holds its value."""
        return self._request("POST", "/keys", json={"client": client, "name": name, "scope": scope})

    def revoke_key(self, key_id: str) -> None:
        """Have a key refused from now on."""
        self._ask("DELETE", f"/keys/{quote(key_id, safe='')}")

    def health(self) -> dict[str, Any]:
        """Tell whether the API is well; an answer that it is not is no error."""
        return self._document(self._ask("GET", "/health", also=httpx.codes.SERVICE_UNAVAILABLE))

    def _request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        return self._document(self._ask(method, path, **arguments))

    def _ask(self, method: str, path: str, *, also: int | None = None, **arguments: Any) -> httpx.Response:
        """Make a call; a status from 400 on is an error unless it is expected as well."""
        try:
            answer = self._client.request(method, f"{self._url}{path}", **arguments)
        except httpx.HTTPError as error:
            message = f"The API at {self._url} does not answer: {error}"
            remedy = f"See whether it runs with: python -m local status{self._option()}"
            raise ApiError(message, remedy=remedy) from error
        if answer.status_code >= httpx.codes.BAD_REQUEST and answer.status_code != also:
            raise _refusal(answer)
        return answer

    def _document(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            document: dict[str, Any] = answer.json()
        except ValueError as error:
            message = f"The API answered {answer.status_code} without JSON: {answer.text[:200]}"
            log = "the link api_log among its outputs" if self._deployed else "python -m local logs api"
            raise ApiError(message, remedy=f"See its log with: {log}") from error
        return document

    def _option(self) -> str:
        return f" --deployed {self._deployed}" if self._deployed else ""


def content_type_of(path: Path) -> str:
    """Guess the media type to declare for a file from its name."""
    guessed = mimetypes.guess_type(path.name)[0] or _DEFAULT_CONTENT_TYPE
    return guessed if guessed.startswith(_ACCEPTED_KINDS) else _DEFAULT_CONTENT_TYPE


def _pieces(path: Path, start: int, size_bytes: int, on_bytes: OnBytes) -> Iterator[bytes]:
    with path.open("rb") as source:
        source.seek(start)
        while size_bytes > 0 and (piece := source.read(min(_CHUNK_BYTES, size_bytes))):
            yield piece
            on_bytes(len(piece))
            size_bytes -= len(piece)


def _refusal(answer: httpx.Response) -> ApiError:
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    detail = problem.get("detail") or problem.get("message") or answer.text[:500]
    told = [f"{one.get('field')}: {one.get('message')}" for one in problem.get("errors", [])]
    fields = "; ".join(text for text in told if text not in detail)
    message = f"The API answered {answer.status_code}: {detail}{f' ({fields})' if fields else ''}"
    return ApiError(message, remedy=str(problem.get("remedy") or ""))
