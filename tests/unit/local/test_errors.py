"""What local mode says about a job that did not complete."""

from local.errors import JobFailedError


def test_a_failed_job_is_reported_with_its_code_message_and_remedy() -> None:
    error = {"code": "NO_VIDEO", "message": "There is no picture.", "remedy": "Send a video."}
    failure = JobFailedError.of({"job_id": "7", "status": "FAILED", "error": error})
    assert str(failure) == "Job 7 ended FAILED: NO_VIDEO: There is no picture. Send a video."
    assert failure.exit_code == 7


def test_a_job_that_ended_without_an_error_is_reported_with_its_state() -> None:
    failure = JobFailedError.of({"job_id": "7", "status": "CANCELLED", "error": None})
    assert failure.message.startswith("Job 7 ended CANCELLED: CANCELLED")
    assert failure.remedy == ""
