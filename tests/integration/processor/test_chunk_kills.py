"""Tasks of a chunked job killed at random moments: the result is the same, and little is done twice.

Three interruptions in the ordinary run; `make test-chunk-kills` makes ten (`CHUNK_KILLS` sets how many), of
which at least one hits each stage of the job.
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
import redis

from ledger.database.connection import LedgerConnection
from tests.integration.processor.conftest import Stage
from tests.integration.processor.test_chunks import chunk_clip, manifest_of
from tests.integration.processor.test_process import environment, image

__all__ = ["chunk_clip", "image"]
pytestmark = pytest.mark.integration

KILLS = int(os.environ.get("CHUNK_KILLS", "3"))
SEED = 20_261_121
CHUNKS = ("sound", "window-0000", "window-0001", "window-0002")
STEPS = ("prepare", *CHUNKS, "assemble")
PLAN, ENCODE, ASSEMBLE, PUBLISH = STAGES = ("plan", "encode", "assemble", "publish")
Start = Callable[..., "subprocess.Popen[str]"]


@dataclass(kw_only=True)
class Job:
    """One job whose steps run as processes, as the workflow would start them."""

    stage: Stage
    image: Path
    access: dict[str, Any]
    start: Start
    board: redis.Redis
    ledger: LedgerConnection
    id: UUID
    seconds: dict[str, float] = field(default_factory=dict)
    calm: dict[str, float] = field(default_factory=dict)
    hit: list[str] = field(default_factory=list)
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
            [sys.executable, "-m", "processor.start"],
            env=environment(self.stage, self.image, settings, self.access),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )

    def finish(self, step: str) -> None:
        """Run one step to its end, and note how long it took from its claim."""
        fence = self.fence()
        process = self.begin(step)
        wait_until(process, lambda: step in CHUNKS or self.fence() > fence)
        started = time.monotonic()
        assert process.wait(timeout=120) == 0, step
        self.seconds[step] = time.monotonic() - started

    def kill(self, step: str, share: float, number: signal.Signals, *, publishing: bool = False) -> bool:
        """Start one step and end it early, unless it is faster; note what was hit.

        Starting the process takes most of its time, so moments count from the claim. The last step is never
        left to its end: it is killed when it publishes, at the latest.
        """
        before, fence = self.starts().get(step, 0), self.fence()
        process = self.begin(step)

        def publishes() -> bool:
            return step == "assemble" and self.publishes_since(fence)

        def is_claimed() -> bool:
            return self.starts()[step] > before if step in CHUNKS else self.fence() > fence

        wait_until(process, publishes if publishing else is_claimed)
        due = time.monotonic() + share * self.calm[step]
        wait_until(process, lambda: time.monotonic() >= due or publishes())
        stage = PUBLISH if publishes() else ASSEMBLE if step == "assemble" else ENCODE
        was_running = process.poll() is None
        process.send_signal(number)
        process.wait(timeout=60)
        status, starts = self.chunks().get(step, ("", 0))
        if starts > before and status != "DONE":
            self.interrupted[step] += 1
        if was_running:
            name = f"{PLAN if step == 'prepare' else stage}{f' {step}' if step in CHUNKS else ''}"
            self.hit.append(f"{name} ({number.name})")
        return was_running

    def fence(self) -> int:
        """The number of the last hold on the job."""
        row = self.ledger.execute("SELECT fence FROM jobs WHERE id = %s", (self.id,)).fetchone()
        assert row is not None
        return int(row[0])

    def publishes_since(self, fence: int) -> bool:
        """Whether the board shows a hold after `fence` that uploads its outputs."""
        shown = json.loads(self.board.get(f"job:{self.id}:progress") or "{}")
        return shown.get("fence", 0) > fence and shown["stage"] in {"uploading", "publishing"}

    def chunks(self) -> dict[str, tuple[str, int]]:
        """State and number of starts of each chunk."""
        rows = self.ledger.execute("SELECT name, status, starts FROM chunks WHERE job_id = %s", (self.id,))
        return {name: (status, starts) for name, status, starts in rows.fetchall()}

    def unfinished(self) -> list[str]:
        """The chunks that are not done yet."""
        return [name for name, (status, _) in sorted(self.chunks().items()) if status != "DONE"]

    def chunk_seconds(self) -> dict[str, float]:
        """How long each finished chunk took from its claim."""
        rows = self.ledger.execute(
            "SELECT name, extract(epoch FROM finished_at - started_at)::float8 FROM chunks WHERE job_id = %s",
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


def wait_until(process: "subprocess.Popen[str]", reached: Callable[[], bool]) -> None:
    """Wait for a state of a step, or for its end."""
    while process.poll() is None and not reached():
        time.sleep(0.005)


def choose_moments(chance: random.Random) -> dict[str, list[float]]:
    """When to kill, by stage: each stage once, the later ones first, then mostly while chunks are encoded.

    A moment is a share of what the step takes when it is left alone.
    """
    wanted = STAGES[::-1][:KILLS]
    wanted += tuple(chance.choices(STAGES, weights=(2, 4, 2, 1), k=KILLS - len(wanted)))
    moments = {stage: [0.9 * chance.random() for _ in range(wanted.count(stage))] for stage in STAGES}
    # The first one is certain to come before the outputs are published.
    moments[ASSEMBLE] = [0.0, *moments[ASSEMBLE]][: wanted.count(ASSEMBLE)]
    return moments


def shake(job: Job, moments: dict[str, list[float]], chance: random.Random) -> None:
    """Run all steps of a job, with kills; one that came too late is made up for at the next beginning."""

    def number() -> signal.Signals:
        return chance.choice([signal.SIGKILL, signal.SIGTERM])

    for share in moments[PLAN]:
        assert job.kill("prepare", share, number()) or job.kill("prepare", 0.0, number())
    job.finish("prepare")
    for share in moments[ENCODE]:
        while not job.kill(chance.choice(job.unfinished()), share, number()):
            share = 0.0  # noqa: PLW2901
    for chunk in CHUNKS:
        job.finish(chunk)
    for share in moments[ASSEMBLE]:
        assert job.kill("assemble", share, number())
    for _ in moments[PUBLISH]:
        assert job.kill("assemble", 0.0, number(), publishing=True)
    job.finish("assemble")


@pytest.mark.long
def test_killed_steps_change_nothing_and_only_chunks_cut_short_are_encoded_again(
    stage: Stage,
    image: Path,
    access: dict[str, Any],
    background: Start,
    chunk_clip: Path,
    ledger_conn: LedgerConnection,
    tmp_path: Path,
) -> None:
    def order() -> Job:
        return Job(
            stage=stage, image=image, access=access, start=background, board=stage.board_client(),
            ledger=ledger_conn, id=stage.order(chunk_clip),
        )  # fmt: skip

    calm = order()
    for step in STEPS:
        calm.finish(step)
    chance = random.Random(SEED)  # noqa: S311 -- moments, not secrets
    shaken = order()
    shaken.calm = calm.seconds | calm.chunk_seconds()
    shake(shaken, choose_moments(chance), chance)

    row = ledger_conn.execute(
        "SELECT data FROM events WHERE job_id = %s AND type = 'job.assembled' ORDER BY id DESC LIMIT 1",
        (shaken.id,),
    ).fetchone()
    assert row is not None
    sys.stdout.write(
        f"{len(shaken.hit)} kills: {'; '.join(shaken.hit)}\n"
        f"encoded again: {row[0]['encoded_again']} {row[0]['which']}, cut short: {dict(shaken.interrupted)}\n"
    )
    whole, again = calm.result(tmp_path), shaken.result(tmp_path)
    assert again == whole
    assert len(again["144p"]) == 300
    assert len(shaken.hit) == KILLS
    assert {hit.split()[0] for hit in shaken.hit} >= set(STAGES[::-1][:KILLS])
    assert row[0]["encoded_again"] == shaken.interrupted.total()
    assert row[0]["which"] == sorted(shaken.interrupted)
    assert sum(starts for starts in shaken.starts().values()) == len(STEPS) - 2 + shaken.interrupted.total()
    assert not (stage.shared / str(shaken.id)).exists()
