"""Everybody who subscribed hears of both outcomes."""

from local.program import ProgramRun
from tests.synthesised import resources


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
    (mapping,) = resources(run, ":EventSourceMapping")
    queue = next(entry for entry in resources(run, "queue:Queue") if "redrivePolicy" in entry.inputs)
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


def test_maintain_runs_every_minute_and_ends_before_its_next_run(run: ProgramRun) -> None:
    (rule,) = [entry for entry in resources(run, ":EventRule") if "scheduleExpression" in entry.inputs]
    assert rule.inputs["scheduleExpression"] == "rate(1 minute)"
    (maintain,) = [entry for entry in resources(run, "function:Function") if "maintain" in entry.name]
    assert maintain.inputs["timeout"] < 60
