"""The recording stand-in for the Pulumi engine: keeps every registration and asks a provider for outputs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from google.protobuf import empty_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from local import wire
from local.program_errors import DuplicateUrnError, ProgramError, UnsupportedError

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_TYPE_PREFIX = "pulumi:providers:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One resource as the program registered it.

    Attributes:
        urn: Full URN with the chain of parent types, as the engine would build it.
        type: Type token, for example `aws:s3/bucket:Bucket`.
        name: Logical name.
        parent: URN of the parent, empty for the stack itself.
        inputs: Plain input values; secrets are in clear here.
        secrets: Paths of the secret inputs.
        dependencies: URNs of the resources that this one waits for.
        custom: True for a resource that a provider creates, False for a component.
        remote: True for a component that a provider expands (awsx).
        protect: True for a resource that Pulumi refuses to delete.
        retained: True for a resource that Pulumi forgets without deleting it.
    """

    urn: str
    type: str
    name: str
    parent: str
    inputs: Mapping[str, Any]
    secrets: tuple[str, ...]
    dependencies: tuple[str, ...]
    custom: bool
    remote: bool
    protect: bool
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Created:
    """What a provider answers for one resource: physical id, outputs, and which of those are secret."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict)
    secret_outputs: tuple[str, ...] = ()


class Provider(Protocol):
    """Creates resources and answers lookups for the program."""

    def create(self, registration: Registration) -> Created:
        """Returns id and outputs of a custom or remote resource; called from several threads at once."""

    def invoke(self, token: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the answer to a lookup such as `aws:index/getRegion:getRegion`."""


class _NoMocks(mocks.Mocks):
    """Satisfies the SDK's constructor; every call is answered by the monitor itself."""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        message = f"lookup {args.token} bypassed the recording monitor"
        raise UnsupportedError(message)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        message = f"resource {args.name} of type {args.typ} bypassed the recording monitor"
        raise UnsupportedError(message)


class RecordingMonitor(mocks.MockMonitor):
    """Keeps what the program registers; answers with the provider's outputs merged over the inputs."""

    def __init__(self, provider: Provider, project: str, stack: str) -> None:
        super().__init__(_NoMocks())
        self.registrations: dict[str, Registration] = {}
        self.created: dict[str, Created] = {}
        self.component_outputs: dict[str, dict[str, Any]] = {}
        self.exports: dict[str, Any] = {}
        self.secret_exports: tuple[str, ...] = ()
        self._provider = provider
        self._prefix = f"urn:pulumi:{stack}::{project}::"
        self._stack_urn = f"{self._prefix}{STACK_TYPE}::{project}-{stack}"
        self._lock = threading.Lock()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Builds the URN with the whole chain of parent types; the stack itself does not count."""
        if parent in ("", self._stack_urn):
            return f"{self._prefix}{type_}::{name}"
        parent_chain = parent.removeprefix(self._prefix).split("::", 1)[0]
        return f"{self._prefix}{parent_chain}${type_}::{name}"

    def RegisterResource(  # noqa: N802 - the name is fixed by the protocol
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Records the resource and returns the id and outputs that the provider gives it."""
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=self._stack_urn)
        raw = wire.to_raw(request.object)
        registration = self._record(request, raw)
        if not (request.custom or request.remote):
            return resource_pb2.RegisterResourceResponse(urn=registration.urn)
        created = self._provider.create(registration)
        hidden = {*request.additionalSecretOutputs, *created.secret_outputs}
        hidden |= {path.replace("[", ".").split(".", 1)[0] for path in registration.secrets}
        outputs = {
            key: wire.secret(value) if key in hidden else value for key, value in created.outputs.items()
        }
        # A remote component may use one name for an input and for an output of another type: no echo.
        state = outputs if request.remote else {**raw, **outputs}
        with self._lock:
            self.created[registration.urn] = created
            self.resources[registration.urn] = self.ResourceRegistration(registration.urn, created.id, state)
        return resource_pb2.RegisterResourceResponse(
            urn=registration.urn, id=created.id, object=wire.to_struct(state)
        )

    def _record(self, request: resource_pb2.RegisterResourceRequest, raw: Mapping[str, Any]) -> Registration:
        inputs, secrets = wire.decode(raw)
        registration = Registration(
            urn=self.make_urn(request.parent, request.type, request.name),
            type=request.type,
            name=request.name,
            parent=request.parent,
            inputs=inputs,
            secrets=secrets,
            dependencies=tuple(sorted(request.dependencies)),
            custom=bool(request.custom),
            remote=bool(request.remote),
            protect=bool(request.protect),
            retained=bool(request.retainOnDelete),
        )
        if path := wire.path_of_stringified_output(inputs):
            message = (
                f"{registration.urn}: input {path!r} contains an Output as text; use Output.concat or apply"
            )
            raise ProgramError(message)
        with self._lock:
            if registration.urn in self.registrations:
                message = (
                    f"{registration.urn} is registered twice; give one of the two another name or parent"
                )
                raise DuplicateUrnError(message)
            self.registrations[registration.urn] = registration
        return registration

    def RegisterResourceOutputs(  # noqa: N802 - the name is fixed by the protocol
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Keeps the outputs of components, and the stack's as exports."""
        values, secrets = wire.decode(wire.to_raw(request.outputs))
        with self._lock:
            if request.urn == self._stack_urn:
                self.exports, self.secret_exports = values, secrets
            else:
                self.component_outputs[request.urn] = values
        return empty_pb2.Empty()

    def ReadResource(  # noqa: N802 - the name is fixed by the protocol
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        """Refuses: the program owns all of its resources, and offline there is nothing to read."""
        message = f"{request.type} {request.name!r}: reading existing resources is not possible offline"
        raise UnsupportedError(message)

    def Invoke(  # noqa: N802 - the name is fixed by the protocol
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        """Answers a lookup with what the provider knows."""
        args, _ = wire.decode(wire.to_raw(request.args))
        if request.tok == "pulumi:pulumi:getResource":
            known = self.resources[args["urn"]]
            answer: Mapping[str, Any] = {"urn": known.urn, "id": known.id, "state": known.state}
        else:
            answer = self._provider.invoke(request.tok, args)
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(wire.to_struct(answer))  # the field's name is a keyword
        return response
