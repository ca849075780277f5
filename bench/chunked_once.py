"""Runs the media work once in windows with two workers, as the tasks of a chunked job share it."""

import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from bench.produce_once import took
from media.produce.produce import begin, finish
from media.tools.limits import Budget, Limits
from processor.exchange.shared_files import SharedPlan
from processor.steps.chunks import ChunkedWork, FinishedChunk, cut, encode_chunk, joining
from processor.task.task_size import CGROUPS, measure
from profiles import LadderProfile, get_profile

WINDOW_SECONDS = 8.0
_WORKERS = 2


def main(source: Path, workdir: Path, stages: Path) -> None:
    """Make the `web` outputs of `source` out of chunks that pass through a shared directory."""
    profile = get_profile("web")
    if not isinstance(profile, LadderProfile):
        message = f"the profile {profile.name} makes no ladder, so it is never cut"
        raise TypeError(message)
    work = begin(
        source,
        profile=profile,
        workdir=workdir,
        limits=Limits(),
        size=measure(os.environ, CGROUPS),
        report=lambda _: None,
    )
    chunked = cut(work, WINDOW_SECONDS, None)
    shared = SharedPlan(directory=workdir.parent / "shared")
    with ThreadPoolExecutor(_WORKERS) as pool:
        finished = dict(pool.map(_encoder(chunked, shared, workdir.parent), chunked.names))
    production = finish(work, joining(chunked, finished))
    stages.write_text(json.dumps(took(production)), encoding="utf-8")


def _encoder(
    chunked: ChunkedWork, shared: SharedPlan, parent: Path
) -> Callable[[str], tuple[str, FinishedChunk]]:
    def encode(name: str) -> tuple[str, FinishedChunk]:
        directory = parent / name
        directory.mkdir()
        work = chunked.work
        session = replace(work.session, workdir=directory, budget=Budget(work.session.limits.work_seconds))
        own = replace(chunked, work=replace(work, session=session))
        files, record = encode_chunk(own, name, lambda _: None)
        digest = shared.store(files, record, name, lambda: None)
        loaded = shared.load(name, digest)
        if loaded is None or not shared.is_whole(name, loaded, lambda: None):
            message = f"chunk {name} did not come back as it was stored"
            raise RuntimeError(message)
        return name, FinishedChunk(directory=shared.directory / name, record=loaded)

    return encode


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
