"""Who is subscribed to what, and what happens to messages that nobody takes."""

import json
from pathlib import Path

import pytest

from local.program import ProgramRun
from tests.synthesised import one, resources, role_statements, synthesised_with

NUMBER = "+81312345678"
HOOK = "https://hooks.example.com/video"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> ProgramRun:
    """A stack that tells telephones and systems as well."""
    directory: Path = tmp_path_factory.mktemp("project")
    return synthesised_with(
        "dev", directory, notification_sms_numbers=[NUMBER], notification_https_endpoints=[HOOK]
    )


def subscribed(run: ProgramRun, protocol: str) -> set[tuple[str, str]]:
    return {
        (entry.inputs["endpoint"], entry.inputs["topic"].rpartition(":")[2])
        for entry in resources(run, ":TopicSubscription")
        if entry.inputs["protocol"] == protocol
    }


def test_telephones_hear_of_failures_only(told: ProgramRun) -> None:
    assert subscribed(told, "sms") == {(NUMBER, "video-processing-error-dev")}


def test_systems_hear_of_both_outcomes_and_get_many_attempts(told: ProgramRun) -> None:
    topics = ("video-processing-completion-dev", "video-processing-error-dev")
    assert subscribed(told, "https") == {(HOOK, topic) for topic in topics}
    for entry in resources(told, ":TopicSubscription"):
        if entry.inputs["protocol"] == "https":
            policy = json.loads(entry.inputs["deliveryPolicy"])["healthyRetryPolicy"]
            assert 3 <= policy["numRetries"] <= 100
            assert policy["minDelayTarget"] <= policy["maxDelayTarget"] <= 3600
            fixed = sum(policy[f"num{kind}Retries"] for kind in ("NoDelay", "MinDelay", "MaxDelay"))
            assert fixed < policy["numRetries"], "the rest backs off exponentially"


def test_mail_and_telephones_have_no_delivery_policy(told: ProgramRun) -> None:
    for entry in resources(told, ":TopicSubscription"):
        assert ("deliveryPolicy" in entry.inputs) == (entry.inputs["protocol"] == "https")


def test_what_no_subscriber_took_waits_in_the_dead_letter_queue(told: ProgramRun) -> None:
    queue = told.created[one(told, "notifications-dead-letters").urn].outputs["arn"]
    for entry in resources(told, ":TopicSubscription"):
        assert json.loads(entry.inputs["redrivePolicy"]) == {"deadLetterTargetArn": queue}, entry.name


def test_the_dead_letter_queue_takes_messages_of_the_two_topics_only(run: ProgramRun) -> None:
    allowed = role_statements(run, "notifications-dead-letters-policy")
    topics = {run.exports["completion_topic_arn"], run.exports["error_topic_arn"]}
    sources = {
        entry.body["Condition"]["ArnEquals"]["aws:SourceArn"] for entry in allowed.values() if entry.allows
    }
    assert sources == topics


def test_sns_may_use_the_key_of_the_dead_letter_queue(run: ProgramRun) -> None:
    using = role_statements(run, "encryption-messages")["UseNotifications"]
    assert using.body["Principal"] == {"Service": "sns.amazonaws.com"}
    assert set(using.actions) == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_no_queue_may_be_used_as_a_dead_letter_queue_by_strangers(run: ProgramRun) -> None:
    dead = {entry.name for entry in resources(run, "queue:Queue") if entry.name.endswith("-dead-letters")}
    policies = {
        entry.name.removesuffix("-sources"): json.loads(entry.inputs["redriveAllowPolicy"])
        for entry in resources(run, ":RedriveAllowPolicy")
    }
    assert set(policies) == dead
    permissions = {name: policy["redrivePermission"] for name, policy in policies.items()}
    for name in ("ingest-dead-letters", "webhooks-calls-dead-letters", "webhooks-reports-dead-letters"):
        assert permissions.pop(name) == "byQueue"
    assert set(permissions.values()) == {"denyAll"}


def test_a_stack_without_further_endpoints_subscribes_mail_only(run: ProgramRun) -> None:
    assert {entry.inputs["protocol"] for entry in resources(run, ":TopicSubscription")} == {"email"}
