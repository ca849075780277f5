"""Links for players: what they lead to, what they refuse, and when they end."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid4

import httpx
import m3u8
import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import worker
from local.servers.emulator import EmulatorServer
from metadata_api.api import Application
from metadata_api.environment.playback_token import PlaybackGrant
from metadata_api.environment.resources import Resources
from tests.api_client import Answer, ApiClient
from tests.buckets import make_bucket
from tests.ledger_support import claimed, output_of, queued_job

pytestmark = pytest.mark.integration

MEDIA_PLAYLIST = b"""#EXTM3U
#EXT-X-MAP:URI="720p.mp4",BYTERANGE="7@0"
#EXTINF:4,
#EXT-X-BYTERANGE:3@7
720p.mp4
#EXTINF:4,
#EXT-X-BYTERANGE:3@11
720p.mp4
#EXT-X-ENDLIST
"""
SUBTITLES = {
    "language": "en",
    "label": "English",
    "text": "1\n00:00:00,500 --> 00:00:01,500\nHello <script>there</script>\n",
}
FILES = {
    "720p.mp4": ("720p", "rendition", b"header|one|two"),
    "audio.mp4": ("audio", "audio", b"sound"),
    "poster.jpg": ("poster", "poster", b"picture"),
    "sprite.jpg": ("sprite", "sprite", b"small pictures"),
    "scrub.vtt": ("scrub", "scrub", b"WEBVTT\n\n00:00.000 --> 00:05.000\nsprite.jpg#xywh=0,0,160,90\n"),
    "text-en.vtt": ("text-en", "subtitles", b"WEBVTT\n"),
    "720p.m3u8": ("720p.m3u8", "playlist", MEDIA_PLAYLIST),
    "master.m3u8": ("hls", "manifest", b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n720p.m3u8\n"),
    "manifest.mpd": ("dash", "manifest", b"<MPD><Period><BaseURL>720p.mp4</BaseURL></Period></MPD>"),
}


@dataclass
class Played:
    """A completed video and its API."""

    api: ApiClient
    video_id: UUID
    job_id: UUID
    bucket: str

    def view(self) -> Any:
        answer = self.api.call("GET", f"/metadata/{self.video_id}/playback")
        assert answer.status == 200, answer.text
        return answer.json

    def follow(self, path: str, **changes: str) -> Answer:
        parts = urlsplit(path)
        return self.api.call("GET", parts.path, query=dict(parse_qsl(parts.query)) | changes)


@pytest.fixture
def media_bucket(emulator: EmulatorServer) -> str:
    return make_bucket(emulator, "media")


@pytest.fixture
def played(api: ApiClient, ledger_conn: LedgerConnection, aws: Any, media_bucket: str) -> Played:
    settings = replace(api.settings, media_bucket=media_bucket)
    own = ApiClient(Application(Resources(settings)), settings)
    job = queued_job(ledger_conn)
    claim = claimed(ledger_conn, job)
    records = []
    for file, (name, kind, content) in FILES.items():
        key = f"{claim.output_prefix}{file}"
        aws.client("s3").put_object(Bucket=media_bucket, Key=key, Body=content)
        records.append(output_of(claim, name, kind=kind, key=key, width=None, height=None))
    worker.complete(ledger_conn, claim, records, {}, stack="test", media_bucket=media_bucket)
    return Played(own, job.video_id, job.id, media_bucket)


def test_the_playlists_lead_a_player_without_a_key_to_the_bytes(played: Played) -> None:
    master = played.follow(played.view()["hls"])
    assert master.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    (variant,) = m3u8.loads(master.text).playlists
    media = m3u8.loads(played.follow(f"/playback/{played.job_id}/{variant.uri}").text)

    urls = {segment.uri for segment in media.segments} | {media.segment_map[0].uri}
    assert len(urls) == 1, "one signed URL for each rendition"
    assert [segment.byterange for segment in media.segments] == ["3@7", "3@11"]
    part = httpx.get(urls.pop(), headers={"Range": "bytes=7-9"})
    assert (part.status_code, part.content) == (206, b"one")


def test_the_dash_manifest_and_the_poster_lead_to_the_bytes(played: Played) -> None:
    view = played.view()
    manifest = played.follow(view["dash"])

    assert manifest.headers["Content-Type"] == "application/dash+xml"
    url = manifest.text.partition("<BaseURL>")[2].partition("</BaseURL>")[0].replace("&amp;", "&")
    assert httpx.get(url).content == FILES["720p.mp4"][2]
    assert httpx.get(view["poster_url"]).content == b"picture"
    assert [item["name"] for item in view["renditions"]] == ["720p"]


def test_the_scrub_track_and_the_subtitles_lead_to_the_bytes(played: Played) -> None:
    view = played.view()
    track = played.follow(view["scrub"])

    assert track.headers["Content-Type"] == "text/vtt"
    url, _, part = track.text.splitlines()[-1].partition("#")
    assert (httpx.get(url).content, part) == (b"small pictures", "xywh=0,0,160,90")
    assert httpx.get(view["sprite_url"]).content == b"small pictures"
    (text,) = view["subtitle_files"]
    assert (text["name"], httpx.get(text["url"]).content) == ("text-en", b"WEBVTT\n")


def test_every_link_ends_with_the_answer_that_gave_it(played: Played) -> None:
    view = played.view()
    ends = datetime.fromisoformat(view["expires_at"])
    assert timedelta(minutes=59) < ends - datetime.now(UTC) <= timedelta(hours=1)

    for text in (view["poster_url"], m3u8.loads(playlist(played, view).text).segments[0].uri):
        signed = dict(parse_qsl(urlsplit(text).query))
        since = datetime.strptime(signed["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        assert since + timedelta(seconds=int(signed["X-Amz-Expires"])) <= ends


def playlist(played: Played, view: Any) -> Answer:
    return played.follow(view["hls"].replace("master.m3u8", "720p.m3u8"))


def test_a_link_that_has_ended_answers_403(played: Played) -> None:
    over = PlaybackGrant(video_id=played.video_id, job_id=played.job_id, expires_at=datetime.now(UTC))
    token = Resources(played.api.settings).playback_tokens.issue(over)

    for name in ("master.m3u8", "720p.m3u8", "manifest.mpd"):
        answer = played.follow(f"/playback/{played.job_id}/{name}", token=token)
        assert (answer.status, answer.json["code"]) == (403, "PLAYBACK_LINK_EXPIRED")


def test_a_link_without_its_token_or_with_another_is_refused(played: Played) -> None:
    view = played.view()
    other_job = view["hls"].replace(str(played.job_id), str(uuid4()))

    def code(path: str, **changes: str) -> tuple[int, str]:
        answer = played.follow(path, **changes)
        return answer.status, answer.json["code"]

    assert code(view["hls"].partition("?")[0]) == (400, "VALIDATION_FAILED")
    assert code(view["hls"], token="made-up") == (403, "PLAYBACK_LINK_INVALID")
    assert code(other_job) == (403, "PLAYBACK_LINK_INVALID")
    assert code("/playback/nonsense/master.m3u8", token="x") == (404, "JOB_NOT_FOUND")


@pytest.mark.parametrize("name", ["720p.mp4", "poster.jpg", "1080p.m3u8", "..%2fmaster.m3u8", "hls"])
def test_only_playlists_of_the_job_are_served(played: Played, name: str) -> None:
    answer = played.follow(played.view()["hls"].replace("master.m3u8", name))

    assert (answer.status, answer.json["code"]) == (404, "OUTPUT_NOT_FOUND")


def test_the_links_of_a_deleted_video_lead_nowhere(played: Played) -> None:
    view = played.view()
    assert played.api.call("DELETE", f"/metadata/{played.video_id}").status == 204

    assert played.follow(view["hls"]).json["code"] == "JOB_NOT_FOUND"
    assert played.follow(view["dash"]).json["code"] == "JOB_NOT_FOUND"
    assert played.api.call("GET", f"/metadata/{played.video_id}/playback").json["code"] == "VIDEO_NOT_FOUND"


def test_a_video_without_a_completed_job_cannot_be_played_yet(api: ApiClient) -> None:
    form = {"filename": "a.mp4", "size_bytes": 1, "content_type": "video/mp4"}
    job = api.call("POST", "/jobs", form).json["job"]

    answer = api.call("GET", f"/metadata/{job['video_id']}/playback")

    assert (answer.status, answer.json["code"]) == (409, "VIDEO_NOT_READY")
    assert api.call("GET", f"/metadata/{uuid4()}/playback").status == 404


def test_tokens_are_not_logged(played: Played, caplog: pytest.LogCaptureFixture) -> None:
    path = played.view()["hls"]
    caplog.clear()

    played.follow(path)
    played.follow(path, token="made-up")

    logged = str([vars(record) for record in caplog.records])
    assert "/master.m3u8" in logged
    assert path.partition("token=")[2] not in logged
    assert "made-up" not in logged


def test_players_find_a_track_that_was_added_to_a_finished_video(played: Played) -> None:
    path = f"/metadata/{played.video_id}/subtitles/en"
    stored_before = played.follow(played.view()["hls"]).text

    assert played.api.call("PUT", path, SUBTITLES).status == 200

    view = played.view()
    assert view["subtitles"] == [{"name": "en", "language": "en", "label": "English"}]
    master = m3u8.loads(played.follow(view["hls"]).text)
    track = next(item for item in master.media if item.type == "SUBTITLES")
    base = view["hls"].rsplit("/", 1)[0]
    playlist = m3u8.loads(played.follow(f"{base}/{track.uri}").text)
    assert playlist.is_endlist
    text = played.follow(f"{base}/{playlist.segments[0].uri}")
    assert text.headers["Content-Type"] == "text/vtt"
    assert "Hello there" in text.text
    assert "subtitles/en.vtt?token=" in played.follow(view["dash"]).text
    played.api.call("DELETE", path)
    assert "SUBTITLES" not in played.follow(played.view()["hls"]).text
    assert "SUBTITLES" not in stored_before


def test_a_track_is_not_given_without_a_valid_link(played: Played) -> None:
    played.api.call("PUT", f"/metadata/{played.video_id}/subtitles/en", SUBTITLES)

    answer = played.api.call("GET", f"/playback/{played.job_id}/subtitles/en.vtt", query={"token": "made-up"})

    assert (answer.status, answer.json["code"]) == (403, "PLAYBACK_LINK_INVALID")
