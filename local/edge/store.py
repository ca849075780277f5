"""The key value store as the edge sees it: a copy that follows what is written, within a second here."""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from local.aws import ROOT, AwsAccess

_SERVICE = "cloudfront-keyvaluestore"
_FOLLOWS_WITHIN_SECONDS = 1.0
_PAGE = 50


class StoreReader:
    """Reads a store of the emulator; safe to share between threads.

    The emulator takes plain version 4 signatures for it, too.

    Args:
        access: Where the emulator is.
        arn: The store.
    """

    def __init__(self, access: AwsAccess, arn: str) -> None:
        self._access = access
        self._arn = arn
        verify: Any = access.ca_path or True  # a path, too, which the stubs do not know
        self._session = URLLib3Session(verify=verify, timeout=10)
        self._lock = threading.Lock()
        self._entries: Mapping[str, str] = {}
        self._read_at = float("-inf")

    def entries(self) -> Mapping[str, str]:
        """Everything in it, at most a second old."""
        with self._lock:
            if time.monotonic() - self._read_at > _FOLLOWS_WITHIN_SECONDS:
                self._entries, self._read_at = self._read(), time.monotonic()
            return self._entries

    def _read(self) -> dict[str, str]:
        query: dict[str, str | int] = {"MaxResults": _PAGE}
        found: dict[str, str] = {}
        while True:
            page = self._ask(f"/keys?{urlencode(query)}")
            found |= {item["Key"]: item["Value"] for item in page.get("Items", [])}
            if not page.get("NextToken"):
                return found
            query["NextToken"] = page["NextToken"]

    def _ask(self, path: str) -> Any:
        url = f"{self._access.endpoint_url}/key-value-stores/{quote(self._arn, safe='')}{path}"
        request = AWSRequest(method="GET", url=url)
        credentials = Credentials(ROOT.access_key_id, ROOT.secret_access_key)
        SigV4Auth(credentials, _SERVICE, self._access.region).add_auth(request)
        answer = self._session.send(request.prepare())
        if answer.status_code != 200:
            message = f"the key value store answered {answer.status_code}"
            raise OSError(message)
        return json.loads(answer.content)
