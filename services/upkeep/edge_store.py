"""The edge's key value store: read and written as the CloudFront KeyValueStore API has it, and no other way.

Its data plane takes signatures of version 4A only and one change at a time: each names the state that it
builds on (Amazon CloudFront API reference, "UpdateKeys"; Developer Guide, "Restrictions on CloudFront
Functions"). The SDK's own client would put the account before whatever host it is given, which a stand-in for
AWS does not answer to, so requests are made here.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from botocore.httpsession import URLLib3Session

    from upkeep.sigv4a import SigV4AAuth

_SERVICE: Final = "cloudfront-keyvaluestore"
_PAGE: Final = 50
MOST_CHANGES: Final = 50
"""How many entries one request may put and delete (CloudFront quotas, key value stores)."""
_ATTEMPTS: Final = 5
_TIMEOUT_SECONDS: Final = 10


class EdgeStoreError(RuntimeError):
    """The store refused, or others changed it each time; whoever called tries again later."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the store said."""

    status: int
    etag: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be different."""

    puts: Mapping[str, str]
    deletes: Sequence[str] = ()


class EdgeStore:
    """One store.

    Args:
        arn: Its ARN, which holds the account.
        endpoint: Where it is asked; absent, where AWS has it.
    """

    def __init__(self, arn: str, endpoint: str | None = None) -> None:
        self._arn = arn
        account = arn.split(":")[4]
        known = endpoint or os.environ.get("AWS_ENDPOINT_URL")
        self._endpoint = (known or f"https://{account}.cloudfront-kvs.global.api.aws").rstrip("/")

    @cached_property
    def _auth(self) -> "SigV4AAuth":
        # Only this function needs them, and only when there is something to do.
        import boto3

        from upkeep.sigv4a import SigV4AAuth

        return SigV4AAuth(boto3.Session().get_credentials(), _SERVICE)

    @cached_property
    def _session(self) -> "URLLib3Session":
        """One for all pages and changes, so that they share a connection."""
        from botocore.httpsession import URLLib3Session

        verify: Any = os.environ.get("AWS_CA_BUNDLE") or True  # a path, too, which the stubs do not know
        return URLLib3Session(verify=verify, timeout=_TIMEOUT_SECONDS)

    def entries(self) -> dict[str, str]:
        """Everything in it.

        Raises:
            EdgeStoreError: It cannot be read.
        """
        return {item["Key"]: item["Value"] for page in self._pages() for item in page}

    def change(self, wanted: Callable[[Mapping[str, str]], Changes]) -> int:
        """Reads everything and changes it; begins anew when somebody else was faster.

        Args:
            wanted: Says for what is there what is to be different; asked again after each conflict.

        Returns:
            How many entries were changed.

        Raises:
            EdgeStoreError: It refused, or there was a conflict each time.
        """
        for _ in range(_ATTEMPTS):
            etag = self._ask("GET", "").etag
            changes = wanted(self.entries())
            told = [{"Key": key, "Value": value} for key, value in changes.puts.items()]
            gone = [{"Key": key} for key in changes.deletes][: MOST_CHANGES - len(told)]
            if not told and not gone:
                return 0
            body = {"Puts": told, "Deletes": gone}
            answer = self._ask("POST", "/keys", body=body, etag=etag, also=HTTPStatus.CONFLICT)
            if answer.status == HTTPStatus.OK:
                return len(told) + len(gone)
        message = f"the key value store was changed by others {_ATTEMPTS} times in a row; try again later"
        raise EdgeStoreError(message)

    def _pages(self) -> Iterator[Sequence[Mapping[str, str]]]:
        query: dict[str, str | int] = {"MaxResults": _PAGE}
        while True:
            page = self._ask("GET", f"/keys?{urlencode(query)}").content
            yield page.get("Items", [])
            if not page.get("NextToken"):
                return
            query["NextToken"] = page["NextToken"]

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        etag: str = "",
        also: HTTPStatus = HTTPStatus.OK,
    ) -> Answer:
        from botocore.awsrequest import AWSRequest

        url = f"{self._endpoint}/key-value-stores/{quote(self._arn, safe='')}{path}"
        headers = {"Content-Type": "application/json"} | ({"If-Match": etag} if etag else {})
        data = json.dumps(body).encode() if body is not None else b""
        request = AWSRequest(method=method, url=url, headers=headers, data=data)
        self._auth.add_auth(request)
        answer = self._session.send(request.prepare())
        if answer.status_code not in {HTTPStatus.OK, also}:
            message = f"the key value store answered {answer.status_code} to {method}: {answer.text[:200]}"
            raise EdgeStoreError(message)
        return Answer(answer.status_code, answer.headers.get("ETag", ""), json.loads(answer.content or b"{}"))
