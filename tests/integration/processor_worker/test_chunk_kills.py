"""Tasks of a chunked job killed at random moments: the result is the same, and little is done twice.

Three interruptions in the ordinary run; `make test-chunk-kills` makes ten (`CHUNK_KILLS` sets how many).
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.integration.processor_worker.conftest import Stage
from tests.integration.processor_worker.test_chunks import chunk_clip, manifest_of
from tests.integration.processor_worker.test_process import environment, image

__all__ = ["chunk_clip", "image"]
pytestmark = pytest.mark.integration

KILLS = int(os.environ.get("CHUNK_KILLS", "3"))
SEED = 20_261_121
CHUNKS = ("sound", "window-0000", "window-0001", "window-0002")
STEPS = ("prepare", *CHUNKS, "assemble")
Start = Callable[..., "subprocess.Popen[str]"]


@dataclass(kw_only=True)
class Job:
    """One job whose steps run as processes, as the workflow would start them."""

    stage: Stage
    image: Path
    access: dict[str, Any]
    start: Start
    id: UUID
    seconds: dict[str, float] = field(default_factory=dict)
    calm: dict[str, float] = field(default_factory=dict)
    interrupted: Counter[str] = field(default_factory=Counter)

    def begin(self, step: str) -> "subprocess.Popen[str]":
        """Start the process of one step."""
        is_chunk = step not in {"prepare", "assemble"}
        settings = self.stage.settings(
            self.id,
            self.stage.wait_for_task(),
            step="encode" if is_chunk else step,
            chunk=step if is_chunk else "",
            chunking_mode="always",
            chunk_window_seconds=4,
        )
        return self.start(
            [sys.executable, "-m", "processor"],
            env=environment(self.stage, self.image, settings, self.access),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )

    def finish(self, step: str) -> None:
        """Run one step to its end."""
        started = time.monotonic()
        assert self.begin(step).wait(timeout=120) == 0, step
        self.seconds[step] = time.monotonic() - started

    def kill(self, step: str, share: float, number: signal.Signals) -> None:
        """Start one step and end it early; note whether a chunk was cut short.

        Starting the process takes most of its time, so moments within a chunk count from its claim.
        """
        before = self.starts().get(step, 0)
        process = self.begin(step)
        while step in CHUNKS and self.starts().get(step, 0) == before:
            time.sleep(0.02)
        time.sleep(share * self.calm[step])
        process.send_signal(number)
        process.wait(timeout=60)
        status, starts = self.chunks().get(step, ("", 0))
        if starts > before and status != "DONE":
            self.interrupted[step] += 1

    def chunks(self) -> dict[str, tuple[str, int]]:
        """State and number of starts of each chunk."""
        with self.stage.database.connect() as conn:
            rows = conn.execute("SELECT name, status, starts FROM chunks WHERE job_id = %s", (self.id,))
            return {name: (status, starts) for name, status, starts in rows.fetchall()}

    def chunk_seconds(self) -> dict[str, float]:
        """How long each finished chunk took from its claim."""
        with self.stage.database.connect() as conn:
            rows = conn.execute(
                "SELECT name, extract(epoch FROM finished_at - started_at)::float8 FROM chunks"
                " WHERE job_id = %s",
                (self.id,),
            )
            return dict(rows.fetchall())

    def starts(self) -> dict[str, int]:
        """How often each chunk was begun."""
        return {name: starts for name, (_, starts) in self.chunks().items()}

    def result(self, directory: Path) -> dict[str, list[tuple[int, int, str]]]:
        """Time, length and kind of every frame of every stream, in the order of display.

        Not their bytes: x264 under a rate limit sometimes writes others when it runs with several threads.
        """
        keys = [key for key in self.stage.published() if f"/{self.id}/" in key]
        (prefix,) = (key.removesuffix("/manifest.json") for key in keys if key.endswith("/manifest.json"))
        return {
            item["name"]: self._frames(f"{prefix}/{item['file']}", directory / item["file"])
            for item in manifest_of(self.stage, self.id)["outputs"]
            if item["kind"] in {"rendition", "audio", "download"}
        }

    def _frames(self, key: str, path: Path) -> list[tuple[int, int, str]]:
        self.stage.s3.download_file(self.stage.media_bucket, key, str(path))
        shown = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "packet=pts,duration,flags", "-of", "json",
             str(path)],
            capture_output=True, check=True, timeout=30,
        )  # fmt: skip
        packets: list[dict[str, Any]] = json.loads(shown.stdout)["packets"]
        return sorted((packet["pts"], packet.get("duration", 0), packet["flags"]) for packet in packets)


def test_killed_steps_change_nothing_and_only_chunks_cut_short_are_encoded_again(
    stage: Stage,
    image: Path,
    access: dict[str, Any],
    background: Start,
    chunk_clip: Path,
    tmp_path: Path,
) -> None:
    def order() -> Job:
        return Job(stage=stage, image=image, access=access, start=background, id=stage.order(chunk_clip))

    calm = order()
    for step in STEPS:
        calm.finish(step)
    chance = random.Random(SEED)  # noqa: S311 -- moments, not secrets
    moments = sorted((chance.choice(STEPS), chance.random()) for _ in range(KILLS))
    shaken = order()
    shaken.calm = calm.seconds | calm.chunk_seconds()
    for step in STEPS:
        for _, share in (moment for moment in moments if moment[0] == step):
            number = chance.choice([signal.SIGKILL, signal.SIGTERM])
            shaken.kill(step, share, number)
        shaken.finish(step)

    with stage.database.connect() as conn:
        row = conn.execute(
            "SELECT data FROM events WHERE job_id = %s AND type = 'job.assembled' ORDER BY id DESC LIMIT 1",
            (shaken.id,),
        ).fetchone()
    assert row is not None
    sys.stdout.write(
        f"{KILLS} kills: {json.dumps([(step, round(share, 2)) for step, share in moments])}\n"
        f"encoded again: {row[0]['encoded_again']} {row[0]['which']}, cut short: {dict(shaken.interrupted)}\n"
    )
    whole, again = calm.result(tmp_path), shaken.result(tmp_path)
    assert again == whole
    assert len(again["144p"]) == 300
    assert row[0]["encoded_again"] == shaken.interrupted.total()
    assert row[0]["which"] == sorted(shaken.interrupted)
    assert sum(starts for starts in shaken.starts().values()) == len(STEPS) - 2 + shaken.interrupted.total()
    assert not (stage.shared / str(shaken.id)).exists()
