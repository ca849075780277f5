"""Makes pictures of a video: a poster, some at equal distances, and the sheet with its track."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from media.inspect.inspection import inspect_source
from media.plan.sprite import SHEET_NAME, TRACK_NAME, read_track, write_track
from media.produce.catalogue import ProducedFile, sprite_details
from media.produce.production import Made, Stage, Stages
from media.produce.scan import Scan, ScanOptions, scan
from media.tools.session import Session
from media.verify.error import fail
from media.verify.readback import read_picture
from profiles import ThumbnailsProfile


def make_thumbnails(session: Session, path: Path, profile: ThumbnailsProfile, stages: Stages) -> Made:
    """Make and check everything that a thumbnails profile promises."""
    with stages.during(Stage.INSPECTING):
        source = inspect_source(session, path)
    overrides = ScanOptions(sprite=profile.sprite, poster=profile.poster, thumbnails=profile.thumbnails)
    with stages.during(Stage.ENCODING):
        found = scan(session, source, overrides, stages)
    with stages.during(Stage.PACKAGING):
        placed = _place(found, session.workdir / "output")
    with stages.during(Stage.VERIFYING):
        files = _checked(session, found, placed, profile.thumbnails.count)
    return Made(technical=source.technical(), files=files)


def _place(found: Scan, directory: Path) -> list[Path]:
    """Move what is kept to the output: poster, sheet, track, then the pictures."""
    directory.mkdir()
    track = directory / TRACK_NAME
    track.write_text(write_track(found.sprite_plan, found.video_seconds), encoding="utf-8")
    return [
        found.poster.rename(directory / "poster.jpg"),
        found.sprite.rename(directory / SHEET_NAME),
        track,
        *(
            path.rename(directory / f"thumb-{position:02d}.jpg")
            for position, path in enumerate(found.thumbnails, start=1)
        ),
    ]


def _checked(session: Session, found: Scan, placed: Sequence[Path], count: int) -> list[ProducedFile]:
    """Decode every picture, compare its size, and describe it.

    Raises:
        ProcessingFailedError: A picture is missing or is not what it must be.
    """
    poster, sheet, track, *thumbnails = placed
    if not 1 <= len(thumbnails) <= count:
        fail(f"{len(thumbnails)} pictures were made instead of {count}.")
    plan = found.sprite_plan
    cues = read_track(track.read_text(encoding="utf-8"))
    if len(cues) != plan.cells(found.video_seconds):
        fail(f"The scrub track has {len(cues)} pictures instead of {plan.cells(found.video_seconds)}.")
    checks = [
        partial(_picture, session, poster, "poster", found.poster_size),
        *(
            partial(_picture, session, path, "thumbnail", found.thumbnail_size, {"at_seconds": seconds})
            for path, seconds in zip(thumbnails, found.thumbnail_seconds, strict=True)
        ),
        partial(_picture, session, sheet, "sprite", plan.sheet_size, sprite_details(plan)),
    ]
    pictures = session.together(*checks, workers=session.threads + 1)
    return [*pictures, ProducedFile(path=track, name="scrub", kind="scrub", content_type="text/vtt")]


def _picture(
    session: Session,
    path: Path,
    kind: str,
    size: tuple[int, int],
    details: Mapping[str, float] | None = None,
) -> ProducedFile:
    stream = read_picture(session, path, size)
    return ProducedFile(
        path=path,
        name=path.stem,
        kind=kind,
        content_type="image/jpeg",
        width=stream.width,
        height=stream.height,
        details=dict(details or {}),
    )
