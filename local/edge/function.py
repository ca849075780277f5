"""Runs the code of a CloudFront Function as it was deployed, with stand-ins for its two modules.

What the runtime gives a function is in the CloudFront Developer Guide, "JavaScript runtime 2.0 features for
CloudFront Functions" and "Helper methods for key value stores". QuickJS knows more of the language than that.
"""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import quickjs

Entries = Mapping[str, str]
_IMPORT: Final = "import cf from 'cloudfront';"
# A script has no imports, and the binding loads no modules: the one statement becomes what it means.
_IMPORTED: Final = "const cf = require('cloudfront');"
_MODULES: Final = """
const lookup = (name) => JSON.parse(hostLookup(name));
const modules = {
    cloudfront: { kvs: () => ({
        get: async (name) => {
            const found = lookup(name);
            if (found === null) { throw new Error('KeyNotFound'); }
            return found;
        },
        exists: async (name) => lookup(name) !== null,
    }) },
    crypto: { createHmac: (algorithm, key) => ({
        text: '',
        update(text) { this.text += text; return this; },
        digest(encoding) { return hostHmac(algorithm, key, this.text, encoding); },
    }) },
};
globalThis.require = (name) => {
    if (!(name in modules)) { throw new Error('no module ' + name); }
    return modules[name];
};
// A float: the binding cuts whole numbers down to 32 bits.
Date.now = () => Math.floor(hostNow());
globalThis.run = (event) => {
    globalThis.outcome = null;
    handler(JSON.parse(event)).then(
        (value) => { globalThis.outcome = JSON.stringify({ value }); },
        (error) => { globalThis.outcome = JSON.stringify({ error: String(error) }); },
    );
};
"""


class EdgeFunctionError(RuntimeError):
    """The function failed; CloudFront answers 503 then."""


class EdgeFunction:
    """One function, ready to be called; safe to share between threads, one call at a time.

    Args:
        code: Its source.
        entries: Gives the content of its key value store at each call.
        now: The clock that it reads, in seconds since 1970.
    """

    def __init__(
        self, code: str, entries: Callable[[], Entries], now: Callable[[], float] = time.time
    ) -> None:
        self._entries = entries
        self._now = now
        self._seen: Entries = {}
        self._context = self._made(code)
        self._turn = threading.Lock()

    def _made(self, code: str) -> Any:
        context = quickjs.Context()
        context.add_callable("hostLookup", lambda name: json.dumps(self._seen.get(name)))
        context.add_callable("hostHmac", _hmac)
        context.add_callable("hostNow", lambda: self._now() * 1000.0)
        context.eval(_MODULES)
        context.eval(code.replace(_IMPORT, _IMPORTED, 1))
        return context

    def __call__(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Give what the function makes of a viewer's request: another request, or an answer with statusCode.

        Args:
            request: As in the guide's "Event structure": method, uri, querystring, headers, cookies.

        Raises:
            EdgeFunctionError: It threw, or did not end.
        """
        event = json.dumps({"version": "1.0", "request": request})
        with self._turn:
            self._seen = self._entries()
            try:
                self._context.eval(f"run({json.dumps(event)})")
                while self._context.execute_pending_job():
                    pass
                told = json.loads(self._context.eval("outcome") or "{}")
            except quickjs.JSException as error:
                raise EdgeFunctionError(str(error)) from error
        if "value" not in told:
            raise EdgeFunctionError(told.get("error", "the function did not end"))
        value: dict[str, Any] = told["value"]
        return value


def _hmac(algorithm: str, key: str, text: str, encoding: str) -> str:
    if encoding != "base64url":
        message = f"digest({encoding!r}) is not known here; the function uses 'base64url'"
        raise ValueError(message)
    digest = hmac.digest(key.encode(), text.encode(), getattr(hashlib, algorithm))
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
