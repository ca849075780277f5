"""Lists stay fast however long they get: the plans of their queries over 100,000 videos and jobs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from ledger import job_queries, videos
from ledger.connection import LedgerConnection, connect
from ledger.videos import VideoFilter
from local.servers.postgres import PostgresServer
from tests.integration.conftest import cloned_ledger
from tests.ledger_support import LedgerDatabase

pytestmark = pytest.mark.integration

ROWS = 100_000
PAGE = 21
START = datetime(2026, 1, 1, tzinfo=UTC)
MIDDLE = (START + timedelta(seconds=ROWS // 2), UUID(int=0))
# One video in a hundred is deleted, one job in ten cancelled, one title in a thousand holds a rare word.
FILL_VIDEOS = f"""
    INSERT INTO videos (id, title, tags, state, created_at, deleted_at)
    SELECT gen_random_uuid(), 'Holiday ' || CASE WHEN n % 1000 = 1 THEN 'rare' ELSE 'common' END,
           ARRAY['all', 'tag' || n % 5000], CASE WHEN n % 10 = 0 THEN 'FAILED' ELSE 'COMPLETED' END,
           timestamptz '2026-01-01 00:00Z' + n * interval '1 second', CASE WHEN n % 100 = 0 THEN now() END
      FROM generate_series(1, {ROWS}) n"""  # noqa: S608 -- constants
FILL_JOBS = """
    INSERT INTO jobs (id, video_id, status, profile, filename, source_bucket, source_key, source_identity,
                      created_at, finished_at)
    SELECT gen_random_uuid(), id, CASE WHEN state = 'FAILED' THEN 'CANCELLED' ELSE 'PENDING' END, 'web',
           'a.mp4', 'bucket', id::text, '', created_at, CASE WHEN state = 'FAILED' THEN now() END
      FROM videos"""


@dataclass
class Explaining:
    """A connection that also runs every query under EXPLAIN and keeps the plans."""

    conn: LedgerConnection
    plans: list[Mapping[str, Any]] = field(default_factory=list)

    def execute(self, query: Any, parameters: Any) -> Any:
        explained = self.conn.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", parameters).fetchone()  # type: ignore[arg-type]
        assert explained is not None
        self.plans.append(explained[0][0]["Plan"])
        return self.conn.execute(query, parameters)


@pytest.fixture(scope="module")
def full_ledger(
    postgres_server: PostgresServer, ledger_template: LedgerDatabase
) -> Iterator[LedgerConnection]:
    with cloned_ledger(postgres_server, ledger_template) as database:
        owner = connect(database.settings, database.owner)
        # Row by row it would take minutes; the states are filled in above.
        owner.execute("ALTER TABLE jobs DISABLE TRIGGER jobs_follow_latest")
        owner.execute(FILL_VIDEOS)  # type: ignore[arg-type]
        owner.execute(FILL_JOBS)
        owner.execute("ANALYZE")
        owner.close()
        conn = database.connect()
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
    filters: dict[str, Any] = {"status": None, "video_id": None, "after": None}
    conn = cast("LedgerConnection", explaining)
    return job_queries.find(conn, limit=PAGE, **filters | wanted)


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
    (plan,) = explaining.plans
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
    found = job_queries.find(full_ledger, status=None, video_id=None, after=None, limit=ROWS // 1000)

    hidden = full_ledger.execute(
        "SELECT count(*) FROM videos WHERE deleted_at IS NOT NULL AND id = ANY (%s)",
        ([job.video_id for job in found],),
    ).fetchone()
    assert (len(found), hidden) == (ROWS // 1000, (0,))
