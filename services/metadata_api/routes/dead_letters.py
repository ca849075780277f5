"""For operators: messages that could not be handled, and giving them back."""

from metadata_api.http.problems import ProblemCode
from metadata_api.http.responses import Response, json_response
from metadata_api.models.system import DeadLettersList, DeadLettersView, RedriveView
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.request import ApiRequest, not_found
from runtime import clients

routes = RouteGroup("System")


@routes.route(
    "GET",
    "/dead-letters",
    summary="Count messages that could not be handled",
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
