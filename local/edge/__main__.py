"""`python -m local.edge SETTINGS PORT`: the edge process of a stack; SETTINGS is a file without secrets."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import ClientError

from local.aws import AwsAccess
from local.edge.cache import DiskCache
from local.edge.function import EdgeFunction
from local.edge.headers import policy_headers
from local.edge.server import Edge, MissingObjectError
from local.edge.store import StoreReader

_CACHE_BYTES = 4 * 1024**3


def build_edge(settings: Mapping[str, Any], port: int, now: Callable[[], float] = time.time) -> Edge:
    """Make the edge of a stack, listening.

    Args:
        settings: As `local.servers.edge` writes them.
        port: Where it listens on loopback.
        now: The clock that the function reads.
    """
    access = AwsAccess(settings["emulator_url"], settings["region"], ca_path=settings["ca_path"])
    reader = StoreReader(access, settings["store_arn"])
    fetch = partial(_fetch, access.client("s3"), settings["bucket"])
    return Edge(
        ("127.0.0.1", port),
        EdgeFunction(settings["code"], reader.entries, now),
        DiskCache(Path(settings["cache_dir"]), _CACHE_BYTES, fetch),
        partial(policy_headers, settings["headers_policy"]),
    )


def _fetch(s3: Any, bucket: str, key: str, file: IO[bytes]) -> Mapping[str, str]:
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            raise MissingObjectError(key) from error
        raise
    for piece in answer["Body"].iter_chunks(1024**2):
        file.write(piece)
    return {name.lower(): value for name, value in answer["ResponseMetadata"]["HTTPHeaders"].items()}


def main(settings_path: str, port: str) -> None:
    """Serve until the process ends."""
    settings = json.loads(Path(settings_path).read_text(encoding="utf-8"))
    with build_edge(settings, int(port)) as edge:
        edge.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
