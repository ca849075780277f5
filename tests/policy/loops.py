"""Who feeds whom in a synthesised stack: functions, queues, topics and streams, and the loops among them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.policy.rules_access import ROLE, ROLE_POLICY, many
from tests.policy.rules_gateway import EVENT_SOURCE, QUEUE, TOPIC
from tests.policy.rules_services import FUNCTION
from tests.policy.stack import Resource, Stack

RECURSION = "aws:lambda/functionRecursionConfig:FunctionRecursionConfig"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
# By which action a function feeds which kind of resource.
FEEDS = {
    QUEUE: "sqs:SendMessage",
    TOPIC: "sns:Publish",
    FUNCTION: "lambda:InvokeFunction",
    "aws:kinesis/stream:Stream": "kinesis:PutRecord",
    "aws:dynamodb/table:Table": "dynamodb:PutItem",
}
Graph = Mapping[str, set[str]]


def feeds(stack: Stack) -> Graph:
    """Give for each function, queue, topic and stream which of them it leads on to, by logical name."""
    graph: dict[str, set[str]] = defaultdict(set)
    for source, target in _edges(stack):
        graph[source].add(target)
    return graph


def loops(graph: Graph) -> list[frozenset[str]]:
    """Give the groups of nodes that lead back to themselves, each as large as it can be."""
    reached = {node: _reached_from(graph, node) for node in graph}
    found = {
        frozenset(other for other in ways if node in reached.get(other, ()))
        for node, ways in reached.items()
        if node in ways
    }
    return sorted(found, key=sorted)


def functions_on_loops(stack: Stack) -> set[str]:
    """Give the logical names of the functions whose messages can lead to their own next call."""
    names = {function.name for function in stack.of(FUNCTION)}
    return {name for loop in loops(feeds(stack)) for name in loop} & names


def let_off(stack: Stack) -> set[str]:
    """Give the logical names of the functions that Lambda's loop detection lets run on."""
    allowed = {
        entry.inputs["functionName"]
        for entry in stack.of(RECURSION)
        if entry.inputs["recursiveLoop"] == "Allow"
    }
    return {function.name for function in stack.of(FUNCTION) if function.inputs["name"] in allowed}


def _edges(stack: Stack) -> Iterator[tuple[str, str]]:
    names = _names(stack)
    for function in stack.of(FUNCTION):
        yield from ((function.name, target) for target in _sent_to(stack, function))
        yield from _named(function, "deadLetterConfig.targetArn", names)
    for mapping in stack.of(EVENT_SOURCE):
        yield names[mapping.inputs["eventSourceArn"]], names[mapping.inputs["functionName"]]
    for subscription in stack.of(SUBSCRIPTION):
        if subscription.inputs["endpoint"] in names:
            yield names[subscription.inputs["topic"]], names[subscription.inputs["endpoint"]]


def _names(stack: Stack) -> dict[str, str]:
    """Logical names by all that resources are referred to by."""
    return {
        resource.outputs[key]: resource.name
        for token in FEEDS
        for resource in stack.of(token)
        for key in ("arn", "id", "name", "streamArn")
        if resource.outputs.get(key)
    }


def _named(resource: Resource, path: str, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    target = resource.at(path)
    if target is not None:
        yield resource.name, names[target]


def _sent_to(stack: Stack, function: Resource) -> Iterator[str]:
    """What the function's role may send to, put into or call."""
    roles = [role for role in stack.of(ROLE) if role.outputs["arn"] == function.inputs["role"]]
    assert roles, f"{function.name} has no role of this stack"
    for role in roles:
        for policy in stack.naming(ROLE_POLICY, "role", role):
            for statement in policy.document():
                yield from _opened(stack, statement)


def _opened(stack: Stack, statement: Mapping[str, Any]) -> Iterator[str]:
    if statement["Effect"] != "Allow":
        return
    for token, action in FEEDS.items():
        if any(fnmatchcase(action, pattern) for pattern in many(statement["Action"])):
            for resource in stack.of(token):
                if any(fnmatchcase(resource.outputs["arn"], at) for at in many(statement["Resource"])):
                    yield resource.name


def _reached_from(graph: Graph, start: str) -> set[str]:
    reached: set[str] = set()
    ahead = set(graph[start])
    while ahead:
        node = ahead.pop()
        reached.add(node)
        ahead |= set(graph.get(node, ())) - reached
    return reached
