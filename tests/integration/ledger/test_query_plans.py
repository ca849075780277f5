"""Lists stay fast however long they get: the plans of their queries over 100,000 videos and jobs."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from psycopg import Connection, Rollback, sql

from ledger.database.connection import LedgerConnection, connect
from ledger.errors import QueueFullError
from ledger.jobs import job_queries
from ledger.jobs.job_queries import JobFilter
from ledger.turns import admission
from ledger.videos import videos
from ledger.videos.videos import VideoFilter
from tests.integration.conftest import cloned_ledger
from tests.ledger_support import LedgerDatabase

pytestmark = [pytest.mark.integration, pytest.mark.long]

ROWS = 100_000
PAGE = 21
START = datetime(2026, 1, 1, tzinfo=UTC)
MIDDLE = (START + timedelta(seconds=ROWS // 2), UUID(int=0))
# One video in a hundred is deleted, one job in ten cancelled, one title in a thousand holds a rare word.
FILL_VIDEOS = f"""
    INSERT INTO videos (id, client, title, tags, state, created_at, deleted_at)
    SELECT gen_random_uuid(), 'default', 'Holiday ' || CASE WHEN n % 1000 = 1 THEN 'rare' ELSE 'common' END,
           ARRAY['all', 'tag' || n % 5000], CASE WHEN n % 10 = 0 THEN 'FAILED' ELSE 'COMPLETED' END,
           timestamptz '2026-01-01 00:00Z' + n * interval '1 second', CASE WHEN n % 100 = 0 THEN now() END
      FROM generate_series(1, {ROWS}) n"""  # noqa: S608 -- constants
FILL_JOBS = """
    INSERT INTO jobs (id, video_id, owner, status, profile, filename, source_bucket, source_key,
                      source_identity, created_at, finished_at)
    SELECT gen_random_uuid(), id, 'default',
           CASE WHEN state = 'FAILED' THEN 'CANCELLED' ELSE 'PENDING' END,
           'web', 'a.mp4', 'bucket', id::text, '', created_at,
           CASE WHEN state = 'FAILED' THEN now() END
      FROM videos"""


# Two keys have jobs in the queue: one of them 20,000 that wait.
FILL_QUEUE = """
    INSERT INTO job_owners (owner) VALUES ('busy'), ('calm');
    UPDATE jobs SET status = 'QUEUED', uploaded_at = created_at, queued_at = created_at, priority = n % 10,
           owner = CASE WHEN n <= 20000 THEN 'busy' ELSE 'calm' END,
           dispatched_at = CASE WHEN n <= 10 THEN now() END
      FROM (SELECT id, row_number() OVER (ORDER BY created_at) n FROM jobs WHERE status = 'PENDING') j
     WHERE jobs.id = j.id AND n <= 20100"""


@dataclass
class Explaining:
    """A connection that also runs every query under EXPLAIN and keeps the plans.

    Of a statement that is kept prepared also the plan that it may get for all values at once.
    """

    conn: LedgerConnection
    plans: list[Mapping[str, Any]] = field(default_factory=list)

    def transaction(self) -> Any:
        return self.conn.transaction()

    def execute(self, query: Any, parameters: Any, *, prepare: bool = False) -> Any:
        if "UPDATE" in query:  # ANALYZE would do it, and then it is done twice
            return self.conn.execute(query, parameters)
        explained = self.conn.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", parameters).fetchone()
        assert explained is not None
        self.plans.append(explained[0][0]["Plan"])
        answer = self.conn.execute(query, parameters, prepare=prepare)
        if prepare:
            self.plans.append(self._plan_for_all_values(query, parameters))
        return answer

    def _plan_for_all_values(self, query: str, parameters: Any) -> Mapping[str, Any]:
        named = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", query)))
        values = [parameters[name] for name in named] if named else list(parameters)
        latest = "SELECT name FROM pg_prepared_statements ORDER BY prepare_time DESC LIMIT 1"
        statement = self.conn.execute(latest).fetchone()
        assert statement is not None
        execute = sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE {}").format(sql.Identifier(statement[0]))
        if values:
            execute += sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Literal, values)))
        self.conn.execute("SET plan_cache_mode = force_generic_plan")
        explained = self.conn.execute(execute).fetchone()
        self.conn.execute("RESET plan_cache_mode")
        # Whatever is asked next is prepared anew, and so the latest.
        self.conn.execute("DEALLOCATE ALL")
        assert explained is not None
        return cast("Mapping[str, Any]", explained[0][0]["Plan"])


@pytest.fixture(scope="module")
def full_ledger(administration: Connection, ledger_template: LedgerDatabase) -> Iterator[LedgerConnection]:
    with cloned_ledger(administration, ledger_template) as database:
        owner = connect(database.settings, database.owner)
        # Row by row it would take minutes; the states are filled in above.
        owner.execute("ALTER TABLE jobs DISABLE TRIGGER jobs_follow_latest")
        owner.execute(FILL_VIDEOS)
        owner.execute(FILL_JOBS)
        owner.execute(FILL_QUEUE)
        owner.execute("VACUUM ANALYZE")
        owner.close()
        conn = connect(replace(database.settings, prepares=True), database.application)
        yield conn
        conn.close()


@pytest.fixture
def explaining(full_ledger: LedgerConnection) -> Explaining:
    return Explaining(full_ledger)


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def rows_touched(plan: Mapping[str, Any]) -> float:
    """Rows that the scans gave or threw away."""
    scans = [node for node in nodes(plan) if "Scan" in node["Node Type"]]
    per_loop = [(node["Actual Rows"] + node.get("Rows Removed by Filter", 0), node) for node in scans]
    return float(sum(rows * node["Actual Loops"] for rows, node in per_loop))


def kinds(plan: Mapping[str, Any]) -> set[str]:
    return {node["Node Type"] for node in nodes(plan)}


def find_jobs(explaining: Explaining, **wanted: Any) -> list[Any]:
    after = wanted.pop("after", None)
    conn = cast("LedgerConnection", explaining)
    return job_queries.find(conn, JobFilter(**wanted), after=after, limit=PAGE)


def find_videos(explaining: Explaining, **wanted: Any) -> list[Any]:
    after = wanted.pop("after", None)
    conn = cast("LedgerConnection", explaining)
    return videos.find(conn, VideoFilter(**wanted), after=after, limit=PAGE)


@pytest.mark.parametrize(
    ("find", "wanted"),
    [
        (find_jobs, {}),
        (find_jobs, {"after": MIDDLE}),
        (find_jobs, {"status": "CANCELLED"}),
        (find_jobs, {"status": "CANCELLED", "after": MIDDLE}),
        (find_videos, {}),
        (find_videos, {"after": MIDDLE}),
        (find_videos, {"state": "COMPLETED"}),
        (find_videos, {"state": "FAILED", "after": MIDDLE}),
        (find_videos, {"created_after": START + timedelta(hours=1), "created_before": MIDDLE[0]}),
        (find_videos, {"tags": ("all",)}),
        (find_videos, {"text": "common"}),
        (find_videos, {"text": "holiday", "after": MIDDLE}),
    ],
)
def test_a_page_is_read_off_an_index_in_its_order(
    explaining: Explaining, find: Callable[..., list[Any]], wanted: dict[str, Any]
) -> None:
    rows = find(explaining, **wanted)

    assert len(rows) == PAGE
    for plan in explaining.plans:
        assert kinds(plan).isdisjoint({"Seq Scan", "Sort", "Incremental Sort", "Hash Join", "Merge Join"})
        assert rows_touched(plan) <= 10 * PAGE


@pytest.mark.parametrize("wanted", [{"text": "rare"}, {"tags": ("tag7",)}, {"text": "rare", "after": MIDDLE}])
def test_a_rare_word_or_tag_is_looked_up_and_only_its_rows_are_sorted(
    explaining: Explaining, wanted: dict[str, Any]
) -> None:
    assert find_videos(explaining, **wanted)

    (plan,) = explaining.plans
    assert "Bitmap Index Scan" in kinds(plan)
    assert "Seq Scan" not in kinds(plan)
    assert rows_touched(plan) <= ROWS / 100


def test_the_jobs_of_one_video_are_read_off_its_index(explaining: Explaining) -> None:
    (newest, *_) = find_jobs(explaining)

    assert find_jobs(explaining, video_id=newest.video_id) == [newest]
    assert kinds(explaining.plans[-1]).isdisjoint({"Seq Scan", "Sort"})
    assert rows_touched(explaining.plans[-1]) <= PAGE


def test_jobs_of_deleted_videos_are_passed_over(full_ledger: LedgerConnection) -> None:
    found = job_queries.find(full_ledger, JobFilter(), after=None, limit=ROWS // 1000)

    hidden = full_ledger.execute(
        "SELECT count(*) FROM videos WHERE deleted_at IS NOT NULL AND id = ANY (%s)",
        ([job.video_id for job in found],),
    ).fetchone()
    assert (len(found), hidden) == (ROWS // 1000, (0,))


def test_the_next_job_is_found_without_reading_the_queue(explaining: Explaining) -> None:
    with explaining.conn.transaction() as undone:
        admitted = admission.admit(cast("LedgerConnection", explaining), 20)
        raise Rollback(undone)

    assert admitted is not None
    for plan in explaining.plans:
        assert "Seq Scan" not in {
            node["Node Type"] for node in nodes(plan) if node.get("Relation Name") == "jobs"
        }
        assert rows_touched(plan) <= 100


def test_a_full_house_and_a_full_queue_are_told_off_an_index(explaining: Explaining) -> None:
    conn = cast("LedgerConnection", explaining)

    assert admission.admit(conn, 10) is None
    with pytest.raises(QueueFullError):
        admission.check_room(conn, "busy", 1, 1000)

    for plan in explaining.plans:
        assert "Seq Scan" not in kinds(plan), plan
    assert rows_touched(explaining.plans[-1]) <= 2002


@pytest.mark.parametrize("priority", [0, 9])
def test_the_place_in_the_queue_costs_at_most_what_is_shown(explaining: Explaining, priority: int) -> None:
    row = explaining.conn.execute(
        "SELECT id FROM jobs WHERE owner = 'busy' AND priority = %s AND dispatched_at IS NULL"
        " ORDER BY queued_at LIMIT 1",
        (priority,),
    ).fetchone()
    assert row is not None

    detail = job_queries.get(cast("LedgerConnection", explaining), row[0])

    assert detail is not None
    assert detail.queue_position == (1 if priority == 9 else None)
    for plan in explaining.plans:
        assert rows_touched(plan) <= 2 * job_queries.MAX_QUEUE_POSITION + 10


@pytest.mark.parametrize("word", ["rare", "common", "absent"])
def test_pages_of_a_search_hold_every_record_with_the_word_once_and_in_order(
    full_ledger: LedgerConnection, word: str
) -> None:
    wanted = full_ledger.execute(
        "SELECT id FROM videos WHERE deleted_at IS NULL AND title ~* %s AND (created_at, id) < (%s, %s)"
        " ORDER BY created_at DESC, id DESC LIMIT 200",
        (rf"\m{word}\M", *MIDDLE),
    ).fetchall()
    found: list[tuple[UUID]] = []
    after: tuple[datetime, UUID] | None = MIDDLE
    while after is not None and len(found) < 200:
        page = videos.find(full_ledger, VideoFilter(text=word), after=after, limit=25)
        found += [(video.id,) for video in page]
        after = (page[-1].created_at, page[-1].id) if page else None

    assert found == wanted
    assert len(wanted) == {"rare": 50, "common": 200, "absent": 0}[word]
