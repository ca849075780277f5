"""The task's ARN comes from the ECS metadata endpoint, and its absence is no reason to fail."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from processor.task.task_metadata import METADATA_VARIABLE, TaskLimits, find_task_arn, find_task_limits

ARN = "arn:aws:ecs:ap-northeast-1:123456789012:task/cluster/abc"


ANSWERS = {
    "/v4/good/task": (200, f'{{"TaskARN": "{ARN}"}}'),
    "/v4/sized/task": (200, '{"Limits": {"CPU": 0.5, "Memory": 2048}}'),
    "/v4/odd/task": (200, '{"Limits": {"CPU": "many", "Memory": -1}}'),
    "/v4/text/task": (200, "no json"),
    "/v4/list/task": (200, "[]"),
    "/v4/number/task": (200, '{"TaskARN": 1}'),
    "/v4/broken/task": (500, f'{{"TaskARN": "{ARN}"}}'),
}


class Metadata(http.server.BaseHTTPRequestHandler):
    """Serves the prepared answers by path."""

    def do_GET(self) -> None:
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v4"
        server.shutdown()
        thread.join()


def test_the_arn_is_read_from_the_endpoint(address: str) -> None:
    assert find_task_arn({METADATA_VARIABLE: f"{address}/good"}) == ARN


@pytest.mark.parametrize("answer", ["text", "list", "number", "broken"])
def test_an_unusable_answer_gives_no_arn(address: str, answer: str) -> None:
    assert find_task_arn({METADATA_VARIABLE: f"{address}/{answer}"}) is None


@pytest.mark.parametrize("value", ["", "file:///etc/passwd", "http://", "not a url", "http://127.0.0.1:1/v4"])
def test_no_usable_endpoint_gives_no_arn(value: str) -> None:
    assert find_task_arn({METADATA_VARIABLE: value}) is None
    assert find_task_arn({}) is None


def test_the_size_of_the_task_is_read_from_the_endpoint(address: str) -> None:
    assert find_task_limits({METADATA_VARIABLE: f"{address}/sized"}) == TaskLimits(0.5, 2048 * 1024 * 1024)


@pytest.mark.parametrize("answer", ["good", "odd", "text", "list", "broken"])
def test_an_unusable_answer_says_nothing_of_the_size(address: str, answer: str) -> None:
    assert find_task_limits({METADATA_VARIABLE: f"{address}/{answer}"}) == TaskLimits()
