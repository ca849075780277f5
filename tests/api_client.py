"""Calls the API function in this process; only API Gateway's event is made by hand."""

import json
import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from metadata_api.api import Application
from metadata_api.environment.resources import Resources
from metadata_api.settings import ApiSettings
from runtime import clients
from tests.api_conformance import check_answer


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class ApiClient:
    """Calls the handler the way API Gateway does."""

    application: Application
    settings: ApiSettings
    api_key_id: str = "key-1"

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str | list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        event = gateway_event(method, path, body, query, headers)
        event["requestContext"]["identity"]["apiKeyId"] = self.api_key_id
        answer = self.application.answer(event)
        flat = {name: values[-1] for name, values in answer["multiValueHeaders"].items()}
        assert not answer["isBase64Encoded"]
        result = Answer(answer["statusCode"], flat, answer["body"])
        check_answer(method, path, result)
        return result


def gateway_event(
    method: str,
    path: str,
    body: Any = None,
    query: Mapping[str, str | list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    lists = {name: value if isinstance(value, list) else [value] for name, value in (query or {}).items()}
    sent = {"Content-Type": "application/json"} if body is not None else {}
    sent |= headers or {}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: values[-1] for name, values in lists.items()} or None,
        "multiValueQueryStringParameters": lists or None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "stage": "dev",
            "path": f"/dev{path}",
            "requestId": "gateway-request-1",
            "httpMethod": method,
            "identity": {"sourceIp": "127.0.0.1"},
        },
        "body": body if isinstance(body, str) or body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def forget_clients() -> None:
    """Drops the function's cached AWS clients, which belong to one environment."""
    for make in (
        clients.s3,
        clients.stepfunctions,
        clients.sns,
        clients.secretsmanager,
        clients.sqs,
        clients.sqs_for_hints,
        clients.kms,
        clients.lambda_,
        clients.apigateway,
        clients.tagging,
    ):
        make.cache_clear()


def call_in_parallel(api: ApiClient, calls: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """Makes all calls at once, each in an environment (process) of its own, as Lambda would."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(calls))
    results: Any = context.Queue()

    def run(number: int, call: Mapping[str, Any]) -> None:
        forget_clients()
        own = replace(api, application=Application(Resources(api.settings)))
        barrier.wait(timeout=30)
        results.put((number, own.call(**call)))

    processes = [context.Process(target=run, args=(number, call)) for number, call in enumerate(calls)]
    for process in processes:
        process.start()
    answers = dict(results.get(timeout=30) for _ in processes)
    for process in processes:
        process.join(timeout=30)
    return [answers[number] for number in range(len(calls))]


ParallelCalls = Callable[[Sequence[Mapping[str, Any]]], list[Answer]]
