"""One side of the comparison, in a process and an environment of its own: imported, called and served.

Run by `bench.api`; answers on the real standard output, while the handler's log lines go nowhere.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

HANDLERS: Mapping[str, str] = {"ours": "metadata_api.api", "twin": "bench.api.twin.app"}
_CONTEXT = SimpleNamespace(aws_request_id="bench", function_name="api", memory_limit_in_mb=512)


def gateway_event(
    method: str, target: str, headers: Mapping[str, str], body: str | None, caller: str = "bench"
) -> dict[str, Any]:
    """The event that API Gateway would send for a request."""
    parts = urlsplit(target)
    query = parse_qs(parts.query)
    return {
        "resource": "/{proxy+}",
        "path": parts.path,
        "httpMethod": method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {"proxy": parts.path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "stage": "v1",
            "path": f"/v1{parts.path}",
            "requestId": "bench",
            "httpMethod": method,
            "identity": {"sourceIp": "127.0.0.1", "apiKeyId": caller},
        },
        "body": body,
        "isBase64Encoded": False,
    }


def load(name: str) -> Any:
    """Imports a side and gives its Lambda handler."""
    handler = importlib.import_module(HANDLERS[name]).handler
    if name == "ours":
        import ledger.database.settings

        ledger.database.settings.CA_BUNDLE_PATH = Path(os.environ["BENCH_CA_PATH"])
    return handler


def measure_start(name: str, first: dict[str, Any]) -> dict[str, float]:
    """CPU seconds of the import, and of the import with the first answer."""
    started = time.process_time()
    handler = load(name)
    imported = time.process_time() - started
    answer = handler(_event(first), _CONTEXT)
    if answer["statusCode"] >= 400:
        message = f"{name} answered {answer['statusCode']}: {answer['body'][:500]}"
        raise RuntimeError(message)
    return {"import_seconds": imported, "first_answer_seconds": time.process_time() - started}


def measure_calls(name: str, calls: list[dict[str, Any]], seconds: float) -> dict[str, float]:
    """Calls per CPU second of one operation, repeated until enough CPU time has gone by."""
    handler = load(name)
    events = [_event(call) for call in calls]
    for event in events[:50]:
        handler(event, _CONTEXT)
    done, started = 0, time.process_time()
    while time.process_time() - started < seconds:
        for event in events[:100]:
            handler(event, _CONTEXT)
        done += len(events[:100])
    return {"calls_per_cpu_second": done / (time.process_time() - started)}


def answers(name: str, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a side answers to each call."""
    handler = load(name)
    return [handler(_event(call), _CONTEXT) for call in calls]


def serve(name: str, report: Any) -> None:
    """Answers HTTP requests through the handler until the process is ended."""
    handler = load(name)

    class Gateway(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the library's name
            pass

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode() if length else None
            event = gateway_event(
                self.command, self.path, dict(self.headers), body, self.headers.get("X-Caller") or "bench"
            )
            answer = handler(event, _CONTEXT)
            text = answer["body"].encode()
            self.send_response(answer["statusCode"])
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            self.wfile.flush()

        do_GET = do_POST = _answer  # noqa: N815 -- the library's names

    server = HTTPServer(("127.0.0.1", 0), Gateway)
    report.write(json.dumps({"port": server.server_port}) + "\n")
    report.flush()
    server.serve_forever()


def _event(call: Mapping[str, Any]) -> dict[str, Any]:
    body = json.dumps(call["body"]) if call.get("body") is not None else None
    headers = {"Content-Type": "application/json"} if body else {}
    return gateway_event(call["method"], call["target"], headers, body, call.get("caller", "bench"))


def main() -> None:
    """Does what the order on standard input says."""
    order = json.loads(sys.stdin.readline())
    report, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    what, name = order["what"], order["name"]
    if what == "serve":
        serve(name, report)
    elif what == "start":
        report.write(json.dumps(measure_start(name, order["calls"][0])))
    elif what == "answers":
        report.write(json.dumps(answers(name, order["calls"])))
    else:
        report.write(json.dumps(measure_calls(name, order["calls"], order["seconds"])))


if __name__ == "__main__":
    main()
