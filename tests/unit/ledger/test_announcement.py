from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.announcements import announcement
from ledger.announcements.announcement import JobFacts
from ledger.jobs.failures import failure
from ledger.models import Announcement, JobWarning, OutputRecord
from ledger.states import ErrorCode, JobStatus

FACTS = JobFacts(
    job_id=UUID(int=1),
    video_id=UUID(int=2),
    attempt=1,
    stack="dev",
    profile="web",
    filename="holiday.mov",
    source_key="films/2026/holiday.mov",
    size_bytes=12_345_678,
    elapsed_seconds=75.4,
)
ATTRIBUTES = {"event_id", "event_type", "job_id", "video_id", "stack", "profile", "error_code"}


def output(name: str, height: int | None, kind: str = "rendition") -> OutputRecord:
    return OutputRecord(
        name=name,
        kind=kind,
        key=f"videos/{name}",
        content_type="video/mp4",
        size_bytes=1_500_000,
        sha256="a" * 64,
        width=height * 16 // 9 if height else None,
        height=height,
        bitrate_kbps=1000 if kind != "poster" else None,
        duration_seconds=90.5 if kind != "poster" else None,
    )


OUTPUTS = [output("360p", 360), output("1080p", 1080), output("audio", None), output("poster", 720, "poster")]


def ready(facts: JobFacts = FACTS) -> Announcement:
    return announcement.completion(facts, OUTPUTS, {"encoding": 61.0}, "s3://media/videos/2/1/1/")


def broken(facts: JobFacts = FACTS) -> Announcement:
    return announcement.failed(facts, failure(ErrorCode.INPUT_TRUNCATED))


def test_a_completion_says_what_which_file_how_long_and_where() -> None:
    told = ready()

    assert told.subject == "[dev] Video ready: holiday.mov"
    for expected in (
        "holiday.mov (12.3 MB, 1 min 30 s long)",
        "1080p (1920x1080), 360p (640x360); 4 files, 6.0 MB in all",
        "1 min 15 s (encoding 1 min 01 s)",
        "s3://media/videos/2/1/1/",
        f"/jobs/{FACTS.job_id}/download/mp4",
    ):
        assert expected in told.message


def test_both_kinds_say_which_of_the_files_with_this_name_it_was() -> None:
    for told in (ready(), broken()):
        (line,) = (line for line in told.message.splitlines() if line.startswith("From:"))
        assert line.split() == ["From:", "films/2026/holiday.mov"]


def test_a_failure_says_why_and_what_to_do() -> None:
    told = broken()

    assert told.subject == "[dev] Video failed: holiday.mov (INPUT_TRUNCATED)"
    assert "The file ends too early. (INPUT_TRUNCATED)" in told.message
    assert "Upload the complete file." in told.message


def test_a_job_that_never_started_says_so() -> None:
    told = broken(replace(FACTS, size_bytes=None, elapsed_seconds=None))

    assert "the processing never started" in told.message


@pytest.mark.parametrize("told", [ready(), broken()])
def test_all_seven_attributes_are_always_there_and_never_empty(told: Announcement) -> None:
    assert set(told.attributes) == ATTRIBUTES
    assert all(told.attributes.values())


def test_a_completion_has_no_error_code() -> None:
    assert (ready().attributes["error_code"], ready().attributes["event_type"]) == ("none", "job.completed")


def test_the_event_id_is_stable_and_differs_by_job_status_and_attempt() -> None:
    job_id = UUID(int=1)
    ids = {
        announcement.event_id(job_id, JobStatus.FAILED, 1),
        announcement.event_id(job_id, JobStatus.FAILED, 2),
        announcement.event_id(job_id, JobStatus.COMPLETED, 1),
        announcement.event_id(UUID(int=2), JobStatus.FAILED, 1),
    }

    assert len(ids) == 4
    assert announcement.event_id(job_id, JobStatus.FAILED, 1) in ids
    assert broken().attributes["event_id"] == broken().attributes["event_id"]


@given(
    filename=st.text(min_size=1, max_size=300), stack=st.from_regex(r"[a-z][a-z0-9-]{0,29}", fullmatch=True)
)
def test_subjects_are_one_short_line_of_printable_ascii(filename: str, stack: str) -> None:
    facts = replace(FACTS, filename=filename, stack=stack)

    for told in (ready(facts), broken(facts)):
        assert len(told.subject) <= announcement.MAX_SUBJECT_CHARACTERS
        assert told.subject.isascii()
        assert told.subject.isprintable()
        assert told.subject == told.subject.strip()


@given(filename=st.text(min_size=1, max_size=300))
def test_a_file_name_cannot_add_lines_to_the_message(filename: str) -> None:
    expected = len(broken().message.splitlines())

    assert len(broken(replace(FACTS, filename=filename)).message.splitlines()) == expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("Crème brûlée.mov", "Creme brulee.mov"),
        ("映画.mp4", "??.mp4"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\r\nBcc: all.mov", "a  Bcc: all.mov"),
        ("\x00\x07", "unnamed"),
        ("x" * 200 + ".mov", "x" * 66 + "...xxxxxxxx.mov"),
    ],
)
def test_file_names_in_subjects_are_shortened_and_made_harmless(filename: str, expected: str) -> None:
    assert ready(replace(FACTS, filename=filename)).subject == f"[dev] Video ready: {expected}"


def test_an_announcement_survives_its_stored_form() -> None:
    assert Announcement.from_dict(ready().as_dict()) == ready()


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (5_500_000_000_000, "5.5 TB")]
)
def test_byte_counts_read_well(count: int, text: str) -> None:
    assert announcement.format_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 00 s"), (3725, "1 h 02 min 05 s")]
)
def test_spans_of_time_read_well(seconds: float, text: str) -> None:
    assert announcement.format_seconds(seconds) == text


def test_a_completion_names_what_was_odd_on_one_line_each_and_keeps_its_seven_attributes() -> None:
    odd = JobWarning(code="TRACKS_LEFT_OUT", message="Track 9 (x)\nJob: forged", facts={"tracks": 9})

    told = announcement.completion(FACTS, OUTPUTS, {}, "s3://media/videos/2/1/1/", [odd])

    assert "Odd:       Track 9 (x) Job: forged (TRACKS_LEFT_OUT)\n" in told.message
    assert set(told.attributes) == ATTRIBUTES
    assert "Odd:" not in ready().message
