"""Where work runs and how it is told: ECS, Step Functions, Lambda, SQS and SNS."""

import json

import pytest

from tests.deployed.stack import DeployedStack

FUNCTIONS = ("api", "ingest", "outcome", "maintain", "sweep", "webhooks", "migrate")


def test_the_cluster_is_active_and_offers_both_kinds_of_fargate(stack: DeployedStack) -> None:
    answer = stack.aws("ecs").describe_clusters(
        clusters=[stack.outputs["ecs_cluster_arn"]], include=["SETTINGS"]
    )
    (cluster,) = answer["clusters"]
    assert cluster["status"] == "ACTIVE"
    assert cluster["clusterName"] == stack.outputs["ecs_cluster_name"]
    assert set(cluster["capacityProviders"]) == {"FARGATE", "FARGATE_SPOT"}
    settings = {item["name"]: item["value"] for item in cluster["settings"]}
    assert settings["containerInsights"] in {"enabled", "enhanced"}


def test_the_task_runs_as_nobody_special_on_a_read_only_disk(stack: DeployedStack) -> None:
    answer = stack.aws("ecs").describe_task_definition(taskDefinition=stack.outputs["task_definition_arn"])
    task = answer["taskDefinition"]
    (container,) = task["containerDefinitions"]
    assert task["networkMode"] == "awsvpc"
    assert task["executionRoleArn"] != task["taskRoleArn"]
    assert container["readonlyRootFilesystem"] is True
    assert container["user"].partition(":")[0] not in {"", "0", "root"}
    assert container["stopTimeout"] == 120
    assert {secret["name"] for secret in container["secrets"]} == {
        "DATABASE_USERNAME",
        "DATABASE_PASSWORD",
        "REDIS_AUTH_TOKEN",
    }
    volumes = [
        volume["efsVolumeConfiguration"] for volume in task["volumes"] if "efsVolumeConfiguration" in volume
    ]
    assert [volume["transitEncryption"] for volume in volumes] == ["ENABLED"]
    assert [volume["fileSystemId"] for volume in volumes] == [stack.outputs["efs_file_system_id"]]


def test_the_state_machine_is_active_and_logs_everything(stack: DeployedStack) -> None:
    client = stack.aws("stepfunctions")
    machine = client.describe_state_machine(stateMachineArn=stack.outputs["state_machine_arn"])
    assert machine["status"] == "ACTIVE"
    assert machine["name"] == stack.outputs["state_machine_name"]
    assert machine["loggingConfiguration"]["level"] == "ALL"
    assert machine["loggingConfiguration"]["includeExecutionData"] is True
    definition = json.loads(machine["definition"])
    assert definition["TimeoutSeconds"] >= 600
    assert {"ProcessVideo", "NotifyCompletion", "NotifyError"} <= set(definition["States"])


@pytest.mark.aws_only("the emulator forgets whether a state machine is traced")
def test_executions_are_traced(stack: DeployedStack) -> None:
    client = stack.aws("stepfunctions")
    machine = client.describe_state_machine(stateMachineArn=stack.outputs["state_machine_arn"])
    assert machine["tracingConfiguration"]["enabled"] is True


@pytest.mark.parametrize("role", FUNCTIONS)
def test_a_function_is_ready_traced_and_inside_the_network(stack: DeployedStack, role: str) -> None:
    client = stack.aws("lambda")
    function = client.get_function_configuration(FunctionName=f"video-{role}-{stack.name}")
    assert function["State"] == "Active"
    assert function["Runtime"] == "python3.12"
    assert function["TracingConfig"]["Mode"] == "Active"
    assert set(function["VpcConfig"]["SubnetIds"]) <= set(stack.outputs["private_subnet_ids"])
    groups = function["VpcConfig"]["SecurityGroupIds"]
    assert len(groups) == 1
    # Only the migrations may reach the database around the proxy, so they have a group of their own.
    assert (groups == [stack.outputs["lambda_security_group_id"]]) == (role != "migrate")


@pytest.mark.parametrize("role", ["webhook-sender", "key-maker"])
def test_a_function_that_may_reach_the_internet_is_ready_and_outside_the_network(
    stack: DeployedStack, role: str
) -> None:
    client = stack.aws("lambda")
    function = client.get_function_configuration(FunctionName=f"video-{role}-{stack.name}")
    assert function["State"] == "Active"
    assert not function.get("VpcConfig", {}).get("SubnetIds")


def test_the_ingest_queue_gives_up_into_its_dead_letter_queue(stack: DeployedStack) -> None:
    client = stack.aws("sqs")
    wanted = ["RedrivePolicy", "VisibilityTimeout", "KmsMasterKeyId"]
    queue = client.get_queue_attributes(QueueUrl=stack.outputs["ingest_queue_url"], AttributeNames=wanted)
    dead = client.get_queue_attributes(
        QueueUrl=stack.outputs["ingest_dead_letter_queue_url"], AttributeNames=["QueueArn"]
    )
    redrive = json.loads(queue["Attributes"]["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == dead["Attributes"]["QueueArn"]
    function = stack.aws("lambda").get_function_configuration(FunctionName=f"video-ingest-{stack.name}")
    assert int(queue["Attributes"]["VisibilityTimeout"]) >= 6 * function["Timeout"]
    assert queue["Attributes"]["KmsMasterKeyId"]


@pytest.mark.parametrize("queue", ["ingest", "webhook", "webhook_report"])
def test_nothing_lies_in_a_dead_letter_queue(stack: DeployedStack, queue: str) -> None:
    answer = stack.aws("sqs").get_queue_attributes(
        QueueUrl=stack.outputs[f"{queue}_dead_letter_queue_url"],
        AttributeNames=["ApproximateNumberOfMessages"],
    )
    assert answer["Attributes"]["ApproximateNumberOfMessages"] == "0"


@pytest.mark.parametrize("role", ["completion", "error"])
def test_a_topic_is_encrypted_and_somebody_listens(stack: DeployedStack, role: str) -> None:
    client, topic = stack.aws("sns"), stack.outputs[f"{role}_topic_arn"]
    assert topic.endswith(f":video-processing-{role}-{stack.name}")
    assert client.get_topic_attributes(TopicArn=topic)["Attributes"]["KmsMasterKeyId"]
    found = client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [item["Endpoint"] for item in found if item["Protocol"] == "email"]


@pytest.mark.aws_only("no mail is sent, so no subscription is ever confirmed by a person")
@pytest.mark.parametrize("role", ["completion", "error"])
def test_every_mail_subscription_was_confirmed(stack: DeployedStack, role: str) -> None:
    found = stack.aws("sns").list_subscriptions_by_topic(TopicArn=stack.outputs[f"{role}_topic_arn"])
    waiting = [item["Endpoint"] for item in found["Subscriptions"] if item["SubscriptionArn"][:4] != "arn:"]
    assert waiting == [], "these people have not followed the link that AWS mailed them"
