"""What the deployment can do, and whether it is well."""

from http import HTTPStatus

from metadata_api.environment import health
from metadata_api.http.responses import Response, json_response
from metadata_api.models.system import HealthView, ProfileList, ProfileView
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.request import ApiRequest

routes = RouteGroup("System")
profile_routes = RouteGroup("Profiles")


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


@profile_routes.route("GET", "/profiles", summary="List processing profiles", returns=ProfileList)
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
