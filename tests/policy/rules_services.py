"""Rules for what runs: Lambda, ECS and ECR."""

import json
import re
from typing import Any

from tests.policy.predicates import has_key
from tests.policy.rules import Defect, Rule, equal, given, in_json, setting, where
from tests.policy.stack import Resource, Stack

FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
CLUSTER = "aws:ecs/cluster:Cluster"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
REPOSITORY = "awsx:ecr:Repository"
SUPPORTED_PYTHON = re.compile(r"python3\.(1[2-9])$")
SECRET_NAME = re.compile(r"PASSWORD|TOKEN|SECRET(?!_ARN)|(?:^|_)KEY$|CREDENTIAL")


def has_no_secret_name(names: Any) -> bool:
    """Say whether no environment variable is called like a secret; ARNs of secrets are no secrets."""
    return not any(SECRET_NAME.search(name) for name in names or ())


def containers(task: Resource) -> list[dict[str, Any]]:
    """Give the containers of a task definition."""
    return list(json.loads(task.inputs["containerDefinitions"]))


def in_container(ids: list[str], says: str, test: Any, change: Any) -> Rule:
    """Require something of every container of a task definition."""

    def changed(definitions: Any) -> None:
        for definition in definitions:
            change(definition)

    return Rule(
        ids=tuple(ids),
        type=TASK,
        says=says,
        holds=lambda resource, _stack: all(test(item) for item in containers(resource)),
        defect=Defect(TASK, in_json("containerDefinitions", changed)),
    )


def _keeps_what_its_logger_writes(function: Resource, _stack: Stack) -> bool:
    """Lines of metrics have no level, which counts as INFO."""
    level = function.at("environment.variables.POWERTOOLS_LOG_LEVEL")
    return bool(function.at("loggingConfig.applicationLogLevel") == ("DEBUG" if level == "DEBUG" else "INFO"))


def _uses_tls_and_iam(task: Resource, _stack: Stack) -> bool:
    volumes = [
        item["efsVolumeConfiguration"] for item in task.inputs["volumes"] if "efsVolumeConfiguration" in item
    ]
    return all(
        volume.get("transitEncryption") == "ENABLED"
        and volume.get("authorizationConfig", {}).get("iam") == "ENABLED"
        for volume in volumes
    )


def _leave_volumes_open(inputs: dict[str, Any]) -> None:
    for volume in inputs["volumes"]:
        if "efsVolumeConfiguration" in volume:
            volume["efsVolumeConfiguration"] = {"fileSystemId": "fs-1"}


FUNCTIONS = (
    where(
        ["Lambda.2", "L1"],
        FUNCTION,
        "runtime",
        lambda name: bool(SUPPORTED_PYTHON.match(name)),
        "python3.8",
        "its runtime is supported",
    ),
    Rule(
        ids=("VP.Lambda.1",),
        type=FUNCTION,
        says="Lambda keeps the lines that its logger is told to write, and metrics: no filter above INFO",
        holds=_keeps_what_its_logger_writes,
        defect=Defect(FUNCTION, setting("loggingConfig.applicationLogLevel", "WARN")),
    ),
    Rule(
        ids=("VP.Lambda.3",),
        type=FUNCTION,
        says="no filter above INFO drops the lines that Lambda itself writes",
        holds=lambda function, _stack: function.at("loggingConfig.systemLogLevel") in {None, "DEBUG", "INFO"},
        defect=Defect(FUNCTION, setting("loggingConfig.systemLogLevel", "WARN")),
    ),
    given(["Lambda.3", "CKV_AWS_117"], FUNCTION, "vpcConfig.subnetIds", "it runs in the VPC"),
    where(
        ["Lambda.5"],
        FUNCTION,
        "vpcConfig.subnetIds",
        lambda ids: len(set(ids or ())) >= 2,
        ["subnet-1"],
        "it runs in two zones",
    ),
    where(
        ["CKV_AWS_45"],
        FUNCTION,
        "environment.variables",
        has_no_secret_name,
        {"DATABASE_PASSWORD": "x"},
        "its environment holds no secret",
    ),
    equal(["CKV_AWS_50"], FUNCTION, "tracingConfig.mode", "Active", "PassThrough", "it is traced"),
    given(
        ["CKV_AWS_115", "Lambda.7"], FUNCTION, "reservedConcurrentExecutions", "its concurrency is its own"
    ),
    given(["CKV_AWS_116"], FUNCTION, "deadLetterConfig.targetArn", "failed events are kept"),
    where(["CKV_AWS_173"], FUNCTION, "kmsKeyArn", has_key, None, "its environment uses a customer key"),
    given(["Lambda.1", "CKV_AWS_364"], PERMISSION, "sourceArn", "only one resource may invoke it"),
    Rule(
        ids=("VP.Lambda.2",),
        type=PERMISSION,
        says="a rule of EventBridge is let in by its ARN, which holds the account; nothing else is pinned",
        holds=lambda permission, _stack: not permission.inputs.get("sourceAccount"),
        applies=lambda permission, _stack: permission.inputs["principal"] == "events.amazonaws.com",
        defect=Defect(PERMISSION, setting("sourceAccount", "123456789012")),
    ),
    where(
        ["CKV_AWS_301"],
        PERMISSION,
        "principal",
        lambda value: value != "*",
        "*",
        "not everybody may invoke it",
    ),
)

TASKS = (
    in_container(
        ["ECS.4", "CKV_AWS_334"],
        "it is not privileged",
        lambda item: item.get("privileged") is False,
        lambda item: item.update(privileged=True),
    ),
    in_container(
        ["ECS.5", "CKV_AWS_336"],
        "its root is read-only",
        lambda item: item.get("readonlyRootFilesystem") is True,
        lambda item: item.update(readonlyRootFilesystem=False),
    ),
    in_container(
        ["ECS.8", "ECS2"],
        "its environment holds no secret",
        lambda item: has_no_secret_name(entry["name"] for entry in item["environment"]),
        lambda item: item["environment"].append({"name": "DATABASE_PASSWORD", "value": "x"}),
    ),
    in_container(
        ["ECS.9", "ECS7"],
        "it logs",
        lambda item: item.get("logConfiguration"),
        lambda item: item.pop("logConfiguration"),
    ),
    in_container(
        ["ECS.20", "ecs_task_definitions_no_root"],
        "it does not run as root",
        lambda item: str(item.get("user", "0")).split(":")[0] not in {"0", "root"},
        lambda item: item.update(user="root"),
    ),
    in_container(
        ["VP.ECS.1"],
        "it has no Linux capability",
        lambda item: item["linuxParameters"]["capabilities"] == {"drop": ["ALL"]},
        lambda item: item.update(linuxParameters={"capabilities": {"add": ["SYS_ADMIN"]}}),
    ),
    Rule(
        ids=("CKV_AWS_97",),
        type=TASK,
        says="shared files are mounted with TLS and IAM",
        holds=_uses_tls_and_iam,
        defect=Defect(TASK, _leave_volumes_open),
    ),
    Rule(
        ids=("ECS.1", "CKV_AWS_249"),
        type=TASK,
        says="starting it and running it are two roles",
        holds=lambda task, _stack: task.inputs["taskRoleArn"] != task.inputs["executionRoleArn"],
        defect=Defect(TASK, lambda inputs: inputs.update(executionRoleArn=inputs["taskRoleArn"])),
    ),
    where(
        ["ECS.3", "CKV_AWS_335"],
        TASK,
        "pidMode",
        lambda mode: mode is None,
        "host",
        "it has its own processes",
    ),
    where(
        ["ECS.12", "CKV_AWS_65", "ECS4"],
        CLUSTER,
        "settings",
        lambda settings: any(
            item["name"] == "containerInsights" and item["value"] != "disabled" for item in settings or []
        ),
        [],
        "Container Insights is on",
    ),
    equal(
        ["ECR.1", "CKV_AWS_163"],
        REPOSITORY,
        "imageScanningConfiguration.scanOnPush",
        True,
        False,
        "images are scanned",
    ),
    equal(
        ["ECR.2", "CKV_AWS_51"], REPOSITORY, "imageTagMutability", "IMMUTABLE", "MUTABLE", "tags are final"
    ),
    given(["ECR.3"], REPOSITORY, "lifecyclePolicy.rules", "old images go"),
    where(
        ["CKV_AWS_136"],
        REPOSITORY,
        "encryptionConfigurations",
        lambda value: any(has_key(item.get("kmsKey")) for item in value or []),
        [],
        "images use a customer key",
    ),
)

RULES = (*FUNCTIONS, *TASKS)
