"""For operators: API keys, which are made and revoked at API Gateway and known to the ledger."""

from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from uuid import UUID

from ledger.access import keys
from ledger.access.keys import ApiKey, Scope
from ledger.errors import KeyNotRevocableError
from metadata_api.http.problems import Problem, ProblemCode, not_found
from metadata_api.http.responses import Response, empty_response, json_response, timestamp
from metadata_api.models.keys import KeyBody, KeyList, KeyStateName, KeyView, KeyWithValue
from metadata_api.operations.operation import LOCATION, RouteGroup
from metadata_api.operations.request import ApiRequest
from runtime import clients
from runtime.logs import logger

if TYPE_CHECKING:
    from runtime.key_making import KeyMaker, MadeKey

routes = RouteGroup("Keys")


@routes.route(
    "POST",
    "/keys",
    summary="Make an API key",
    scope=Scope.OPERATOR,
    body=KeyBody,
    returns=KeyWithValue,
    status=HTTPStatus.CREATED,
    returns_headers=(LOCATION,),
    problems=(
        ProblemCode.VALIDATION_FAILED,
        ProblemCode.BODY_TOO_LARGE,
        ProblemCode.UNSUPPORTED_MEDIA_TYPE,
        ProblemCode.UPSTREAM_UNAVAILABLE,
    ),
)
def make_key(request: ApiRequest) -> Response:
    """A key for a client, which is made with its first key. The value is shown in this answer only.

    To replace a key, make a second one, change over, and revoke the first: what the client owns stays its
    own. API Gateway may need some seconds until it takes a new key.
    """
    body = request.body(KeyBody)
    with request.connection() as conn:
        key = keys.begin(conn, body.client, body.name, Scope(body.scope))
    made = _make(_key_maker(request), key)
    with request.connection() as conn:
        known = keys.made(conn, key.id, made.gateway_id)
        if not known:
            # Given up meanwhile; what was made must not stay.
            _remove(_key_maker(request), key.id, made.gateway_id)
            raise _not_made(key.id)
    # Not `key_id` and `client`: those of whoever calls stand in every line.
    logger().info(
        "api_key_made", made_key=str(key.id), made_for=key.client, made_name=key.name, made_scope=key.scope
    )
    shown = KeyWithValue(key={**_view(key), "state": "active"}, value=made.value)
    return json_response(shown, HTTPStatus.CREATED, {"Location": f"/keys/{key.id}"})


@routes.route("GET", "/keys", summary="List API keys", scope=Scope.OPERATOR, returns=KeyList)
def list_keys(request: ApiRequest) -> Response:
    """All keys that are not revoked, by client and age, without their values."""
    with request.connection() as conn:
        found = keys.listed(conn)
    return json_response(KeyList(items=[_view(key) for key in found]))


@routes.route(
    "DELETE",
    "/keys/{key_id}",
    summary="Revoke an API key",
    scope=Scope.OPERATOR,
    status=HTTPStatus.NO_CONTENT,
    problems=(ProblemCode.KEY_NOT_FOUND, ProblemCode.KEY_NOT_REVOCABLE),
)
def revoke_key(request: ApiRequest) -> Response:
    """The API refuses the key within half a minute, whatever API Gateway knows; repeats change nothing.

    That API Gateway forgets the key may take a few minutes more. What its client owns stays.
    """
    key_id = request.path_id("key_id", ProblemCode.KEY_NOT_FOUND)
    with request.connection() as conn:
        try:
            key = keys.begin_revoking(conn, key_id)
        except KeyNotRevocableError as error:
            detail = f"{error}; take it out of the stack's file and deploy"
            raise Problem(ProblemCode.KEY_NOT_REVOCABLE, detail) from error
    if key is None:
        raise not_found(ProblemCode.KEY_NOT_FOUND, str(key_id))
    logger().info("api_key_revoked", revoked_key=str(key_id), revoked_of=key.client, revoked_name=key.name)
    # Without an id it may be in the making at this moment: `maintain` looks for it later.
    if (
        key.state is not keys.KeyState.REVOKED
        and key.gateway_id is not None
        and _remove(_key_maker(request), key_id, key.gateway_id)
    ):
        with request.connection() as conn:
            keys.revoked(conn, key_id)
    return empty_response()


def _key_maker(request: ApiRequest) -> "KeyMaker":
    from runtime.key_making import KeyMaker

    settings = request.resources.settings
    return KeyMaker(client=clients.lambda_(), function_name=settings.key_maker_function_name)


def _make(key_maker: "KeyMaker", key: ApiKey) -> "MadeKey":
    from runtime.key_making import KeyMakerError

    try:
        return key_maker.make(key.id, f"{key.client}: {key.name}")
    except KeyMakerError as error:
        logger().warning("api_key_not_made", made_key=str(key.id), reason=str(error))
        raise _not_made(key.id) from error


def _remove(key_maker: "KeyMaker", key_id: UUID, gateway_id: str) -> bool:
    """Has API Gateway forget a key; where that fails, `maintain` does it."""
    from runtime.key_making import KeyMakerError

    try:
        key_maker.remove(key_id, gateway_id)
    except KeyMakerError as error:
        logger().warning("api_key_not_removed", revoked_key=str(key_id), reason=str(error))
        return False
    return True


def _not_made(key_id: UUID) -> Problem:
    detail = f"the key {key_id} was not made, and what there is of it is taken away; make another one shortly"
    return Problem(ProblemCode.UPSTREAM_UNAVAILABLE, detail)


def _view(key: ApiKey) -> KeyView:
    return KeyView(
        key_id=str(key.id),
        client=key.client,
        name=key.name,
        scope=key.scope.value,
        state=cast("KeyStateName", key.state.value),
        deployed=key.deployed,
        created_at=timestamp(key.created_at),
    )
