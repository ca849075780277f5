"""Webhook endpoints: who is told about jobs, and the secrets that they check what they are told with."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast
from uuid import UUID, uuid4

from ledger.access import clients
from ledger.access.keys import Scope
from ledger.jobs import idempotency
from ledger.webhooks import webhook_endpoints
from ledger.webhooks.webhook_endpoints import DisabledReason, Endpoint, EndpointDraft
from metadata_api.http.problems import Problem, ProblemCode, field_problem, not_found
from metadata_api.http.responses import Response, empty_response, json_response, optional_timestamp, timestamp
from metadata_api.models.webhooks import (
    MAX_WEBHOOKS,
    DisabledReasonName,
    RotateBody,
    WebhookBody,
    WebhookPage,
    WebhookPatch,
    WebhookQuery,
    WebhookView,
    WebhookWithSecret,
)
from metadata_api.operations.operation import IDEMPOTENCY_KEY, LOCATION, RouteGroup
from metadata_api.operations.paging import read_page
from metadata_api.operations.request import ApiRequest

if TYPE_CHECKING:
    from ledger.database.connection import LedgerConnection

routes = RouteGroup("Webhooks")
_OPERATION: Final = "create-webhook"
_BODY_PROBLEMS: Final = (
    ProblemCode.VALIDATION_FAILED,
    ProblemCode.BODY_TOO_LARGE,
    ProblemCode.UNSUPPORTED_MEDIA_TYPE,
)


@routes.route(
    "POST",
    "/webhooks",
    summary="Create a webhook endpoint",
    scope=Scope.OPERATOR,
    body=WebhookBody,
    returns=WebhookWithSecret,
    status=HTTPStatus.CREATED,
    headers=(IDEMPOTENCY_KEY,),
    returns_headers=(LOCATION,),
    problems=(
        *_BODY_PROBLEMS,
        ProblemCode.WEBHOOK_URL_NOT_ALLOWED,
        ProblemCode.CLIENT_NOT_FOUND,
        ProblemCode.WEBHOOKS_EXHAUSTED,
        ProblemCode.IDEMPOTENCY_KEY_REUSED,
        ProblemCode.IDEMPOTENT_RESULT_GONE,
        ProblemCode.UPSTREAM_UNAVAILABLE,
    ),
)
def create_webhook(request: ApiRequest) -> Response:
    """An address that is told about jobs by signed calls (Standard Webhooks); at most 20 of them.

    The secret is shown in this answer only: keep it, or rotate it when it is lost.
    """
    body = request.body(WebhookBody)
    draft = _checked(
        request,
        EndpointDraft(
            url=body.url, description=body.description, event_types=body.events, client=body.client
        ),
        body.enabled,
    )
    key, fresh_id = request.idempotency_key(), uuid4()
    secret, sealed = _new_secret(request, fresh_id)
    with request.connection() as conn, conn.transaction():
        endpoint_id = fresh_id
        if key is not None:
            endpoint_id = idempotency.claim(
                conn,
                caller=request.caller.client,
                operation=_OPERATION,
                key=key,
                request_sha256=request.fingerprint(),
                resource_id=fresh_id,
            )
        if endpoint_id != fresh_id:
            return _created(_of_first_call(conn, endpoint_id), None)
        if draft.client is not None:
            clients.check(conn, draft.client)
        endpoint = webhook_endpoints.create(conn, fresh_id, draft, sealed, limit=MAX_WEBHOOKS)
        if endpoint is None:
            detail = f"there are {MAX_WEBHOOKS} webhook endpoints already; delete one first"
            raise Problem(ProblemCode.WEBHOOKS_EXHAUSTED, detail)
    return _created(endpoint, secret)


@routes.route(
    "GET",
    "/webhooks",
    summary="List webhook endpoints",
    scope=Scope.OPERATOR,
    query=WebhookQuery,
    returns=WebhookPage,
    problems=(ProblemCode.VALIDATION_FAILED, ProblemCode.CURSOR_INVALID),
)
def list_webhooks(request: ApiRequest) -> Response:
    """All endpoints, newest first, without their secrets."""
    query = request.query(WebhookQuery)
    shown, next_cursor = read_page(
        request,
        "webhooks",
        query,
        lambda conn, after, limit: webhook_endpoints.find(conn, after=after, limit=limit),
    )
    return json_response(WebhookPage(items=[_view(row) for row in shown], next_cursor=next_cursor))


@routes.route(
    "GET",
    "/webhooks/{webhook_id}",
    summary="Read a webhook endpoint",
    scope=Scope.OPERATOR,
    returns=WebhookView,
    problems=(ProblemCode.WEBHOOK_NOT_FOUND,),
)
def get_webhook(request: ApiRequest) -> Response:
    """One endpoint without its secret, and since when its calls fail."""
    endpoint_id = request.path_id("webhook_id", ProblemCode.WEBHOOK_NOT_FOUND)
    with request.connection() as conn:
        endpoint = webhook_endpoints.get(conn, endpoint_id)
    return json_response(_view(_found(endpoint, endpoint_id)))


@routes.route(
    "PATCH",
    "/webhooks/{webhook_id}",
    summary="Change a webhook endpoint",
    scope=Scope.OPERATOR,
    body=WebhookPatch,
    returns=WebhookView,
    problems=(
        *_BODY_PROBLEMS,
        ProblemCode.WEBHOOK_URL_NOT_ALLOWED,
        ProblemCode.CLIENT_NOT_FOUND,
        ProblemCode.WEBHOOK_NOT_FOUND,
    ),
)
def patch_webhook(request: ApiRequest) -> Response:
    """Absent fields stay. Enabling an endpoint again sends it what was waiting when it was disabled."""
    endpoint_id = request.path_id("webhook_id", ProblemCode.WEBHOOK_NOT_FOUND)
    given = request.body(WebhookPatch).model_dump(exclude_unset=True)
    with request.connection() as conn, conn.transaction():
        known = _found(webhook_endpoints.get(conn, endpoint_id, lock=True), endpoint_id)
        draft = EndpointDraft(
            url=given.get("url", known.url),
            description=given.get("description", known.description),
            event_types=given.get("events", known.event_types),
            disabled_reason=DisabledReason(known.disabled_reason) if known.disabled_reason else None,
            client=given.get("client", known.client),
        )
        draft = _checked(request, draft, given.get("enabled"))
        if draft.client is not None:
            clients.check(conn, draft.client)
        changed = webhook_endpoints.replace(conn, endpoint_id, draft)
    return json_response(_view(_found(changed, endpoint_id)))


@routes.route(
    "DELETE",
    "/webhooks/{webhook_id}",
    summary="Delete a webhook endpoint",
    scope=Scope.OPERATOR,
    status=HTTPStatus.NO_CONTENT,
    problems=(ProblemCode.WEBHOOK_NOT_FOUND,),
)
def delete_webhook(request: ApiRequest) -> Response:
    """Ends its deliveries; a call that is being made is not taken back."""
    endpoint_id = request.path_id("webhook_id", ProblemCode.WEBHOOK_NOT_FOUND)
    with request.connection() as conn:
        if not webhook_endpoints.mark_deleted(conn, endpoint_id):
            raise not_found(ProblemCode.WEBHOOK_NOT_FOUND, str(endpoint_id))
    return empty_response()


@routes.route(
    "POST",
    "/webhooks/{webhook_id}/secret",
    summary="Rotate the secret of a webhook endpoint",
    scope=Scope.OPERATOR,
    body=RotateBody,
    returns=WebhookWithSecret,
    problems=(*_BODY_PROBLEMS, ProblemCode.WEBHOOK_NOT_FOUND, ProblemCode.UPSTREAM_UNAVAILABLE),
)
def rotate_webhook_secret(request: ApiRequest) -> Response:
    """A new secret, shown in this answer only.

    Until the overlap ends, calls carry a signature by each of the two, so that receivers can change over.
    """
    endpoint_id = request.path_id("webhook_id", ProblemCode.WEBHOOK_NOT_FOUND)
    overlap_seconds = request.body(RotateBody).overlap_seconds
    secret, sealed = _new_secret(request, endpoint_id)
    with request.connection() as conn:
        endpoint = webhook_endpoints.replace_secret(
            conn, endpoint_id, sealed, overlap_seconds=overlap_seconds
        )
    return json_response(WebhookWithSecret(webhook=_view(_found(endpoint, endpoint_id)), secret=secret))


def _checked(request: ApiRequest, draft: EndpointDraft, enabled: bool | None) -> EndpointDraft:
    """The draft with its address checked, and disabled or not as asked for (None: as it is)."""
    from dataclasses import replace

    # Only calls that write need them.
    from runtime.webhooks.addresses import RefusedAddressError, parse_target

    try:
        parse_target(draft.url, request.resources.settings.webhook_trusted_hosts)
    except RefusedAddressError as error:
        raise field_problem("url", str(error), ProblemCode.WEBHOOK_URL_NOT_ALLOWED) from error
    if enabled is None or (enabled is (draft.disabled_reason is None)):
        return draft
    return replace(draft, disabled_reason=None if enabled else DisabledReason.REQUESTED)


def _new_secret(request: ApiRequest, endpoint_id: UUID) -> tuple[str, str]:
    """A secret in clear, for the answer, and sealed, for the ledger."""
    # Only calls that make one need them.
    from runtime.webhooks.secret_box import seal
    from runtime.webhooks.signing import new_secret

    secret = new_secret()
    return secret, seal(secret, endpoint_id, request.resources.settings.webhook_key_arn)


def _of_first_call(conn: "LedgerConnection", endpoint_id: UUID) -> Endpoint:
    endpoint = webhook_endpoints.get(conn, endpoint_id)
    if endpoint is None:
        detail = f"the endpoint {endpoint_id} made with this Idempotency-Key was deleted; use a new key"
        raise Problem(ProblemCode.IDEMPOTENT_RESULT_GONE, detail)
    return endpoint


def _created(endpoint: Endpoint, secret: str | None) -> Response:
    body = WebhookWithSecret(webhook=_view(endpoint), secret=secret)
    return json_response(body, HTTPStatus.CREATED, {"Location": f"/webhooks/{endpoint.id}"})


def _found(endpoint: Endpoint | None, endpoint_id: UUID) -> Endpoint:
    if endpoint is None:
        raise not_found(ProblemCode.WEBHOOK_NOT_FOUND, str(endpoint_id))
    return endpoint


def _view(endpoint: Endpoint) -> WebhookView:
    return WebhookView(
        webhook_id=str(endpoint.id),
        url=endpoint.url,
        client=endpoint.client,
        description=endpoint.description,
        events=endpoint.event_types,
        enabled=endpoint.disabled_reason is None,
        disabled_reason=cast("DisabledReasonName | None", endpoint.disabled_reason),
        failing_since=optional_timestamp(endpoint.failing_since),
        former_secret_until=optional_timestamp(endpoint.former_secret_until),
        created_at=timestamp(endpoint.created_at),
        updated_at=timestamp(endpoint.updated_at),
    )
