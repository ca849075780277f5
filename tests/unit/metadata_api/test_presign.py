from datetime import UTC, datetime, timedelta
from email.message import Message
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata_api.environment.presign import Presigner, StoredObject, content_disposition
from runtime.multipart import OpenUpload

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.fixture
def presigner(monkeypatch: pytest.MonkeyPatch) -> Presigner:
    # The default session would keep these credentials for all later tests.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    return Presigner()


def upload_url(
    presigner: Presigner, **changes: object
) -> tuple[SplitResult, dict[str, list[str]], dict[str, str]]:
    order = {
        "bucket": "ingest-bucket",
        "key": "uploads/1/source",
        "size_bytes": 123,
        "content_type": "video/mp4",
        "sha256": None,
    }
    ticket = presigner.upload(**(order | changes))  # type: ignore[arg-type]
    parts = urlsplit(ticket["url"])
    return parts, parse_qs(parts.query), ticket["headers"]


def test_an_upload_link_names_the_bucket_in_a_regional_host(presigner: Presigner) -> None:
    parts, _, _ = upload_url(presigner)

    assert parts.scheme == "https"
    assert parts.netloc == "ingest-bucket.s3.ap-northeast-1.amazonaws.com"
    assert parts.path == "/uploads/1/source"


AWKWARD_KEYS = ["uploads/1/source", "a b+c", "\u6620\u753b/%2e/~x", "//a/../b", "a?b=c&d#e", "/", "'\"<>"]


@pytest.mark.parametrize("key", AWKWARD_KEYS)
def test_links_are_those_that_the_client_itself_would_sign(
    presigner: Presigner, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 -- the signer works with naive UTC
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: now)
    put = {"Bucket": "b-1", "Key": key, "ContentLength": 5, "ContentType": "video/mp4"}
    part = {"Bucket": "b-1", "Key": key, "UploadId": "u/+ 1", "PartNumber": 7, "ContentLength": 5}
    upload = OpenUpload(bucket="b-1", key=key, upload_id="u/+ 1")
    stored = StoredObject(
        bucket="b-1",
        key=key,
        filename="a b.mp4",
        content_type="video/mp4",
        size_bytes=1,
        version_id="v+1",
    )
    get = {
        "Bucket": "b-1",
        "Key": key,
        "VersionId": "v+1",
        "ResponseContentType": "video/mp4",
        "ResponseContentDisposition": content_disposition("a b.mp4"),
    }

    sign = presigner._client.generate_presigned_url
    pairs = [
        (
            presigner.upload(bucket="b-1", key=key, size_bytes=5, content_type="video/mp4", sha256=None)[
                "url"
            ],
            sign("put_object", Params=put, ExpiresIn=900),
        ),
        (presigner.part(upload, 7, 5), sign("upload_part", Params=part, ExpiresIn=900)),
        (presigner.download(stored)["download_url"], sign("get_object", Params=get, ExpiresIn=3_600)),
    ]

    for ours, theirs in pairs:
        assert urlsplit(ours)[:3] == urlsplit(theirs)[:3]
        assert parse_qs(urlsplit(ours).query) == parse_qs(urlsplit(theirs).query)


def test_an_upload_link_is_sigv4_and_lasts_a_quarter_of_an_hour(presigner: Presigner) -> None:
    _, query, _ = upload_url(presigner)

    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["900"]
    assert "/ap-northeast-1/s3/aws4_request" in query["X-Amz-Credential"][0]


@pytest.mark.parametrize("size_bytes", [0, 1, 5_000_000_000])
def test_length_and_type_are_signed_and_given_to_the_caller(presigner: Presigner, size_bytes: int) -> None:
    _, query, headers = upload_url(presigner, size_bytes=size_bytes)

    assert query["X-Amz-SignedHeaders"] == ["content-length;content-type;host"]
    assert headers == {"Content-Type": "video/mp4", "Content-Length": str(size_bytes)}


def test_a_checksum_is_signed_when_it_is_known(presigner: Presigner) -> None:
    _, query, headers = upload_url(presigner, sha256=SHA256)

    assert query["X-Amz-SignedHeaders"] == ["content-length;content-type;host;x-amz-checksum-sha256"]
    assert headers["x-amz-checksum-sha256"] == "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="


def test_the_promised_end_is_not_after_the_real_one(presigner: Presigner) -> None:
    before = datetime.now(UTC)

    ticket = presigner.upload(bucket="b-1", key="k", size_bytes=1, content_type="video/mp4", sha256=None)

    end = datetime.fromisoformat(ticket["expires_at"])
    signed_at = datetime.strptime(parse_qs(urlsplit(ticket["url"]).query)["X-Amz-Date"][0], "%Y%m%dT%H%M%S%z")
    assert end <= signed_at + timedelta(seconds=901)
    assert end >= before + timedelta(seconds=899)


def test_a_download_link_lasts_an_hour_and_saves_under_a_safe_name(presigner: Presigner) -> None:
    stored = StoredObject(
        bucket="media-bucket",
        key="videos/1/a b.mp4",
        filename='evil".mp4',
        content_type="video/mp4",
        size_bytes=9,
        version_id="v7",
    )

    link = presigner.download(stored)

    query = parse_qs(urlsplit(link["download_url"]).query)
    assert query["X-Amz-Expires"] == ["3600"]
    assert query["versionId"] == ["v7"]
    assert query["response-content-type"] == ["video/mp4"]
    assert query["response-content-disposition"] == [
        "attachment; filename=\"evil_.mp4\"; filename*=UTF-8''evil_.mp4"
    ]


@given(st.text(min_size=1, max_size=255).filter(lambda text: text < "\ud800" or text.isprintable()))
def test_any_name_makes_one_well_formed_header(name: str) -> None:
    if any(0xD800 <= ord(char) <= 0xDFFF for char in name):
        return
    header = content_disposition(name)

    assert header.isascii()
    assert "\r" not in header
    assert "\n" not in header
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_content_disposition() == "attachment"
    assert "/" not in unquote(header.split("''")[1])
    assert "\\" not in unquote(header.split("''")[1])
