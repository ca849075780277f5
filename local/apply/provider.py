"""Runs the program once more, this time with every resource created for real on this machine."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import lookups
from local.apply import (  # noqa: F401 - importing a module registers its handlers
    apigateway,
    datastores,
    edge,
    encryption,
    events,
    functions,
    iam,
    messaging,
    modelled,
    randoms,
    s3,
    workflows,
)
from local.apply.context import ApplyContext
from local.apply.coverage import refuse_lost_inputs, tracked
from local.apply.endpoints import Endpoints
from local.apply.generated import GeneratedValues
from local.apply.preparation import image_dir
from local.apply.registry import handler_of
from local.monitor import Created, Registration
from local.paths import REPOSITORY_ROOT
from local.program import Mode, ProgramRun, run_program
from local.program_errors import ApplyError

OnResource = Callable[[str, str], None]
# A receiver on this machine has no public address and no certificate.
_CONFIGURATION_HERE: Mapping[str, Any] = {"webhook_trusted_hosts": ["127.0.0.1"]}
_FIRST_KEY = "api-key"
_API_KEY_TYPE = "aws:apigateway/apiKey:ApiKey"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedResource:
    """One resource as it exists on this machine; secrets in inputs and outputs are in clear."""

    type: str
    name: str
    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What one application of the program made.

    Attributes:
        stack: Name of the stack.
        exports: The stack's exports.
        resources: Custom and remote resources by URN.
        mounts: Directory of each EFS file system and access point, by id.
        image_dir: What the container image holds; the PYTHONPATH of the processor.
        lambda_package: The package that the functions run, None when no function uses it.
        api_key: Value of the API key, None when the program makes none.
        dropped_statements: Owner and Sid of the policy statements that plain HTTP forced us to leave out.
    """

    stack: str
    exports: Mapping[str, Any]
    resources: Mapping[str, AppliedResource]
    mounts: Mapping[str, Path]
    image_dir: Path
    lambda_package: Path | None
    api_key: str | None
    dropped_statements: tuple[str, ...]

    def by_type(self, type_: str) -> list[AppliedResource]:
        """Returns the resources of one type, in the order of their URNs."""
        return [resource for _, resource in sorted(self.resources.items()) if resource.type == type_]


class ApplyProvider:
    """Creates each resource with its handler and turns failures into messages that name the resource."""

    def __init__(self, context: ApplyContext, on_resource: OnResource | None) -> None:
        self._context = context
        self._on_resource = on_resource

    def create(self, registration: Registration) -> Created:
        """Creates one resource.

        Raises:
            ApplyError: The emulator or a server refused it.
            UnsupportedError: No handler knows its type.
        """
        handler = handler_of(registration)
        resource, inputs = tracked(registration)
        try:
            created = handler(self._context, resource)
        except (ClientError, BotoCoreError, KeyError) as error:
            reason = f"input {error} is missing" if isinstance(error, KeyError) else str(error)
            message = f"{registration.urn} could not be created on this machine: {reason}"
            raise ApplyError(message) from error
        refuse_lost_inputs(registration, inputs)
        if self._on_resource is not None:
            self._on_resource(registration.urn, registration.type)
        return created

    def invoke(self, token: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answers a lookup for the emulator's account."""
        return lookups.answer(self._context.account, token, args)


def apply_program(
    stack: str,
    endpoints: Endpoints,
    *,
    state_dir: Path,
    on_resource: OnResource | None = None,
    project_dir: Path = REPOSITORY_ROOT,
) -> Applied:
    """Creates everything that the program describes on this machine.

    Args:
        stack: Name of the stack.
        endpoints: The servers and directories of this machine; the emulator must be freshly started.
        state_dir: Directory that keeps generated values between runs.
        on_resource: Called with URN and type after each resource, from several threads.
        project_dir: Directory with Pulumi.yaml and `__main__.py`.

    Raises:
        ApplyError: The emulator is not empty, or a resource could not be created.
        UnsupportedError: The program uses a type or lookup that local mode does not know.
    """
    generated = GeneratedValues(state_dir)
    context = ApplyContext(endpoints, generated)
    _refuse_leftovers(context)
    try:
        run = run_program(
            stack,
            mode=Mode.UPDATE,
            provider=ApplyProvider(context, on_resource),
            project_dir=project_dir,
            replaced=_CONFIGURATION_HERE,
            secret_value=lambda key: generated.get_or_make(
                f"config {key}", lambda: secrets.token_urlsafe(24)
            ),
        )
    finally:
        context.close()
    resources = _applied_resources(run)
    keys = [
        resource
        for resource in resources.values()
        if (resource.type, resource.name) == (_API_KEY_TYPE, _FIRST_KEY)
    ]
    return Applied(
        stack=stack,
        exports=run.exports,
        resources=resources,
        mounts=dict(context.mounts),
        image_dir=image_dir(endpoints.packages_dir, endpoints.ca_path),
        lambda_package=context.used_package,
        api_key=str(keys[0].outputs["value"]) if keys else None,
        dropped_statements=tuple(sorted(context.dropped_statements)),
    )


def _refuse_leftovers(context: ApplyContext) -> None:
    roles = context.client("iam").list_roles()["Roles"]
    if any(not role["Path"].startswith("/aws-service-role/") for role in roles):
        message = (
            f"the emulator at {context.endpoints.emulator_url} already holds resources of an earlier run."
        )
        raise ApplyError(message, remedy="Start it anew: its control plane is disposable, objects stay.")


def _applied_resources(run: ProgramRun) -> dict[str, AppliedResource]:
    return {
        urn: AppliedResource(
            type=run.registrations[urn].type,
            name=run.registrations[urn].name,
            id=created.id,
            inputs=run.registrations[urn].inputs,
            outputs=created.outputs,
        )
        for urn, created in run.created.items()
    }
