"""Webhook endpoints through the API: made, shown without secret, changed, listed, deleted."""

from typing import Any
from uuid import UUID

import pytest

from tests.api_client import ApiClient
from tests.integration.functions.webhook_system import WebhookSystem

pytestmark = pytest.mark.integration

BODY = {"url": "https://hooks.example.com/video", "events": ["job.completed", "job.failed"]}
UNKNOWN = "4be1c29c-1a4e-4f0e-9f57-0f2b8f1d7b11"


def made(api: ApiClient, **changes: Any) -> dict[str, Any]:
    answer = api.call("POST", "/webhooks", BODY | changes)
    assert answer.status == 201, answer.text
    return dict(answer.json)


def test_the_secret_is_shown_once_and_never_again(api: ApiClient) -> None:
    created = made(api, description="The console")
    webhook = created["webhook"]
    assert created["secret"].startswith("whsec_")
    assert (webhook["url"], webhook["events"]) == (BODY["url"], BODY["events"])
    assert (webhook["enabled"], webhook["disabled_reason"], webhook["description"]) == (
        True,
        None,
        "The console",
    )

    shown = api.call("GET", f"/webhooks/{webhook['webhook_id']}")
    assert shown.json == webhook
    listed = api.call("GET", "/webhooks")
    assert listed.json["items"] == [webhook]
    assert "whsec_" not in shown.text + listed.text


def test_a_repeated_order_makes_one_endpoint_and_does_not_show_its_secret(api: ApiClient) -> None:
    answers = [api.call("POST", "/webhooks", BODY, headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].json["webhook"] == answers[1].json["webhook"]
    assert (bool(answers[0].json["secret"]), answers[1].json["secret"]) == (True, None)
    assert len(api.call("GET", "/webhooks").json["items"]) == 1

    path = answers[0].headers["Location"]
    assert api.call("DELETE", path).status == 204
    again = api.call("POST", "/webhooks", BODY, headers={"Idempotency-Key": "k1"})
    assert (again.status, again.json["code"]) == (409, "IDEMPOTENT_RESULT_GONE")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": "http://hooks.example.com/"}, "WEBHOOK_URL_NOT_ALLOWED"),
        ({"url": "https://127.0.0.2/"}, "WEBHOOK_URL_NOT_ALLOWED"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "WEBHOOK_URL_NOT_ALLOWED"),
        ({"url": "ftp://hooks.example.com/"}, "VALIDATION_FAILED"),
        ({"url": "https://hooks.example.com/" + "a" * 2048}, "VALIDATION_FAILED"),
        ({"events": []}, "VALIDATION_FAILED"),
        ({"events": ["job.started"]}, "VALIDATION_FAILED"),
        ({"description": "a" * 501}, "VALIDATION_FAILED"),
        ({"secret": "whsec_mine"}, "VALIDATION_FAILED"),
    ],
)
def test_an_endpoint_that_cannot_work_is_refused_with_the_field_named(
    api: ApiClient, changes: dict[str, Any], code: str
) -> None:
    answer = api.call("POST", "/webhooks", BODY | changes)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert answer.json["errors"][0]["field"].split(".")[0] == next(iter(changes))


def test_there_are_at_most_twenty_endpoints(api: ApiClient) -> None:
    for _ in range(20):
        path = f"/webhooks/{made(api)['webhook']['webhook_id']}"
    refused = api.call("POST", "/webhooks", BODY)
    assert (refused.status, refused.json["code"]) == (409, "WEBHOOKS_EXHAUSTED")
    assert api.call("DELETE", path).status == 204
    made(api)


def test_pages_of_endpoints_join_without_gap_or_repeat(api: ApiClient) -> None:
    wanted = [made(api)["webhook"]["webhook_id"] for _ in range(5)][::-1]
    found: list[str] = []
    query = {"limit": "2"}
    while True:
        page = api.call("GET", "/webhooks", query=query).json
        found += [item["webhook_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == wanted


def test_only_what_is_given_is_changed(api: ApiClient) -> None:
    webhook = made(api, description="before")["webhook"]
    path = f"/webhooks/{webhook['webhook_id']}"
    changed = api.call("PATCH", path, {"description": "after", "events": ["job.cancelled"]}).json
    expected = webhook | {
        "description": "after",
        "events": ["job.cancelled"],
        "updated_at": changed["updated_at"],
    }
    assert changed == expected
    disabled = api.call("PATCH", path, {"enabled": False}).json
    assert (disabled["enabled"], disabled["disabled_reason"]) == (False, "REQUESTED")
    assert api.call("PATCH", path, {"url": "https://10.0.0.1/"}).json["code"] == "WEBHOOK_URL_NOT_ALLOWED"
    assert api.call("GET", path).json == disabled


def test_a_disabled_endpoint_gets_no_new_events_and_catches_up_by_replay(webhooks: WebhookSystem) -> None:
    webhook_id, _ = webhooks.endpoint("https://hooks.example.com/", enabled=False)
    webhooks.complete_job()
    webhooks.fail_job()
    assert webhooks.deliveries(webhook_id) == []
    path = f"/webhooks/{webhook_id}"
    webhooks.api.call("PATCH", path, {"enabled": True})
    replayed = webhooks.api.call("POST", f"{path}/replay", {"since": "2020-01-01T00:00:00Z"})
    assert (replayed.status, replayed.json) == (202, {"replayed": 2})
    assert {item["status"] for item in webhooks.deliveries(webhook_id)} == {"PENDING"}


def test_an_endpoint_of_a_client_is_told_about_its_records_only(webhooks: WebhookSystem) -> None:
    theirs, _ = webhooks.endpoint("https://hooks.example.com/theirs", client="second")
    everybodys, _ = webhooks.endpoint("https://hooks.example.com/all")
    ours = webhooks.complete_job()
    handed = webhooks.cancel_job()
    video_id = webhooks.api.call("GET", f"/jobs/{handed}").json["video_id"]
    assert webhooks.api.call("PUT", f"/metadata/{video_id}/client", {"client": "second"}).status == 200
    second = webhooks.complete_job_of(UUID(video_id))

    since = {"since": "2020-01-01T00:00:00Z", "include_delivered": True}
    replayed = webhooks.api.call("POST", f"/webhooks/{theirs}/replay", since)

    assert replayed.json == {"replayed": 1}
    told = {name: {item["job_id"] for item in webhooks.deliveries(name)} for name in (theirs, everybodys)}
    assert told == {theirs: {str(second)}, everybodys: {str(ours), str(handed), str(second)}}


def test_a_replay_leaves_out_what_was_accepted_unless_all_is_asked_for(webhooks: WebhookSystem) -> None:
    webhook_id, _ = webhooks.endpoint("https://hooks.example.com/")
    webhooks.complete_job()
    webhooks.conn.execute("UPDATE webhook_deliveries SET status = 'DELIVERED', delivered_at = now()")
    webhooks.fail_job()
    path = f"/webhooks/{webhook_id}/replay"
    since = {"since": "2020-01-01T00:00:00+02:00"}
    assert webhooks.api.call("POST", path, since).json == {"replayed": 1}
    assert webhooks.api.call("POST", path, since | {"include_delivered": True}).json == {"replayed": 2}
    assert webhooks.api.call("POST", path, {"since": "2999-01-01T00:00:00Z"}).json == {"replayed": 0}


def test_deliveries_are_listed_with_their_event_newest_first(webhooks: WebhookSystem) -> None:
    webhook_id, _ = webhooks.endpoint("https://hooks.example.com/")
    jobs = [str(webhooks.complete_job()), str(webhooks.fail_job())]
    items = webhooks.deliveries(webhook_id)
    assert [(item["job_id"], item["event_type"]) for item in items] == [
        (jobs[1], "job.failed"),
        (jobs[0], "job.completed"),
    ]
    page = webhooks.api.call("GET", f"/webhooks/{webhook_id}/deliveries", query={"limit": "1"}).json
    query = {"limit": "1", "cursor": page["next_cursor"]}
    rest = webhooks.api.call("GET", f"/webhooks/{webhook_id}/deliveries", query=query).json
    assert [*page["items"], *rest["items"]] == items
    assert webhooks.deliveries(webhook_id, status="FAILED") == []


def test_a_test_event_goes_to_the_one_endpoint(webhooks: WebhookSystem) -> None:
    webhook_id, _ = webhooks.endpoint("https://hooks.example.com/", events=["job.failed"])
    other_id, _ = webhooks.endpoint("https://hooks.example.com/")
    answer = webhooks.api.call("POST", f"/webhooks/{webhook_id}/test")
    assert answer.status == 202
    (item,) = webhooks.deliveries(webhook_id)
    assert (item["event_id"], item["event_type"]) == (answer.json["event_id"], "webhook.test")
    assert webhooks.deliveries(other_id) == []


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"enabled": True}),
        ("DELETE", "", None),
        ("POST", "/secret", {}),
        ("POST", "/test", None),
        ("GET", "/deliveries", None),
        ("POST", "/replay", {"since": "2026-01-01T00:00:00Z"}),
        ("POST", f"/events/{UNKNOWN}/replay", None),
    ],
)
def test_an_unknown_or_deleted_endpoint_is_not_found(
    api: ApiClient, method: str, rest: str, body: Any
) -> None:
    deleted = made(api)["webhook"]["webhook_id"]
    assert api.call("DELETE", f"/webhooks/{deleted}").status == 204
    for webhook_id in (UNKNOWN, deleted, "no-id"):
        answer = api.call(method, f"/webhooks/{webhook_id}{rest}", body)
        assert (answer.status, answer.json["code"]) == (404, "WEBHOOK_NOT_FOUND")


def test_an_unknown_event_is_not_found(api: ApiClient) -> None:
    webhook_id = made(api)["webhook"]["webhook_id"]
    answer = api.call("POST", f"/webhooks/{webhook_id}/events/{UNKNOWN}/replay")
    assert (answer.status, answer.json["code"]) == (404, "WEBHOOK_EVENT_NOT_FOUND")
