"""What a video plays, after any sequence of orders, ends and pins: the ledger against a model of the rule."""

import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import job_rows, jobs, settlement, worker
from ledger.jobs.failures import failure
from ledger.models import Job
from ledger.overrides import Overrides, Trim
from ledger.states import ErrorCode
from ledger.videos import deletion, pins, playback, videos
from ledger.videos.pins import NotPlayableError
from tests.ledger_support import (
    MEDIA_BUCKET,
    STACK,
    claimed,
    create_object_job,
    new_job,
    new_video,
    output_of,
    source_of,
)

pytestmark = pytest.mark.integration

_STEPS = 24
PLAYS = {"web": "rendition", "audio": "audio", "hevc-to-h264": "download"}
SHOWS = {"thumbnails": "poster", "image": "image"}


@dataclass
class Ordered:
    """A job as the model knows it."""

    job: Job
    profile: str
    trim: bool
    publish: bool
    version: str
    status: str = "QUEUED"


@dataclass
class Model:
    """The rule in plain words: what people were promised."""

    ordered: list[Ordered] = field(default_factory=list)
    pin: UUID | None = None
    deleted: bool = False

    def plays(self) -> UUID | None:
        if self.pin is not None:
            return self.pin
        fit = [o for o in self.ordered if o.status == "COMPLETED" and o.publish and o.profile in PLAYS]
        return fit[-1].job.id if fit else None

    def poster(self) -> UUID | None:
        """The job whose poster is shown: only jobs on pictures make one here."""
        playing = next((o for o in self.ordered if o.job.id == self.plays()), None)
        if playing is None:
            return None
        same = [
            o
            for o in self.ordered
            if (o.version, o.trim) == (playing.version, playing.trim)
            and o.status == "COMPLETED"
            and o.profile == "thumbnails"
        ]
        return same[-1].job.id if same else None


class Walk:
    """One video, on which the same things happen in the ledger and in the model."""

    def __init__(self, conn: LedgerConnection, seed: int) -> None:
        self.conn, self.random, self.model = conn, random.Random(seed), Model()  # noqa: S311 -- repeatable
        self.video_id = new_video(conn)

    def step(self) -> None:
        steps = {self.order: 7, self.end: 8, self.pin: 4, self.unpin: 1, self.retry: 1, self.delete: 0.3}
        chosen = self.random.choices(list(steps), list(steps.values()))[0]
        (self.take_back if self.model.deleted else chosen)()

    def order(self) -> None:
        profile, trim = self.random.choice([*PLAYS, *SHOWS, "web", "thumbnails"]), self.random.random() < 0.25
        said, version = self.random.choice([None, None, True, False]), self.random.choice(["v1", "v1", "v2"])
        publish = (not self.model.ordered or not trim) if said is None else said
        default = not trim or not videos.has_job(self.conn, self.video_id)
        new = new_job(
            self.video_id,
            profile=profile,
            source_key="films/a.mov",
            publish=default if said is None else said,
        )
        job = create_object_job(self.conn, new, source_of(new.source_key, version_id=version))
        if trim:
            jobs.store_overrides(self.conn, job.id, Overrides(trim=Trim(start_seconds=1.0)))
        self.model.ordered.append(Ordered(job, profile, trim, publish, version))

    def end(self) -> None:
        """Any job that runs, so also an older one after a newer one."""
        for ordered in self.some("QUEUED"):
            ordered.status = self.random.choice([*["COMPLETED"] * 5, "FAILED", "CANCELLED"])
            job = job_rows.lock(self.conn, ordered.job.id)
            if ordered.status == "CANCELLED":
                jobs.cancel(self.conn, job.id)
            elif ordered.status == "FAILED":
                settlement.fail(self.conn, job.id, job.attempt, failure(ErrorCode.INTERNAL), stack=STACK)
            else:
                claim = claimed(self.conn, job, task=str(job.id))
                worker.record_source(self.conn, claim, {"of": ordered.version}, 1)
                kind = (PLAYS | SHOWS)[ordered.profile]
                outputs = [output_of(claim, kind, kind=kind)]
                worker.complete(self.conn, claim, outputs, {}, stack=STACK, media_bucket=MEDIA_BUCKET)

    def retry(self) -> None:
        for ordered in self.some("FAILED", "CANCELLED"):
            jobs.retry(self.conn, ordered.job.id)
            ordered.status = "QUEUED"

    def pin(self) -> None:
        for ordered in self.some("QUEUED", "COMPLETED", "FAILED"):
            if ordered.status == "COMPLETED" and ordered.profile in PLAYS:
                pins.pin(self.conn, self.video_id, ordered.job.id, None)
                self.model.pin = ordered.job.id
            else:
                with pytest.raises(NotPlayableError):
                    pins.pin(self.conn, self.video_id, ordered.job.id, None)

    def unpin(self) -> None:
        pins.unpin(self.conn, self.video_id, None)
        self.model.pin = None

    def delete(self) -> None:
        """With its unfinished jobs cancelled, as the API does it."""
        for ordered in self.model.ordered:
            if ordered.status == "QUEUED":
                jobs.cancel(self.conn, ordered.job.id)
                ordered.status = "CANCELLED"
        videos.mark_deleted(self.conn, self.video_id, purge_at_once=False)
        self.model.deleted = True

    def take_back(self) -> None:
        deletion.take_back(self.conn, self.video_id)
        self.model.deleted = False

    def some(self, *statuses: str) -> list[Ordered]:
        fit = [ordered for ordered in self.model.ordered if ordered.status in statuses]
        return [self.random.choice(fit)] if fit else []

    def check_choice(self) -> None:
        video = videos.get(self.conn, self.video_id)
        assert (video is None) == self.model.deleted
        assert video is None or video.current_job_id == self.model.plays()

    def check_playback(self) -> None:
        video, expected = videos.get(self.conn, self.video_id), self.model.plays()
        if video is None:
            assert playback.of_video(self.conn, self.video_id) is None
            return
        if expected is None:
            with pytest.raises(playback.NothingToPlayError):
                playback.of_video(self.conn, self.video_id)
        else:
            found = playback.of_video(self.conn, self.video_id)
            assert found is not None
            assert found.job_id == expected
            poster, shown = self.model.poster(), found.companion("poster")
            assert (poster is None) if shown is None else (f"/{poster}/" in shown.key)
            version = next(o.version for o in self.model.ordered if o.job.id == expected)
            assert video.technical == {"of": version}

    def check_all_play_by_their_ids(self) -> None:
        for ordered in self.model.ordered:
            if ordered.status == "COMPLETED" and not self.model.deleted:
                assert playback.of_job(self.conn, ordered.job.id) is not None


def walk(conn: LedgerConnection, seed: int, sequences: int) -> None:
    for number in range(sequences):
        # Nothing of it stays, so that no step waits for the disk.
        with conn.transaction(force_rollback=True):
            way = Walk(conn, seed + number)
            for position in range(_STEPS):
                try:
                    way.step()
                    way.check_choice()
                    if position % 6 == 5:
                        way.check_playback()
                except Exception as error:
                    error.add_note(f"sequence of seed {seed + number}, step {position + 1}")
                    raise
            way.check_all_play_by_their_ids()


def fresh_seed() -> int:
    seed = random.SystemRandom().randrange(2**32)
    # Shown with a failure, so that the same sequences can be walked again.
    print(f"seed {seed}")  # noqa: T201
    return seed


def test_whatever_happens_to_a_video_it_plays_what_the_rule_says(ledger_conn: LedgerConnection) -> None:
    walk(ledger_conn, fresh_seed(), 15)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_thousand_sequences_end_as_the_rule_says(ledger_conn: LedgerConnection) -> None:
    walk(ledger_conn, fresh_seed(), 2000)


def test_a_second_order_that_fails_or_makes_no_film_takes_no_playback_away(
    ledger_conn: LedgerConnection,
) -> None:
    way = Walk(ledger_conn, 1)
    first = complete(way, "web", kind="rendition")
    complete(way, "thumbnails", kind="poster")
    broken = create_object_job(ledger_conn, new_job(way.video_id), source_of("uploads/x/source"))
    settlement.fail(ledger_conn, broken.id, 1, failure(ErrorCode.INTERNAL), stack=STACK)

    video = videos.get(ledger_conn, way.video_id)

    assert video is not None
    assert (video.current_job_id, video.latest_status) == (first, "FAILED")


def test_an_edit_between_two_writes_of_a_job_meets_the_version_that_was_read(
    ledger_conn: LedgerConnection,
) -> None:
    job = create_object_job(
        ledger_conn, new_job(video_id := new_video(ledger_conn)), source_of("uploads/x/source")
    )
    claim = claimed(ledger_conn, job)
    worker.record_source(ledger_conn, claim, {"format": "mov"}, 1)

    changed = videos.replace(ledger_conn, video_id, videos.VideoDraft(title="Ours"), [1])
    worker.complete(ledger_conn, claim, [output_of(claim)], {}, stack=STACK, media_bucket=MEDIA_BUCKET)

    after = videos.get(ledger_conn, video_id)
    assert changed is not None
    assert after is not None
    assert (changed.version, after.version, after.title) == (2, 2, "Ours")


def complete(way: Walk, profile: str, **output: Any) -> UUID:
    new = new_job(way.video_id, profile=profile, source_key="films/a.mov")
    claim = claimed(way.conn, create_object_job(way.conn, new, source_of(new.source_key)), task=str(new.id))
    outputs = [output_of(claim, **output)]
    worker.complete(way.conn, claim, outputs, {}, stack=STACK, media_bucket=MEDIA_BUCKET)
    return new.id
