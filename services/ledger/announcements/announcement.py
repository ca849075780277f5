"""Words for people and facts for machines about a settled job."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from ledger.models import Announcement, Failure, JobWarning, OutputRecord
from ledger.states import JobStatus

MAX_SUBJECT_CHARACTERS = 100  # SNS refuses more
_ELLIPSIS = "..."
_TAIL_CHARACTERS = 12  # keeps the file's extension visible in a shortened name


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What an announcement says about the job itself.

    Attributes:
        source_key: Where the file lies in the ingest bucket.
        elapsed_seconds: From being queued to being settled; None if it was never queued.
    """

    job_id: UUID
    video_id: UUID
    attempt: int
    stack: str
    profile: str
    filename: str
    source_key: str
    size_bytes: int | None
    elapsed_seconds: float | None


def completion(
    facts: JobFacts,
    outputs: Sequence[OutputRecord],
    stage_seconds: Mapping[str, float],
    location: str,
    warnings: Sequence[JobWarning] = (),
) -> Announcement:
    """Tells that a video is ready, what was made, what was odd, how long it took and where it is."""
    durations = [item.duration_seconds for item in outputs if item.duration_seconds]
    lines = [
        f"The video {_visible(facts.filename)} is ready.",
        "",
        f"File:      {_describe_file(facts, max(durations, default=None))}",
        f"From:      {_visible(facts.source_key)}",
        f"Result:    {_describe_outputs(outputs)}",
        *(f"Odd:       {_describe_warning(warning)}" for warning in warnings),
        f"Took:      {_describe_time(facts, stage_seconds)}",
        f"Files:     {location}",
        f"Download:  GET /jobs/{facts.job_id}/download/mp4 on the platform's API gives a link",
        f"Job:       {facts.job_id} (profile {facts.profile}, stack {facts.stack})",
    ]
    return Announcement(
        subject=_subject(f"[{facts.stack}] Video ready: ", facts.filename, ""),
        message="\n".join(lines) + "\n",
        attributes=_attributes(facts, JobStatus.COMPLETED, "none"),
    )


def failed(facts: JobFacts, failure: Failure) -> Announcement:
    """Tells that a video could not be processed, why, and what to do."""
    lines = [
        f"The video {_visible(facts.filename)} could not be processed.",
        "",
        f"File:        {_describe_file(facts, None)}",
        f"From:        {_visible(facts.source_key)}",
        f"Why:         {_visible(failure.message)} ({failure.code})",
        f"What to do:  {_visible(failure.remedy)}",
        f"Took:        {_describe_time(facts, {})}",
        f"Attempts:    {facts.attempt}",
        f"Job:         {facts.job_id} (profile {facts.profile}, stack {facts.stack})",
    ]
    return Announcement(
        subject=_subject(f"[{facts.stack}] Video failed: ", facts.filename, f" ({failure.code})"),
        message="\n".join(lines) + "\n",
        attributes=_attributes(facts, JobStatus.FAILED, failure.code),
    )


def event_id(job_id: UUID, status: JobStatus, attempt: int) -> UUID:
    """Same event, same id, whoever sends it and however often.

    The attempt is part of it: a job that is retried and fails again is a new event.
    """
    return uuid5(job_id, f"{status}/{attempt}")


def _attributes(facts: JobFacts, status: JobStatus, error_code: str) -> dict[str, str]:
    return {
        "event_id": str(event_id(facts.job_id, status, facts.attempt)),
        "event_type": f"job.{status.lower()}",
        "job_id": str(facts.job_id),
        "video_id": str(facts.video_id),
        "stack": facts.stack,
        "profile": facts.profile,
        "error_code": error_code,
    }


def _subject(before: str, filename: str, after: str) -> str:
    before, after = _ascii(before), _ascii(after)
    name = _ascii(_visible(filename)).strip() or "unnamed"
    room = MAX_SUBJECT_CHARACTERS - len(before) - len(after)
    if len(name) > room:
        name = name[: room - _TAIL_CHARACTERS - len(_ELLIPSIS)] + _ELLIPSIS + name[-_TAIL_CHARACTERS:]
    return f"{before}{name}{after}"[:MAX_SUBJECT_CHARACTERS].strip()


def _ascii(text: str) -> str:
    """Letters without their accents, anything else outside printable ASCII as a question mark."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return "".join(char if " " <= char <= "~" else "?" for char in bare)


def _visible(text: str) -> str:
    """Text on one line, without control and direction-changing characters that could forge other lines."""
    return "".join(" " if char in "\r\n\t" else char for char in text if _is_harmless(char)).strip()


def _is_harmless(char: str) -> bool:
    return char in "\r\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _describe_file(facts: JobFacts, duration_seconds: float | None) -> str:
    details = []
    if facts.size_bytes is not None:
        details.append(format_bytes(facts.size_bytes))
    if duration_seconds is not None:
        details.append(f"{format_seconds(duration_seconds)} long")
    return _visible(facts.filename) + (f" ({', '.join(details)})" if details else "")


def _describe_outputs(outputs: Sequence[OutputRecord]) -> str:
    renditions = [item for item in outputs if item.kind == "rendition" and item.height]
    renditions.sort(key=lambda item: item.height or 0, reverse=True)
    shown = ", ".join(f"{item.name} ({item.width}x{item.height})" for item in renditions)
    total = format_bytes(sum(item.size_bytes for item in outputs))
    return f"{shown or 'no pictures'}; {len(outputs)} files, {total} in all"


def _describe_warning(warning: JobWarning) -> str:
    return f"{_visible(warning.message)} ({_visible(warning.code)})"


def _describe_time(facts: JobFacts, stage_seconds: Mapping[str, float]) -> str:
    if facts.elapsed_seconds is None:
        return "nothing: the processing never started"
    stages = ", ".join(f"{stage} {format_seconds(seconds)}" for stage, seconds in stage_seconds.items())
    return format_seconds(facts.elapsed_seconds) + (f" ({stages})" if stages else "")


def format_bytes(count: int) -> str:
    """A byte count for people, in decimal units."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{count} bytes" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def format_seconds(seconds: float) -> str:
    """A span of time for people."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min {rest:02d} s" if hours else f"{minutes} min {rest:02d} s"
