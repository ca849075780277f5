"""Runs one side of the comparison as child processes."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_TIMEOUT_SECONDS = 300
Call = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """A connection to a side's server."""

    connection: http.client.HTTPConnection

    def milliseconds(self, call: Call) -> float:
        """How long one call takes over HTTP; it must succeed, or end with the status that it names."""
        body = json.dumps(call["body"]) if call.get("body") is not None else None
        headers = {"Content-Type": "application/json"} if body else {}
        headers["X-Caller"] = call.get("caller", "bench")
        started = time.perf_counter()
        self.connection.request(call["method"], call["target"], body=body, headers=headers)
        answer = self.connection.getresponse()
        answer.read()
        found = (time.perf_counter() - started) * 1_000
        if answer.status != call.get("status", answer.status) or (
            "status" not in call and answer.status >= http.client.BAD_REQUEST
        ):
            message = f"{call['method']} {call['target']} answered {answer.status}"
            raise RuntimeError(message)
        return found


@dataclass(frozen=True)
class Side:
    """One contender: its name, its interpreter and the environment that both share."""

    name: str
    python: Path
    environment: Mapping[str, str]

    def over(self, environment: Mapping[str, str]) -> "Side":
        """The same contender over another database."""
        return replace(self, environment=environment)

    def start(self, call: Call) -> dict[str, float]:
        """CPU seconds of one fresh import and first answer."""
        return dict(self._ask("start", calls=[call]))

    def rate(self, calls: Sequence[Call], seconds: float) -> float:
        """Calls per CPU second."""
        return float(self._ask("calls", calls=list(calls), seconds=seconds)["calls_per_cpu_second"])

    def answers(self, calls: Sequence[Call]) -> list[dict[str, Any]]:
        """The gateway answers to the calls."""
        return list(self._ask("answers", calls=list(calls)))

    @contextmanager
    def serving(self) -> Iterator[Line]:
        """Answers over HTTP while the block runs."""
        process = self._spawn()
        try:
            assert process.stdin, process.stdout  # noqa: S101 -- both are pipes
            process.stdin.write(json.dumps({"what": "serve", "name": self.name}) + "\n")
            process.stdin.flush()
            port = json.loads(process.stdout.readline())["port"]  # type: ignore[union-attr]
            yield Line(http.client.HTTPConnection("127.0.0.1", port, timeout=30))
        finally:
            process.kill()
            process.communicate()

    def _ask(self, what: str, **order: Any) -> Any:
        process = self._spawn()
        order_text = json.dumps({"what": what, "name": self.name, **order}) + "\n"
        answer, _ = process.communicate(order_text, timeout=_TIMEOUT_SECONDS)
        if process.returncode:
            message = f"{self.name} failed at {what!r}; see above"
            raise RuntimeError(message)
        return json.loads(answer)

    def _spawn(self) -> "subprocess.Popen[str]":
        environment = {
            **self.environment,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(_ROOT), str(_ROOT / "services")]),
        }
        return subprocess.Popen(
            [str(self.python), "-m", "bench.api.contender"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            text=True,
        )
