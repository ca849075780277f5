"""Overrides of single jobs: checked against the profile and the bucket before the job is made."""

from typing import TYPE_CHECKING, Final

from ledger.overrides import NAMES, Overrides, Trim, Watermark
from metadata_api.http.problems import Problem, ProblemCode, field_problem
from metadata_api.jobs.sources import find_source
from metadata_api.models.jobs import JobBody
from metadata_api.models.overrides import WatermarkBody
from metadata_api.settings import CreationSettings
from runtime.archive import Access

if TYPE_CHECKING:
    from profiles import Profile

MAX_WATERMARK_BYTES: Final = 10 * 1024 * 1024


def check_overrides(body: JobBody, profile: "Profile", settings: CreationSettings) -> Overrides:
    """What a job asks for beyond its profile, if both allow it.

    Raises:
        Problem: Names the field at fault.
    """
    from profiles import overridable

    allowed = overridable(profile)
    for name in NAMES:
        if getattr(body, name) is not None and name not in allowed:
            can = (
                f"it takes {', '.join(sorted(allowed))}"
                if allowed
                else "it takes no overrides of single jobs"
            )
            raise field_problem(name, f"the profile {profile.name} cannot honour this; {can}")
    trim = body.trim
    return Overrides(
        trim=Trim(start_seconds=trim.start_seconds, end_seconds=trim.end_seconds) if trim else None,
        watermark=_watermark(body.watermark, settings) if body.watermark else None,
        max_height=body.max_height,
        damage=body.damage,
    )


def _watermark(body: WatermarkBody, settings: CreationSettings) -> Watermark:
    """Note which very object lies under the key now: a later one would change what was ordered."""
    try:
        looked_at = find_source(body.source, settings)
    except Problem as problem:
        raise problem.within("watermark") from problem
    found, standing = looked_at.source, looked_at.availability
    if standing.access is not Access.READABLE:
        detail = "watermark: the picture is in the archive; put it into the bucket again, below assets/"
        raise Problem(ProblemCode.SOURCE_ARCHIVED, detail)
    if found.size_bytes > MAX_WATERMARK_BYTES:
        message = f"the picture has {found.size_bytes} bytes; at most {MAX_WATERMARK_BYTES} are accepted"
        raise field_problem("watermark.source.key", message)
    return Watermark(
        bucket=found.bucket,
        key=found.key,
        version_id=found.version_id,
        etag=found.etag,
        position=body.position,
        opacity=body.opacity,
        width_percent=body.width_percent,
    )
