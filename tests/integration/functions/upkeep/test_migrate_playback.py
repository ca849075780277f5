"""A filled ledger of before the playback rule: nothing is lost, and lost playback comes back."""

from importlib import import_module
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from ledger.database.connection import LedgerConnection, connect
from ledger.migrations import versions
from ledger.videos import playback, videos
from tests.integration.functions.upkeep.test_migrate import run
from tests.ledger_support import SHA256, LedgerDatabase

pytestmark = pytest.mark.integration

FACTS = '{"container": "mov"}'


def to_schema_before(owner: LedgerConnection) -> None:
    """Puts the database to the last revision whose code let every completed job take the playback."""
    owner.execute("DROP SCHEMA public CASCADE")
    owner.execute("CREATE SCHEMA public")
    names = sorted(path.stem for path in Path(versions.__path__[0]).glob("0*.py"))
    before = [name for name in names if name < "0016"]
    for name in before:
        revision = import_module(f"ledger.migrations.versions.{name}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(revision, "op", owner)
            revision.upgrade()
    owner.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    owner.execute("INSERT INTO alembic_version VALUES (%s)", (before[-1][:4],))


def add_job(owner: LedgerConnection, video_id: UUID, kind: str | None, overrides: str = "{}") -> UUID:
    """A job that completed with one output, or failed; as the code of then it takes the playback."""
    job_id = uuid4()
    told = '{"subject": "", "message": "", "attributes": {}}'
    owner.execute(
        "INSERT INTO jobs (id, video_id, status, profile, filename, source_bucket, source_key,"
        " source_version_id, uploaded_at, queued_at, started_at, finished_at, announcement,"
        " announcement_route, output_bucket, output_prefix, error_code, overrides)"
        " VALUES (%s, %s, %s, 'web', 'a.mov', 'ingest', 'a.mov', 'v1', now(), now(), now(), now(), %s,"
        " 'DONE', 'media', 'p/', %s, %s)",
        (
            job_id,
            video_id,
            "FAILED" if kind is None else "COMPLETED",
            told,
            "INTERNAL" if kind is None else None,
            overrides,
        ),
    )
    if kind is not None:
        owner.execute(
            "INSERT INTO outputs (job_id, fence, name, kind, key, content_type, size_bytes, sha256)"
            " VALUES (%s, 1, %s, %s, %s, 'video/mp4', 1, %s)",
            (job_id, kind, kind, f"videos/{video_id}/{job_id}/1/{kind}", SHA256),
        )
        owner.execute("UPDATE videos SET current_job_id = %s WHERE id = %s", (job_id, video_id))
    return job_id


def add_video(owner: LedgerConnection) -> UUID:
    video_id = uuid4()
    owner.execute(
        "INSERT INTO videos (id, title, technical, version) VALUES (%s, 'old', %s, 4)", (video_id, FACTS)
    )
    return video_id


def test_a_filled_ledger_plays_again_what_thumbnails_trims_and_failures_had_taken_away(
    ledger_database: LedgerDatabase, ledger_conn: LedgerConnection
) -> None:
    trim = '{"trim": {"start_seconds": 1.0, "end_seconds": null}}'
    with connect(ledger_database.settings, ledger_database.owner) as owner:
        to_schema_before(owner)
        pictured, trimmed, broken, empty, cut, twice = (add_video(owner) for _ in range(6))
        films = [add_job(owner, video_id, "rendition") for video_id in (pictured, trimmed, broken, twice)]
        pictures = add_job(owner, pictured, "poster")
        piece = add_job(owner, trimmed, "rendition", trim)
        add_job(owner, broken, None)
        only_cut = add_job(owner, cut, "rendition", trim)
        newest = add_job(owner, twice, "rendition")

    run(ledger_database)

    found = {video_id: videos.get(ledger_conn, video_id) for video_id in (pictured, trimmed, broken, cut)}
    plays = [video.current_job_id for video in found.values() if video]
    assert plays == [*films[:3], only_cut]
    assert [video.technical for video in found.values() if video] == [{"container": "mov"}] * 4
    assert [video.version for video in found.values() if video] == [4] * 4
    (again, nothing) = (videos.get(ledger_conn, video_id) for video_id in (twice, empty))
    assert again is not None
    assert nothing is not None
    assert (again.current_job_id, nothing.current_job_id) == (newest, None)
    # What plays no longer is still there, and the picture serves the film.
    assert playback.of_job(ledger_conn, piece) is not None
    shown = playback.of_video(ledger_conn, pictured)
    assert shown is not None
    poster = shown.companion("poster")
    assert poster is not None
    assert f"/{pictures}/" in poster.key
