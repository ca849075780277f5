"""The token broker: Step Functions' task-token calls with the rules AWS applies and the emulator lacks.

Children and functions get its address as the Step Functions endpoint. Each call first goes to the
emulator exactly as it was signed, so signature and policy decide there; the emulator does not know
the broker's tokens and answers TaskDoesNotExist, which here means "allowed". The broker then applies
its own bookkeeping and settles the emulator's token as the account owner. Other calls of Step Functions
pass through; calls of other services are refused, because they would go round the emulator's own TLS.
"""

import http.client
import json
import logging
import ssl
import urllib.parse
from typing import Any

from botocore.exceptions import ClientError

from local.agent.endpoint import Request, Response
from local.agent.tokens import TaskTicket, TokenRegistry
from local.aws import AwsAccess

_LOGGER = logging.getLogger(__name__)
_TARGET_PREFIX = "AWSStepFunctions."
_SEND_ACTIONS = frozenset({"SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"})
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "expect"})
_CONTENT_TYPE = "application/x-amz-json-1.0"
_FORWARD_TIMEOUT_SECONDS = 60.0


class TokenBroker:
    """Stands between tasks and the emulator's Step Functions.

    Args:
        access: The emulator as the account owner.
        registry: The tickets; shared with the agent, which registers tasks.
    """

    def __init__(self, access: AwsAccess, registry: TokenRegistry) -> None:
        self._access = access
        self._registry = registry
        self._tls = ssl.create_default_context(cafile=access.ca_path) if access.ca_path else None

    def handle(self, request: Request) -> Response:
        """Answer one Step Functions request."""
        target = _header(request, "x-amz-target")
        if not target.startswith(_TARGET_PREFIX):
            return Response(400, b'{"__type":"UnknownOperationException"}', _CONTENT_TYPE)
        action = target.removeprefix(_TARGET_PREFIX)
        answer = self._forward(request)
        if action not in _SEND_ACTIONS or answer.status == 200 or b"TaskDoesNotExist" not in answer.body:
            return answer
        data = json.loads(request.body)
        if self._registry.find(str(data.get("taskToken"))) is None:
            return answer
        if action == "SendTaskHeartbeat":
            return self._heartbeat(data)
        return self._settle(action, data)

    def time_out_silent_tasks(self) -> list[TaskTicket]:
        """Fail every state whose task was silent for longer than HeartbeatSeconds."""
        silent = self._registry.take_silent()
        for ticket in silent:
            cause = f"The task sent no heartbeat for {ticket.heartbeat_seconds:g} seconds."
            _LOGGER.warning("heartbeat timeout of %s", ticket.execution_arn)
            self._call(
                "send_task_failure",
                taskToken=ticket.upstream_token,
                error="States.HeartbeatTimeout",
                cause=cause,
            )
        return silent

    def _heartbeat(self, data: dict[str, Any]) -> Response:
        token = str(data["taskToken"])
        ticket = self._registry.find(token)
        if ticket is None or not ticket.is_open or not self._still_waits(ticket):
            self._registry.take(token)
            return _too_late()
        return _done() if self._registry.send_heartbeat(token) else _too_late()

    def _settle(self, action: str, data: dict[str, Any]) -> Response:
        ticket = self._registry.take(str(data["taskToken"]))
        if ticket is None:
            return _too_late()
        given = {name: data[name] for name in ("output", "error", "cause") if name in data}
        operation = "send_task_success" if action == "SendTaskSuccess" else "send_task_failure"
        try:
            settled = self._call(operation, taskToken=ticket.upstream_token, **given)
        except BaseException:
            self._registry.give_back(ticket)
            raise
        return _done() if settled else _too_late()

    def _still_waits(self, ticket: TaskTicket) -> bool:
        if not self._call("send_task_heartbeat", taskToken=ticket.upstream_token):
            return False
        if ticket.execution_arn is None:
            return True
        execution = self._access.client("stepfunctions").describe_execution(executionArn=ticket.execution_arn)
        return bool(execution["status"] == "RUNNING")

    def _call(self, operation: str, **arguments: str) -> bool:
        try:
            getattr(self._access.client("stepfunctions"), operation)(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"TaskDoesNotExist", "TaskTimedOut"}:
                return False
            raise
        return True

    def _forward(self, request: Request) -> Response:
        upstream = urllib.parse.urlsplit(self._access.endpoint_url)
        host, timeout = upstream.hostname or "", _FORWARD_TIMEOUT_SECONDS
        connection = (
            http.client.HTTPSConnection(host, upstream.port, timeout=timeout, context=self._tls)
            if self._tls
            else http.client.HTTPConnection(host, upstream.port, timeout=timeout)
        )
        try:
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():  # the Host header is part of the signature
                if name.lower() not in _HOP_BY_HOP:
                    connection.putheader(name, value)
            connection.endheaders(request.body)
            answer = connection.getresponse()
            content_type = answer.getheader("Content-Type", _CONTENT_TYPE)
            return Response(answer.status, answer.read(), content_type)
        except OSError:
            _LOGGER.warning("the emulator did not answer a forwarded request")
            return Response(503, b'{"__type":"ServiceUnavailable","message":"emulator away"}', _CONTENT_TYPE)
        finally:
            connection.close()


def _header(request: Request, name: str) -> str:
    return next((value for key, value in request.headers.items() if key.lower() == name), "")


def _done() -> Response:
    return Response(200, b"{}", _CONTENT_TYPE)


def _too_late() -> Response:
    message = "Task Timed Out: 'Provided task does not exist anymore'"
    return Response(400, json.dumps({"__type": "TaskTimedOut", "message": message}).encode(), _CONTENT_TYPE)
