"""The names of executions that the platform starts, which make a second start of an attempt impossible."""

from uuid import uuid4

import pytest

from runtime.executions import execution_arn, execution_name

MACHINE = "arn:aws:states:ap-northeast-1:123456789012:stateMachine:video-processing-workflow-dev"


@pytest.mark.parametrize("attempt", [1, 2, 17, 999_999_999])
def test_a_name_tells_job_and_attempt_and_fits_step_functions(attempt: int) -> None:
    job_id = uuid4()
    name = execution_name(job_id, attempt)
    assert name == f"{job_id}-{attempt}"
    assert len(name) <= 80


def test_the_arn_of_an_execution_follows_from_the_machines() -> None:
    expected = "arn:aws:states:ap-northeast-1:123456789012:execution:video-processing-workflow-dev:name"
    assert execution_arn(MACHINE, "name") == expected
