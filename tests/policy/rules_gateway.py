"""Rules for what passes requests and messages: API Gateway, SNS, SQS, Step Functions, and their logs."""

import json
import re
from typing import Any

from tests.policy.predicates import (
    admit_everybody,
    drop_denials,
    has_key,
    refuses_plain_http,
    trusts_nobody_unknown,
)
from tests.policy.rules import Defect, Rule, companion, equal, given, in_json, setting, where
from tests.policy.stack import Resource, Stack

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
STAGE = "aws:apigateway/stage:Stage"
METHOD = "aws:apigateway/method:Method"
METHOD_SETTINGS = "aws:apigateway/methodSettings:MethodSettings"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
USAGE_PLAN = "aws:apigateway/usagePlan:UsagePlan"
MACHINE = "aws:sfn/stateMachine:StateMachine"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
EVENT_SOURCE = "aws:lambda/eventSourceMapping:EventSourceMapping"


def _is_read_by_a_function(queue: Resource, stack: Stack) -> bool:
    return bool(stack.naming(EVENT_SOURCE, "eventSourceArn", queue))


def _has_known_bad_inputs(rules: Any) -> bool:
    groups = [
        rule.get("statement", {}).get("managedRuleGroupStatement", {}).get("name") for rule in rules or []
    ]
    return "AWSManagedRulesKnownBadInputsRuleSet" in groups


def _needs_a_key_or_is_a_preflight(method: Resource, _stack: Stack) -> bool:
    return bool(method.inputs.get("apiKeyRequired")) or method.inputs.get("authorization") != "NONE"


def _keeps_its_log_in_a_group_of_ours(settings: Resource, stack: Stack) -> bool:
    name = f"API-Gateway-Execution-Logs_{settings.inputs['restApi']}/{settings.inputs['stageName']}"
    return any(group.inputs["name"] == name for group in stack.of(LOG_GROUP))


def _task_network(definition: Any) -> list[Any]:
    return [
        state["Arguments"]["NetworkConfiguration"]["AwsvpcConfiguration"]
        for state in definition["States"].values()
        if "ecs:runTask" in state.get("Resource", "")
    ]


def _open_task_network(definition: Any) -> None:
    for network in _task_network(definition):
        network["AssignPublicIp"] = "ENABLED"


GATEWAY = (
    given(
        ["APIGateway.1", "CKV_AWS_76", "APIG1"], STAGE, "accessLogSettings.destinationArn", "access is logged"
    ),
    equal(["APIGateway.3", "CKV_AWS_73"], STAGE, "xrayTracingEnabled", True, False, "requests are traced"),
    companion(
        ["APIGateway.4", "CKV2_AWS_29", "APIG3"],
        STAGE,
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        "resourceArn",
        "a web ACL guards it",
    ),
    equal(
        ["CKV_AWS_276"], METHOD_SETTINGS, "settings.dataTraceEnabled", False, True, "payloads are not logged"
    ),
    where(
        ["CKV2_AWS_4", "APIG6"],
        METHOD_SETTINGS,
        "settings.loggingLevel",
        lambda level: level in {"ERROR", "INFO"},
        "OFF",
        "errors are logged",
    ),
    Rule(
        ids=("VP.APIG.3",),
        type=METHOD_SETTINGS,
        says="the log that API Gateway would make for itself is encrypted and forgets",
        holds=_keeps_its_log_in_a_group_of_ours,
        defect=Defect(LOG_GROUP),
    ),
    where(
        ["VP.APIG.1"],
        METHOD_SETTINGS,
        "settings.throttlingRateLimit",
        lambda rate: (rate or -1) > 0,
        -1,
        "requests are throttled",
    ),
    Rule(
        ids=("APIG4", "CKV_AWS_59", "APIGateway.8"),
        type=METHOD,
        says="callers prove who they are",
        holds=_needs_a_key_or_is_a_preflight,
        defect=Defect(METHOD, setting("apiKeyRequired", False)),
    ),
    given(["APIG2", "CKV2_AWS_53"], METHOD, "requestValidatorId", "requests are validated"),
    given(["VP.APIG.2"], USAGE_PLAN, "quotaSettings.limit", "a key has a quota"),
)

FIREWALL = (
    given(["WAF.10"], WEB_ACL, "rules", "it has rules"),
    where(["CKV_AWS_192"], WEB_ACL, "rules", _has_known_bad_inputs, [], "known bad inputs are refused"),
    companion(
        ["WAF.11", "CKV2_AWS_31"],
        WEB_ACL,
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        "resourceArn",
        "what it decides is logged",
    ),
)

MESSAGES = (
    where(["SNS.1", "CKV_AWS_26", "SNS2"], TOPIC, "kmsMasterKeyId", has_key, None, "it uses a customer key"),
    companion(
        ["SNS.4", "CKV_AWS_169", "CKV_AWS_385"],
        TOPIC,
        TOPIC_POLICY,
        "arn",
        "nobody unknown is let in",
        test=trusts_nobody_unknown,
        change=in_json("policy", admit_everybody),
    ),
    companion(
        ["SNS3"],
        TOPIC,
        TOPIC_POLICY,
        "arn",
        "plain http is refused",
        test=refuses_plain_http,
        change=in_json("policy", drop_denials),
    ),
    where(
        ["SQS.1", "CKV_AWS_27", "CKV2_AWS_73", "SQS2"],
        QUEUE,
        "kmsMasterKeyId",
        has_key,
        None,
        "it uses a customer key",
    ),
    companion(
        ["SQS.3", "CKV_AWS_72", "CKV_AWS_168", "CKV_AWS_387"],
        QUEUE,
        QUEUE_POLICY,
        "queueUrl",
        "nobody unknown is let in",
        test=trusts_nobody_unknown,
        change=in_json("policy", admit_everybody),
    ),
    companion(
        ["SQS4"],
        QUEUE,
        QUEUE_POLICY,
        "queueUrl",
        "plain http is refused",
        test=refuses_plain_http,
        change=in_json("policy", drop_denials),
    ),
    Rule(
        ids=("SQS3",),
        type=QUEUE,
        says="what a function reads has a dead-letter queue",
        holds=lambda queue, _stack: bool(queue.inputs.get("redrivePolicy")),
        applies=_is_read_by_a_function,
        defect=Defect(QUEUE, lambda inputs: inputs.pop("redrivePolicy", None)),
    ),
)

WORKFLOW = (
    equal(
        ["StepFunctions.1", "CKV_AWS_285", "SF1"],
        MACHINE,
        "loggingConfiguration.level",
        "ALL",
        "OFF",
        "everything is logged",
    ),
    equal(
        ["CKV_AWS_284", "SF2"], MACHINE, "tracingConfiguration.enabled", True, False, "executions are traced"
    ),
    Rule(
        ids=("ECS.2", "CKV_AWS_333"),
        type=MACHINE,
        says="its tasks get no public address",
        holds=lambda machine, _stack: all(
            network["AssignPublicIp"] == "DISABLED"
            for network in _task_network(json.loads(machine.inputs["definition"]))
        ),
        defect=Defect(MACHINE, in_json("definition", _open_task_network)),
    ),
    where(
        ["stepfunctions_no_secrets_in_definition"],
        MACHINE,
        "definition",
        lambda text: not re.search(r'"(?:[A-Z_]*PASSWORD|AUTH_TOKEN|[A-Z_]*SECRET)"', text),
        '{"PASSWORD": "x"}',
        "its definition holds no secret",
    ),
)

LOGS = (
    where(["CKV_AWS_158"], LOG_GROUP, "kmsKeyId", has_key, None, "it uses a customer key"),
    given(["CKV_AWS_66"], LOG_GROUP, "retentionInDays", "it forgets"),
    where(
        ["CKV_AWS_338", "CloudWatch.16"],
        LOG_GROUP,
        "retentionInDays",
        lambda days: (days or 0) >= 365,
        30,
        "it remembers for a year",
    ),
)

RULES = (*GATEWAY, *FIREWALL, *MESSAGES, *WORKFLOW, *LOGS)
