"""Subtitles that came beside a video: kept with its record, so that they outlast every processing of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from ledger.access import record_events
from ledger.videos import videos

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection

MAX_TRACKS: Final = 32
_COLUMNS: Final = "name, language, label, cues, ends_seconds, octet_length(webvtt), updated_at"


class TooManyTracksError(ValueError):
    """The video has as many tracks of subtitles as it may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSidecar:
    """A clean track of subtitles.

    Attributes:
        name: Its name in paths; one video has each name once.
        language: A BCP 47 tag.
        label: What players show.
        webvtt: The whole track.
        ends_seconds: When its last text disappears.
    """

    name: str
    language: str
    label: str
    webvtt: str
    cues: int
    ends_seconds: float


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A stored track without its text; the order of its fields is the order of the columns read."""

    name: str
    language: str
    label: str
    cues: int
    ends_seconds: float
    size_bytes: int
    updated_at: datetime


def put(conn: "LedgerConnection", video_id: UUID, new: NewSidecar) -> Sidecar | None:
    """Stores a track inside the caller's transaction, in place of an older one of its name.

    Returns:
        The track as stored; None when there is no such video.

    Raises:
        TooManyTracksError: The video has MAX_TRACKS others.
    """
    if videos.lock(conn, video_id) is None:
        return None
    others = conn.execute(
        "SELECT count(*) FROM sidecars WHERE video_id = %s AND name <> %s", (video_id, new.name)
    ).fetchone()
    if others is not None and others[0] >= MAX_TRACKS:
        message = f"the video has {others[0]} tracks of subtitles; at most {MAX_TRACKS} are kept, delete one"
        raise TooManyTracksError(message)
    row = conn.execute(
        f"""
        INSERT INTO sidecars (video_id, name, language, label, webvtt, cues, ends_seconds)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (video_id, name) DO UPDATE
           SET language = excluded.language, label = excluded.label, webvtt = excluded.webvtt,
               cues = excluded.cues, ends_seconds = excluded.ends_seconds, updated_at = now()
        RETURNING {_COLUMNS}
        """,  # noqa: S608 -- constants
        (video_id, new.name, new.language, new.label, new.webvtt, new.cues, new.ends_seconds),
    ).fetchone()
    record_events.record(conn, video_id, "subtitles.put", {"name": new.name})
    return None if row is None else Sidecar(*row)


def of_video(conn: "LedgerConnection", video_id: UUID) -> Sequence[Sidecar]:
    """All tracks of a video in the order of their names."""
    query = f"SELECT {_COLUMNS} FROM sidecars WHERE video_id = %s ORDER BY name"  # noqa: S608 -- constants
    return [Sidecar(*row) for row in conn.execute(query, (video_id,))]


def text(conn: "LedgerConnection", video_id: UUID, name: str) -> str | None:
    """One track; None when there is no such track, or its video is deleted."""
    row = conn.execute(
        """
        SELECT s.webvtt FROM sidecars s JOIN videos v ON v.id = s.video_id AND v.deleted_at IS NULL
         WHERE s.video_id = %s AND s.name = %s
        """,
        (video_id, name),
    ).fetchone()
    return None if row is None else str(row[0])


def remove(conn: "LedgerConnection", video_id: UUID, name: str) -> bool:
    """Deletes a track; tells whether it was there."""
    with conn.transaction():
        done = conn.execute("DELETE FROM sidecars WHERE video_id = %s AND name = %s", (video_id, name))
        if done.rowcount == 1:
            record_events.record(conn, video_id, "subtitles.removed", {"name": name})
    return done.rowcount == 1
