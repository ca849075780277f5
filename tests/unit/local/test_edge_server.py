"""The edge of local mode over HTTP: the deployed function before a bucket, ranges, a bounded cache."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

import httpx
import pytest

from local.edge.cache import DiskCache
from local.edge.headers import policy_headers
from local.edge.server import Edge, MissingObjectError
from tests.edge_support import (
    KEY,
    ORIGIN,
    PREFIX,
    TOKEN,
    VIEWING,
    asked_as_it_is,
    edge_function,
    forged_addresses,
)

CONTENT = bytes(range(200))
POLICY = {
    "customHeadersConfig": {"items": [{"header": "cache-control", "value": "private, max-age=3600"}]},
    "securityHeadersConfig": {
        "contentTypeOptions": {"override": True},
        "contentSecurityPolicy": {"contentSecurityPolicy": "sandbox", "override": True},
    },
    "corsConfig": {
        "accessControlAllowOrigins": {"items": [ORIGIN]},
        "accessControlExposeHeaders": {"items": ["Content-Range"]},
    },
}


@dataclass
class Bucket:
    """Objects, and how often each was read."""

    objects: dict[str, bytes] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)

    def fetch(self, key: str, file: IO[bytes]) -> Mapping[str, str]:
        if key not in self.objects:
            raise MissingObjectError(key)
        self.reads.append(key)
        time.sleep(0.02)
        file.write(self.objects[key])
        return {"content-type": "video/mp4", "etag": '"tag"', "x-amz-id-2": "private"}


@pytest.fixture
def bucket() -> Bucket:
    return Bucket({f"{PREFIX}720p.mp4": CONTENT, f"{PREFIX}manifest.json": b"{}"})


@pytest.fixture
def edge(bucket: Bucket, tmp_path: Path) -> Iterator[str]:
    cache = DiskCache(tmp_path / "cache", 1_000, bucket.fetch)
    with Edge(("127.0.0.1", 0), edge_function(), cache, partial(policy_headers, POLICY)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def read(edge: str, name: str = "720p.mp4", method: str = "GET", **headers: str) -> httpx.Response:
    told = {key.replace("_", "-"): value for key, value in headers.items()}
    return httpx.request(method, f"{edge}/t/{TOKEN}/{name}", headers=told)


def test_a_file_comes_whole_with_the_headers_of_the_policy(edge: str) -> None:
    answer = read(edge, origin=ORIGIN)

    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "private, max-age=3600"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "x-amz-id-2" not in answer.headers
    assert "access-control-allow-origin" not in read(edge, origin="https://elsewhere.example").headers


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=190-", 190, 199), ("bytes=-5", 195, 199), ("bytes=150-999", 150, 199)],
)
def test_a_part_of_a_file_is_given_alone(edge: str, asked: str, first: int, last: int) -> None:
    answer = read(edge, range=asked)

    assert (answer.status_code, answer.content) == (206, CONTENT[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/200"


@pytest.mark.parametrize("asked", ["bytes=9-3", "bytes=a-b", "bytes=0-1,5-6", "lines=0-1", "bytes=-"])
def test_what_is_no_single_range_gives_the_whole_file(edge: str, asked: str) -> None:
    assert read(edge, range=asked).status_code == 200


@pytest.mark.parametrize("asked", ["bytes=200-", "bytes=500-600", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_with_the_length(edge: str, asked: str) -> None:
    answer = read(edge, range=asked)

    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */200")


def test_a_range_of_another_version_gives_the_whole_file(edge: str) -> None:
    assert read(edge, range="bytes=0-9", if_range='"tag"').status_code == 206
    assert read(edge, range="bytes=0-9", if_range='"older"').status_code == 200


def test_a_head_tells_the_length_and_gives_nothing(edge: str) -> None:
    answer = read(edge, method="HEAD")

    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "200", b"")
    assert read(edge, if_none_match='"tag"').status_code == 304


def test_what_is_missing_is_not_found(edge: str) -> None:
    assert read(edge, "1080p.mp4").status_code == 404


def test_readers_at_once_share_one_fetch(edge: str, bucket: Bucket) -> None:
    readers = [threading.Thread(target=read, args=(edge,), kwargs={"range": "bytes=0-1"}) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()

    assert bucket.reads == [f"{PREFIX}720p.mp4"]


def test_the_cache_drops_what_was_used_longest_ago(bucket: Bucket, tmp_path: Path) -> None:
    bucket.objects = {name: bytes(400) for name in "abc"}
    cache = DiskCache(tmp_path, 1_000, bucket.fetch)
    for name in ("a", "b", "a", "c", "a", "b"):
        with cache.read(name) as cached:
            assert cached.size_bytes == len(cached.file.read()) == 400

    assert bucket.reads == ["a", "b", "c", "b"]
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 1_000


def test_no_forged_request_gets_a_file_through_the_edge(edge: str, bucket: Bucket) -> None:
    asked = {address: asked_as_it_is(edge, address) for address, _ in forged_addresses(KEY, VIEWING)}
    answers = {address: answer for address, answer in asked.items() if answer is not None}

    assert {address: answer for address, answer in answers.items() if answer[0] != 403} == {}
    assert len(answers) > 40
    assert bucket.reads == []
