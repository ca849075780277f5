"""The REST API's paths and methods, its own answers, and the deployment that puts them live."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import preflight
from components.gateway_responses import GATEWAY_ANSWERS

HEALTH_PATH = "health"
OPEN_PATHS = ("openapi.json", "docs")
# Everything below these is open as well: players have no key, their links carry a token instead.
OPEN_TREES = ("playback",)
_INTEGRATION_TIMEOUT_MILLISECONDS = 29_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledFunction:
    """A function that answers paths.

    Attributes:
        name: whom the gateway may call.
        invoke_arn: how it does.
    """

    name: pulumi.Input[str]
    invoke_arn: pulumi.Input[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutesArgs:
    """Which API leads to which function.

    Attributes:
        rest_api_id: API that the paths belong to.
        root_resource_id: its root path.
        execution_arn: its ARN for calls, which the permissions are limited to.
        everything: function that answers every path but one.
        health: function that answers the one.
        cors_origins: web origins that may call the API.
    """

    rest_api_id: pulumi.Input[str]
    root_resource_id: pulumi.Input[str]
    execution_arn: pulumi.Input[str]
    everything: CalledFunction
    health: CalledFunction
    cors_origins: Sequence[str]


class Routes(pulumi.ComponentResource):
    """Creates a greedy path that needs a key beside the open paths, and deploys whatever of it changed.

    Preflights need no key and no function: the gateway answers them by itself.
    The deployment's trigger is a hash over every path, method, integration and gateway answer made here.
    """

    deployment_id: pulumi.Output[str]

    def __init__(self, name: str, args: RoutesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:routes:Routes", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._deployed: list[pulumi.Resource] = []
        self._facts: list[pulumi.Output[list[object]]] = []

        self._build_permission("permission", args.everything, "/*/*")
        self._build_permission("health-permission", args.health, f"/*/GET/{HEALTH_PATH}")
        root = args.root_resource_id
        proxy = self._build_path("proxy", "{proxy+}", root)
        self._build_method(proxy, "proxy-any", "ANY", args.everything, needs_key=True)
        self._build_preflight(proxy, "proxy-options")
        self._build_open_methods(self._build_path("health", HEALTH_PATH, root), "health", args.health)
        for path in OPEN_PATHS:
            role = path.replace(".", "-")
            self._build_open_methods(self._build_path(role, path, root), role, args.everything)
        for tree in OPEN_TREES:
            parent = self._build_path(tree, tree, root)
            below = self._build_path(f"{tree}-proxy", "{proxy+}", parent.id)
            self._build_open_methods(below, f"{tree}-proxy", args.everything)
        self._build_answers()
        self.deployment_id = self._build_deployment().id
        self.register_outputs({"deployment_id": self.deployment_id})

    def _build_permission(self, role: str, function: CalledFunction, calls: str) -> None:
        aws.lambda_.Permission(
            f"{self._name}-{role}",
            action="lambda:InvokeFunction",
            function=function.name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self._args.execution_arn, calls),
            opts=self._child,
        )

    def _build_path(self, role: str, path_part: str, parent_id: pulumi.Input[str]) -> aws.apigateway.Resource:
        resource = aws.apigateway.Resource(
            f"{self._name}-{role}",
            rest_api=self._args.rest_api_id,
            parent_id=parent_id,
            path_part=path_part,
            opts=self._child,
        )
        self._deployed.append(resource)
        self._facts.append(pulumi.Output.all(role, resource.path_part))
        return resource

    def _build_open_methods(
        self, resource: aws.apigateway.Resource, role: str, function: CalledFunction
    ) -> None:
        self._build_method(resource, f"{role}-get", "GET", function, needs_key=False)
        self._build_preflight(resource, f"{role}-options")

    def _declare_method(
        self, resource: aws.apigateway.Resource, role: str, http_method: str, *, needs_key: bool
    ) -> aws.apigateway.Method:
        method = aws.apigateway.Method(
            f"{self._name}-{role}-method",
            rest_api=self._args.rest_api_id,
            resource_id=resource.id,
            http_method=http_method,
            authorization="NONE",
            api_key_required=needs_key,
            opts=self._child,
        )
        self._deployed.append(method)
        self._facts.append(
            pulumi.Output.all(role, method.http_method, method.authorization, method.api_key_required)
        )
        return method

    def _build_method(
        self,
        resource: aws.apigateway.Resource,
        role: str,
        http_method: str,
        function: CalledFunction,
        *,
        needs_key: bool,
    ) -> None:
        method = self._declare_method(resource, role, http_method, needs_key=needs_key)
        integration = aws.apigateway.Integration(
            f"{self._name}-{role}-integration",
            rest_api=self._args.rest_api_id,
            resource_id=resource.id,
            http_method=method.http_method,
            type="AWS_PROXY",
            integration_http_method="POST",
            uri=function.invoke_arn,
            timeout_milliseconds=_INTEGRATION_TIMEOUT_MILLISECONDS,
            opts=self._child,
        )
        self._deployed.append(integration)
        self._facts.append(
            pulumi.Output.all(integration.type, integration.uri, integration.timeout_milliseconds)
        )

    def _build_preflight(self, resource: aws.apigateway.Resource, role: str) -> None:
        origins = self._args.cors_origins
        # Browsers send no key with it.
        method = self._declare_method(resource, role, "OPTIONS", needs_key=False)
        integration = aws.apigateway.Integration(
            f"{self._name}-{role}-integration",
            rest_api=self._args.rest_api_id,
            resource_id=resource.id,
            http_method=method.http_method,
            type="MOCK",
            request_templates=preflight.REQUEST_TEMPLATES,
            passthrough_behavior="WHEN_NO_TEMPLATES",
            opts=self._child,
        )
        declared = aws.apigateway.MethodResponse(
            f"{self._name}-{role}-method-response",
            rest_api=self._args.rest_api_id,
            resource_id=resource.id,
            http_method=method.http_method,
            status_code=preflight.STATUS,
            response_parameters=preflight.declared_headers(origins),
            opts=self._child,
        )
        answer = aws.apigateway.IntegrationResponse(
            f"{self._name}-{role}-integration-response",
            rest_api=self._args.rest_api_id,
            resource_id=resource.id,
            http_method=method.http_method,
            status_code=declared.status_code,
            response_parameters=preflight.fixed_headers(origins),
            response_templates=preflight.response_templates(origins),
            # API Gateway knows no answer before what gives it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[integration]),
        )
        self._deployed += [integration, declared, answer]
        # All of it is known beforehand, and what is left out would have no value until it is deployed.
        self._facts.append(pulumi.Output.all(integration.type, preflight.facts(origins)))

    def _build_answers(self) -> None:
        for answer in GATEWAY_ANSWERS:
            response = aws.apigateway.Response(
                f"{self._name}-{answer.kind.lower().replace('_', '-')}",
                rest_api_id=self._args.rest_api_id,
                response_type=answer.kind,
                status_code=str(answer.status),
                response_templates={"application/json": answer.template},
                response_parameters=answer.headers(self._args.cors_origins),
                opts=self._child,
            )
            self._deployed.append(response)
            self._facts.append(
                pulumi.Output.all(
                    response.response_type,
                    response.status_code,
                    response.response_templates,
                    response.response_parameters,
                )
            )

    def _build_deployment(self) -> aws.apigateway.Deployment:
        return aws.apigateway.Deployment(
            f"{self._name}-deployment",
            rest_api=self._args.rest_api_id,
            triggers={"content": pulumi.Output.all(*self._facts).apply(_digest)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._deployed),
        )


def _digest(facts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
