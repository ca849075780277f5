"""What became of a webhook endpoint's events, and sending them again."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast
from uuid import UUID, uuid4

from ledger.access.keys import Scope
from ledger.webhooks import webhook_endpoints, webhook_events, webhook_history
from ledger.webhooks.webhook_history import DeliveryRow
from metadata_api.http.problems import ProblemCode, not_found
from metadata_api.http.responses import Response, json_response, optional_timestamp, timestamp
from metadata_api.jobs.execution_control import send_webhooks_now
from metadata_api.models.webhooks import (
    DeliveryPage,
    DeliveryQuery,
    DeliveryStatus,
    DeliveryView,
    ReplayBody,
    Replayed,
    TestEvent,
)
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.paging import Position, read_page
from metadata_api.operations.request import ApiRequest

if TYPE_CHECKING:
    from ledger.database.connection import LedgerConnection

routes = RouteGroup("Webhooks")
_UNSETTLED: Final = frozenset({"PENDING", "SENDING"})


@routes.route(
    "GET",
    "/webhooks/{webhook_id}/deliveries",
    summary="List the deliveries of a webhook endpoint",
    scope=Scope.OPERATOR,
    query=DeliveryQuery,
    returns=DeliveryPage,
    problems=(ProblemCode.VALIDATION_FAILED, ProblemCode.CURSOR_INVALID, ProblemCode.WEBHOOK_NOT_FOUND),
)
def list_deliveries(request: ApiRequest) -> Response:
    """Every event for this endpoint with its attempts and the last answer, newest first."""
    endpoint_id = request.path_id("webhook_id", ProblemCode.WEBHOOK_NOT_FOUND)
    query = request.query(DeliveryQuery)

    def find(conn: "LedgerConnection", after: Position | None, limit: int) -> list[DeliveryRow]:
        _check_exists(conn, endpoint_id)
        return webhook_history.find(conn, endpoint_id, status=query.status, after=after, limit=limit)

    shown, next_cursor = read_page(request, f"deliveries/{endpoint_id}", query, find)
    return json_response(DeliveryPage(items=[_view(row) for row in shown], next_cursor=next_cursor))


@routes.route(
    "POST",
    "/webhooks/{webhook_id}/replay",
    summary="Send events again from a time on",
    scope=Scope.OPERATOR,
    body=ReplayBody,
    returns=Replayed,
    status=HTTPStatus.ACCEPTED,
    problems=(
        ProblemCode.VALIDATION_FAILED,
        ProblemCode.BODY_TOO_LARGE,
        ProblemCode.UNSUPPORTED_MEDIA_TYPE,
        ProblemCode.WEBHOOK_NOT_FOUND,
    ),
)
def replay_events(request: ApiRequest) -> Response:
    """The endpoint gets its types of events since then, at most 10,000, oldest first, starting at once.

    Events keep their id. Events from before the endpoint was made, or while it was disabled, are sent too.
    """
    endpoint_id = request.path_id("webhook_id", ProblemCode.WEBHOOK_NOT_FOUND)
    body = request.body(ReplayBody)
    with request.connection() as conn:
        _check_exists(conn, endpoint_id)
        count = webhook_history.replay_since(conn, endpoint_id, body.since, all_events=body.include_delivered)
    return _replayed(request, count)


@routes.route(
    "POST",
    "/webhooks/{webhook_id}/events/{event_id}/replay",
    summary="Send one event again",
    scope=Scope.OPERATOR,
    returns=Replayed,
    status=HTTPStatus.ACCEPTED,
    problems=(ProblemCode.WEBHOOK_NOT_FOUND, ProblemCode.WEBHOOK_EVENT_NOT_FOUND),
)
def replay_event(request: ApiRequest) -> Response:
    """The endpoint gets this event at once, whatever became of it before; the id stays.

    The answer says 0 when the event is on its way at this moment.
    """
    endpoint_id = request.path_id("webhook_id", ProblemCode.WEBHOOK_NOT_FOUND)
    event_id = request.path_id("event_id", ProblemCode.WEBHOOK_EVENT_NOT_FOUND)
    with request.connection() as conn:
        _check_exists(conn, endpoint_id)
        if not webhook_events.exists(conn, event_id):
            raise not_found(ProblemCode.WEBHOOK_EVENT_NOT_FOUND, str(event_id))
        count = webhook_history.replay_event(conn, endpoint_id, event_id)
    return _replayed(request, count)


@routes.route(
    "POST",
    "/webhooks/{webhook_id}/test",
    summary="Send a test event",
    scope=Scope.OPERATOR,
    returns=TestEvent,
    status=HTTPStatus.ACCEPTED,
    problems=(ProblemCode.WEBHOOK_NOT_FOUND,),
)
def send_test_event(request: ApiRequest) -> Response:
    """An event of type webhook.test for this endpoint alone, signed as all are, at once."""
    endpoint_id = request.path_id("webhook_id", ProblemCode.WEBHOOK_NOT_FOUND)
    event_id = uuid4()
    with request.connection() as conn:
        _check_exists(conn, endpoint_id)
        webhook_events.tell_test(conn, endpoint_id, event_id)
    send_webhooks_now(request.resources.settings)
    return json_response(TestEvent(event_id=str(event_id)), HTTPStatus.ACCEPTED)


def _replayed(request: ApiRequest, count: int) -> Response:
    if count:
        send_webhooks_now(request.resources.settings)
    return json_response(Replayed(replayed=count), HTTPStatus.ACCEPTED)


def _check_exists(conn: "LedgerConnection", endpoint_id: UUID) -> None:
    if webhook_endpoints.get(conn, endpoint_id) is None:
        raise not_found(ProblemCode.WEBHOOK_NOT_FOUND, str(endpoint_id))


def _view(row: DeliveryRow) -> DeliveryView:
    return DeliveryView(
        event_id=str(row.event_id),
        event_type=row.event_type,
        job_id=None if row.job_id is None else str(row.job_id),
        status=cast("DeliveryStatus", row.status),
        attempts=row.attempts,
        last_attempt_at=optional_timestamp(row.last_attempt_at),
        last_status_code=row.last_status_code,
        last_error=row.last_error,
        next_attempt_at=timestamp(row.due_at) if row.status in _UNSETTLED else None,
        created_at=timestamp(row.created_at),
        delivered_at=optional_timestamp(row.delivered_at),
    )
