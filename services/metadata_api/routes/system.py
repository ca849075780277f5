"""What the deployment can do, whether it is well, and what it could not handle."""

from http import HTTPStatus

from ledger.access.keys import Scope
from metadata_api.environment import health
from metadata_api.http.problems import ProblemCode, not_found
from metadata_api.http.responses import Response, json_response
from metadata_api.models.system import (
    DeadLettersList,
    DeadLettersView,
    HealthView,
    ProfileList,
    ProfileView,
    RedriveView,
)
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.request import ApiRequest
from runtime import clients

routes = RouteGroup("System")
profile_routes = RouteGroup("Profiles")


@routes.route(
    "GET",
    "/dead-letters",
    summary="Count messages that could not be handled",
    scope=Scope.OPERATOR,
    returns=DeadLettersList,
    problems=(ProblemCode.UPSTREAM_UNAVAILABLE,),
)
def list_dead_letters(request: ApiRequest) -> Response:
    """Every queue whose messages can be given back, with about how many wait."""
    # Only operators' calls need it.
    from metadata_api.environment import dead_letters

    items = [
        DeadLettersView(queue=name, waiting=dead_letters.waiting(clients.sqs(), letters))
        for name, letters in dead_letters.queues(request.resources.settings).items()
    ]
    return json_response(DeadLettersList(items=items))


@routes.route(
    "POST",
    "/dead-letters/{queue}/redrive",
    summary="Handle messages again",
    scope=Scope.OPERATOR,
    returns=RedriveView,
    problems=(ProblemCode.QUEUE_NOT_FOUND, ProblemCode.UPSTREAM_UNAVAILABLE),
)
def redrive_dead_letters(request: ApiRequest) -> Response:
    """Gives the messages of a queue back to be handled once more; what fails again returns.

    Handling is idempotent, so this makes no job and no event twice. Takes up to 18 seconds; call again while
    messages are left.
    """
    # Only operators' calls need it.
    from metadata_api.environment import dead_letters

    name = request.path_text("queue")
    letters = dead_letters.queues(request.resources.settings).get(name)
    if letters is None:
        raise not_found(ProblemCode.QUEUE_NOT_FOUND, name)
    moved = dead_letters.redrive(clients.sqs(), letters)
    left = dead_letters.waiting(clients.sqs(), letters)
    return json_response(RedriveView(queue=name, moved=moved, waiting=left))


@routes.route(
    "GET",
    "/health",
    summary="Check health",
    returns=HealthView,
    also=(HTTPStatus.SERVICE_UNAVAILABLE,),
    open=True,
)
def check_health(request: ApiRequest) -> Response:
    """503 when the database is away; without the cache it is 200, and only live progress is missing.

    An answer may be five seconds old.
    """
    return health.check_health(request.resources)


@profile_routes.route(
    "GET", "/profiles", summary="List processing profiles", scope=Scope.VIEWER, returns=ProfileList
)
def list_profiles(request: ApiRequest) -> Response:  # noqa: ARG001 -- every handler gets the request
    """What each profile makes of a source; no rung is made that is larger than the source."""
    # Reading and checking the files takes longer than any other call's imports.
    from profiles import load_profiles, version_of

    items = [
        ProfileView(
            name=profile.name,
            version=version_of(profile),
            title=profile.title,
            description=profile.description,
            definition=profile.model_dump(mode="json", exclude={"name", "title", "description"}),
        )
        for profile in load_profiles().values()
    ]
    return json_response(ProfileList(items=items))
