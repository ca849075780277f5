"""Whether the API is well."""

from http import HTTPStatus

from metadata_api.environment import health
from metadata_api.http.responses import Response
from metadata_api.models.system import HealthView
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.request import ApiRequest

routes = RouteGroup("System")


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
