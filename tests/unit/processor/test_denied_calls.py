"""What callers are told of a call that S3 denied, and what is for the operator's eyes."""

import logging

import pytest
from botocore.exceptions import ClientError

from ledger.states import ErrorCode
from processor.exchange.storage import explain

ACCOUNT, ROLE = "123456789012", "task-task-role-4f1c"
WORDS = (
    f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/0a1b is not authorized to perform: s3:PutObject on "
    f'resource: "arn:aws:s3:::media-bucket-77/videos/v/720p.mp4" with an explicit deny'
)


@pytest.mark.parametrize("code", ["AccessDenied", "403", "KMS.AccessDeniedException"])
def test_the_words_of_a_denial_go_to_the_log_and_to_nobody_else(
    caplog: pytest.LogCaptureFixture, code: str
) -> None:
    response = {"Error": {"Code": code, "Message": WORDS}, "ResponseMetadata": {"HTTPStatusCode": 403}}

    with caplog.at_level(logging.WARNING):
        told = explain(ClientError(response, "PutObject"), "upload 720p.mp4")  # type: ignore[arg-type]

    assert told.code is ErrorCode.ACCESS_DENIED
    assert told.message.startswith("Could not upload 720p.mp4: S3 answered ")
    for secret in (ACCOUNT, ROLE, "arn:", "not authorized"):
        assert secret not in told.message + told.remedy
    (line,) = [record for record in caplog.records if record.msg == "s3_denied"]
    assert line.__dict__["detail"] == WORDS
