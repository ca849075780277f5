import re
from uuid import UUID, uuid4

import pytest

from runtime.executions import execution_arn, execution_name, parse_execution_name

MACHINE = "arn:aws:states:ap-northeast-1:123456789012:stateMachine:video-processing-workflow-dev"


@pytest.mark.parametrize("attempt", [1, 42, 999_999_999])
def test_a_name_is_valid_and_gives_back_job_and_attempt(attempt: int) -> None:
    job_id = uuid4()
    name = execution_name(job_id, attempt)

    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name)
    assert parse_execution_name(name) == (job_id, attempt)


@pytest.mark.parametrize("name", ["", "by-hand", f"{UUID(int=1)}", f"{UUID(int=1)}-0", f"{UUID(int=1)}-1x"])
def test_other_names_are_not_ours(name: str) -> None:
    assert parse_execution_name(name) is None


def test_an_executions_arn_follows_from_its_machine() -> None:
    expected = "arn:aws:states:ap-northeast-1:123456789012:execution:video-processing-workflow-dev:name"
    assert execution_arn(MACHINE, "name") == expected
