"""Everybody who subscribed hears of both outcomes."""

import pytest

from local.program import ProgramRun
from tests.synthesised import one, resources, role_statements


def test_every_address_is_subscribed_to_the_completion_and_the_error_topic(run: ProgramRun) -> None:
    subscribed: dict[str, set[str]] = {}
    for entry in resources(run, ":TopicSubscription"):
        assert entry.inputs["protocol"] == "email"
        subscribed.setdefault(entry.inputs["endpoint"], set()).add(entry.inputs["topic"])
    assert subscribed
    both = {run.exports["completion_topic_arn"], run.exports["error_topic_arn"]}
    assert all(topics == both for topics in subscribed.values())


def test_new_uploads_reach_the_ingest_function_with_partial_failures_and_a_dead_letter_queue(
    run: ProgramRun,
) -> None:
    mapping, queue = one(run, "ingest-mapping"), one(run, "ingest-queue")
    (ingest,) = [entry for entry in resources(run, "function:Function") if "ingest-ingest" in entry.name]
    assert mapping.inputs["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping.inputs["eventSourceArn"].endswith(queue.inputs["name"])
    assert queue.inputs["visibilityTimeoutSeconds"] >= 6 * ingest.inputs["timeout"]


def test_the_ingest_bucket_reports_objects_and_the_rule_listens_to_that_bucket_only(run: ProgramRun) -> None:
    (notification,) = resources(run, ":BucketNotification")
    assert notification.inputs["eventbridge"] is True
    (rule,) = [entry for entry in resources(run, ":EventRule") if entry.name == "ingest-object-created"]
    assert run.exports["ingest_bucket"] in rule.inputs["eventPattern"]
    assert notification.inputs["bucket"] == run.exports["ingest_bucket"]


@pytest.mark.parametrize(
    ("rule", "function", "minutes"),
    [
        ("ingest-maintain-schedule", "ingest-maintain-function", 1),
        ("webhooks-sweep", "webhooks-dispatch-function", 1),
        ("sweep-schedule", "sweep-sweep-function", 5),
    ],
)
def test_a_scheduled_function_ends_before_its_next_run(
    run: ProgramRun, rule: str, function: str, minutes: int
) -> None:
    unit = "minute" if minutes == 1 else "minutes"
    assert one(run, rule).inputs["scheduleExpression"] == f"rate({minutes} {unit})"
    assert one(run, function).inputs["timeout"] < 60 * minutes


@pytest.mark.parametrize(
    ("role", "function"), [("calls", "webhooks-sender"), ("reports", "webhooks-dispatch")]
)
def test_queues_of_webhooks_feed_one_function_each_and_give_up_into_dead_letters(
    run: ProgramRun, role: str, function: str
) -> None:
    queue, mapping = one(run, f"webhooks-{role}-queue"), one(run, f"webhooks-{role}-mapping")
    assert mapping.inputs["eventSourceArn"].endswith(queue.inputs["name"])
    assert mapping.inputs["functionName"] == one(run, f"{function}-function").inputs["name"]
    assert queue.inputs["visibilityTimeoutSeconds"] >= 6 * one(run, f"{function}-function").inputs["timeout"]
    assert queue.inputs["kmsMasterKeyId"]
    assert f"{queue.inputs['name'].rpartition('-')[0]}-dead-letters" in queue.inputs["redrivePolicy"]


def test_the_sender_is_outside_of_the_network_without_database_and_secrets(run: ProgramRun) -> None:
    sender = one(run, "webhooks-sender-function").inputs
    assert "vpcConfig" not in sender
    assert not [name for name in sender["environment"]["variables"] if "DATABASE" in name or "KEY" in name]
    allowed = {
        action
        for entry in role_statements(run, "webhooks-sender-policy").values()
        for action in entry.actions
    }
    assert {action.partition(":")[0] for action in allowed} == {"sqs", "kms", "logs", "xray"}
    key = run.created[one(run, "encryption-webhooks").urn].outputs["arn"]
    targets = [
        item for entry in role_statements(run, "webhooks-sender-policy").values() for item in entry.targets
    ]
    assert key not in targets


def test_no_stack_trusts_a_host_that_is_not_public(run: ProgramRun) -> None:
    for name in ("webhooks-sender-function", "api-metadata-function"):
        assert one(run, name).inputs["environment"]["variables"]["WEBHOOK_TRUSTED_HOSTS"] == ""
