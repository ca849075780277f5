"""What joins the parts of the synthesised program: permissions, addresses, events, queues, subscriptions."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.monitor import Registration
from local.program import ProgramRun
from tools.architecture.parts import PART_TYPES, Parts, PictureError

CLIENT: Final = "client"
SUBSCRIBERS: Final = "subscribers"
ENDPOINTS: Final = "endpoints"
# A function that its queue wakes takes from it for that reason, which needs no arrow of its own.
_TAKES: Final = "takes from"
# The word for an action on a part; an empty one adds nothing to what the others of its service say.
_VERBS: Final[Mapping[str, str]] = {
    "apigateway:DELETE": "removes keys",
    "apigateway:POST": "makes keys",
    "apigateway:PUT": "",
    "ecr:BatchCheckLayerAvailability": "",
    "ecr:BatchGetImage": "pulls",
    "ecr:GetAuthorizationToken": "",
    "ecr:GetDownloadUrlForLayer": "",
    "ecs:DescribeTasks": "",
    "ecs:RunTask": "runs",
    "ecs:StopTask": "stops",
    "elasticfilesystem:ClientMount": "",
    "elasticfilesystem:ClientWrite": "mounts",
    "lambda:InvokeFunction": "calls",
    "s3:AbortMultipartUpload": "",
    "s3:DeleteObject": "deletes",
    "s3:DeleteObjectVersion": "deletes",
    "s3:GetObject": "reads",
    "s3:GetObjectVersion": "reads",
    "s3:ListBucket": "",
    "s3:ListBucketMultipartUploads": "",
    "s3:ListBucketVersions": "lists",
    "s3:ListMultipartUploadParts": "",
    "s3:PutObject": "writes",
    "s3:GetObjectVersionTagging": "",
    "s3:PutObjectTagging": "tags",
    "s3:PutObjectVersionTagging": "tags",
    "s3:RestoreObject": "restores",
    "sns:Publish": "publishes",
    "sqs:DeleteMessage": "",
    "sqs:GetQueueAttributes": "",
    "sqs:ReceiveMessage": _TAKES,
    "sqs:SendMessage": "sends",
    "states:DescribeExecution": "follows",
    "states:SendTaskFailure": "answers tokens",
    "states:SendTaskHeartbeat": "answers tokens",
    "states:SendTaskSuccess": "answers tokens",
    "states:StartExecution": "starts",
    "states:StopExecution": "stops",
    "tag:GetResources": "",
}
# Every part uses these; the picture counts their resources instead of joining them.
_AROUND: Final = ("ec2:", "iam:", "kms:", "logs:", "secretsmanager:", "xray:")
_EVENTS: Final[Mapping[str, str]] = {
    "ECS Task State Change": "task stopped",
    "Object Created": "object created",
    "Object Restore Completed": "object restored",
    "Step Functions Execution Status Change": "execution ended",
}
# What a signed URL lets its holder do.
_SIGNED: Final[Mapping[str, str]] = {"reads": "downloads", "writes": "uploads"}
_PROTOCOLS: Final[Mapping[str, str]] = {"email": "e-mail", "sms": "SMS", "https": "HTTPS"}
_ADDRESSES: Final[Mapping[str, str]] = {"DATABASE_HOST": "SQL", "REDIS_HOST": "progress"}

# The order in which an arrow names several; words that stand alone are not in it.
_ORDER: Final = (
    *("signs", "uploads", "downloads", "starts", "runs", "stops", "follows", "calls"),
    *("reads", "writes", "deletes", "tags", "restores", "lists", "takes from", "sends"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One fact that joins two parts.

    Attributes:
        source: Who acts, or where an event comes from.
        target: What it acts on, or whom the event wakes.
        verb: What happens, in a word or two.
        proof: Where the program says so.
        wakes: True for events and queues, which come to their target by themselves.
    """

    source: str
    target: str
    verb: str
    proof: str
    wakes: bool = False


def connections(run: ProgramRun, parts: Parts) -> list[Connection]:
    """Give every connection of a stack, those with the outside world included.

    Raises:
        PictureError: An action, an event or a policy's target has no word or no part.
    """
    found = [
        *_permissions(run, parts),
        *_addresses(parts),
        *_events(run, parts),
        *_queues(run, parts),
        *_logging(run, parts),
        *_outside(run, parts),
    ]
    woken = {(one.target, one.source) for one in found if one.wakes}
    found = [one for one in found if one.verb != _TAKES or (one.source, one.target) not in woken]
    return sorted(set(found), key=lambda one: (one.source, one.target, one.verb, one.proof))


def in_order(verbs: Iterable[str]) -> list[str]:
    """Sort verbs as one would say them."""
    return sorted(set(verbs), key=lambda verb: (_ORDER.index(verb) if verb in _ORDER else len(_ORDER), verb))


def schedules(run: ProgramRun, parts: Parts) -> dict[str, str]:
    """Give how often a function is woken by the clock, in words, by part."""
    rules = {entry.inputs["name"]: entry for entry in _of_type(run, ":EventRule")}
    return {
        parts.function(target.inputs["arn"]): _in_words(rules[target.inputs["rule"]])
        for target in _of_type(run, ":EventTarget")
        if "scheduleExpression" in rules[target.inputs["rule"]].inputs
    }


def invoked_by_deployment(run: ProgramRun, parts: Parts) -> set[str]:
    """Give the functions that a deployment itself runs."""
    return {parts.function(entry.inputs["functionName"]) for entry in _of_type(run, ":Invocation")}


def _of_type(run: ProgramRun, suffix: str) -> list[Registration]:
    return [entry for entry in run.registrations.values() if entry.type.endswith(suffix)]


def _in_words(rule: Registration) -> str:
    count, unit = rule.inputs["scheduleExpression"].removeprefix("rate(").removesuffix(")").split()
    return f"every {unit}" if count == "1" else f"every {count} {unit}"


def _permissions(run: ProgramRun, parts: Parts) -> Iterator[Connection]:
    actors = dict(_roles(parts))
    for policy in _of_type(run, "iam/rolePolicy:RolePolicy"):
        actor = actors.get(policy.inputs["role"])
        if actor is None:
            continue  # the role of a service, such as that of flow logs
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            proof = f"{policy.name}: {statement['Sid']}"
            signs = statement["Sid"].startswith("Sign")
            for verb, target in _granted(statement, parts, proof):
                if signs:  # the permission is used by whoever holds the signed URL
                    yield Connection(source=CLIENT, target=target, verb=_SIGNED[verb], proof=proof)
                yield Connection(source=actor, target=target, verb="signs" if signs else verb, proof=proof)


def _roles(parts: Parts) -> Iterator[tuple[str, str]]:
    for name, entry in parts.by_name.items():
        for key in ("role", "roleArn", "taskRoleArn", "executionRoleArn"):
            if entry.inputs.get(key):
                yield entry.inputs[key].rpartition("/")[2], name


def _granted(statement: Mapping[str, Any], parts: Parts, proof: str) -> Iterator[tuple[str, str]]:
    actions = [action for action in statement["Action"] if not action.startswith(_AROUND)]
    if unknown := [action for action in actions if action not in _VERBS]:
        message = f"{proof} allows {unknown[0]}; give it a word in tools/architecture/connections.py"
        raise PictureError(message)
    verbs = dict.fromkeys(_VERBS[action] for action in actions if _VERBS[action])
    for resource in statement["Resource"] if verbs else ():
        target = parts.named_in(resource)
        if target is None and resource == "*":  # tokens name no machine, and there is one
            (target,) = parts.of_type(":StateMachine")
        if target is None and resource.startswith("arn:aws:apigateway:"):  # keys and plans are the API's
            (target,) = parts.of_type(":RestApi")
        if target is None:
            message = f"{proof} names {resource}, which is no part in tools/architecture/parts.py"
            raise PictureError(message)
        yield from ((verb, target) for verb in verbs)


def _addresses(parts: Parts) -> Iterator[Connection]:
    for name, entry in parts.by_name.items():
        for key, verb in _ADDRESSES.items():
            target = parts.named_in(_environment(entry).get(key, ""))
            if target is not None:
                yield Connection(source=name, target=target, verb=verb, proof=f"{name}: {key}")


def _environment(entry: Registration) -> dict[str, str]:
    if "containerDefinitions" in entry.inputs:
        containers = json.loads(entry.inputs["containerDefinitions"])
        return {item["name"]: item["value"] for one in containers for item in one["environment"]}
    environment = entry.inputs.get("environment") or {}
    return dict(environment.get("variables") or {})


def _events(run: ProgramRun, parts: Parts) -> Iterator[Connection]:
    rules = {entry.inputs["name"]: entry for entry in _of_type(run, ":EventRule")}
    for target in _of_type(run, ":EventTarget"):
        rule = rules[target.inputs["rule"]]
        woken = parts.function(target.inputs["arn"])
        if "eventPattern" in rule.inputs:
            pattern = json.loads(rule.inputs["eventPattern"])
            sources = {found for text in _strings(pattern["detail"]) if (found := parts.named_in(text))}
            for verb in _words_of(rule.name, pattern["detail-type"]):
                for source in sources:
                    yield Connection(source=source, target=woken, verb=verb, proof=rule.name, wakes=True)
        if "deadLetterConfig" in target.inputs:
            kept = parts.named_in(target.inputs["deadLetterConfig"]["arn"])
            if kept is not None:
                yield Connection(source=woken, target=kept, verb="undelivered events", proof=target.name)


def _words_of(rule: str, kinds: list[str]) -> Iterator[str]:
    for kind in kinds:
        if kind not in _EVENTS:
            message = f"{rule} matches {kind!r}; give it a word in tools/architecture/connections.py"
            raise PictureError(message)
        yield _EVENTS[kind]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(item)


def _queues(run: ProgramRun, parts: Parts) -> Iterator[Connection]:
    for mapping in _of_type(run, ":EventSourceMapping"):
        source = parts.named_in(mapping.inputs["eventSourceArn"])
        woken = parts.function(mapping.inputs["functionName"])
        if source is not None:
            yield Connection(source=source, target=woken, verb="messages", proof=mapping.name, wakes=True)
    for entry in run.registrations.values():
        if isinstance(entry.inputs.get("redrivePolicy"), str):
            letters = parts.named_in(json.loads(entry.inputs["redrivePolicy"])["deadLetterTargetArn"])
            source = entry.name if entry.type in PART_TYPES else parts.named_in(entry.inputs["topic"])
            if source is not None and letters is not None:
                yield Connection(source=source, target=letters, verb="dead letters", proof=entry.name)


def _logging(run: ProgramRun, parts: Parts) -> Iterator[Connection]:
    for entry in _of_type(run, ":BucketLogging"):
        source, target = parts.named_in(entry.inputs["bucket"]), parts.named_in(entry.inputs["targetBucket"])
        if source is not None and target is not None:
            yield Connection(source=source, target=target, verb="access log", proof=entry.name)


def _outside(run: ProgramRun, parts: Parts) -> Iterator[Connection]:
    (gateway,) = parts.of_type(":RestApi")
    for method in _of_type(run, ":Method"):
        verb = "x-api-key" if method.inputs.get("apiKeyRequired") else ""
        yield Connection(source=CLIENT, target=gateway, verb=verb, proof=method.name)
    for integration in _of_type(run, ":Integration"):
        # Without an address the gateway answers by itself.
        target = parts.named_in(integration.inputs.get("uri", ""))
        if target is not None:
            yield Connection(source=gateway, target=target, verb="proxies", proof=integration.name)
    for entry in _of_type(run, ":TopicSubscription"):
        topic = parts.named_in(entry.inputs["topic"])
        if topic is not None:
            yield Connection(
                source=topic,
                target=SUBSCRIBERS,
                verb=_PROTOCOLS.get(entry.inputs["protocol"], entry.inputs["protocol"]),
                proof=entry.name,
            )
    for name in parts.of_type(":Function"):
        function = parts.by_name[name]
        # Of the functions that reach the internet, those that are told whom they may call there.
        if not function.inputs.get("vpcConfig") and "WEBHOOK_TRUSTED_HOSTS" in _environment(function):
            yield Connection(source=name, target=ENDPOINTS, verb="HTTPS", proof=f"{name}: in no VPC")
