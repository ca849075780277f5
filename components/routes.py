"""The REST API's paths and methods, its own answers, and the deployment that puts them live."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gateway_responses import GATEWAY_ANSWERS

OPEN_PATHS = ("health", "openapi.json", "docs")
# Everything below these is open as well: players have no key, their links carry a token instead.
OPEN_TREES = ("playback",)
_INTEGRATION_TIMEOUT_MILLISECONDS = 29_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutesArgs:
    """Which API leads to which function.

    Attributes:
        rest_api_id: API that the paths belong to.
        root_resource_id: its root path.
        execution_arn: its ARN for calls, which the permission is limited to.
        function_name: function that answers every path.
        invoke_arn: how the gateway calls the function.
        cors_origins: web origins that may call the API.
    """

    rest_api_id: pulumi.Input[str]
    root_resource_id: pulumi.Input[str]
    execution_arn: pulumi.Input[str]
    function_name: pulumi.Input[str]
    invoke_arn: pulumi.Input[str]
    cors_origins: Sequence[str]


class Routes(pulumi.ComponentResource):
    """Creates a greedy path that needs a key beside the open paths, and deploys whatever of it changed.

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

        self._build_permission()
        root = args.root_resource_id
        proxy = self._build_path("proxy", "{proxy+}", root)
        self._build_method(proxy, "proxy-any", "ANY", needs_key=True)
        # Browsers send no key with a preflight request.
        self._build_method(proxy, "proxy-options", "OPTIONS", needs_key=False)
        for path in OPEN_PATHS:
            role = path.replace(".", "-")
            self._build_open_methods(self._build_path(role, path, root), role)
        for tree in OPEN_TREES:
            parent = self._build_path(tree, tree, root)
            self._build_open_methods(
                self._build_path(f"{tree}-proxy", "{proxy+}", parent.id), f"{tree}-proxy"
            )
        self._build_answers()
        self.deployment_id = self._build_deployment().id
        self.register_outputs({"deployment_id": self.deployment_id})

    def _build_permission(self) -> None:
        aws.lambda_.Permission(
            f"{self._name}-permission",
            action="lambda:InvokeFunction",
            function=self._args.function_name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self._args.execution_arn, "/*/*"),
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

    def _build_open_methods(self, resource: aws.apigateway.Resource, role: str) -> None:
        self._build_method(resource, f"{role}-get", "GET", needs_key=False)
        self._build_method(resource, f"{role}-options", "OPTIONS", needs_key=False)

    def _build_method(
        self, resource: aws.apigateway.Resource, role: str, http_method: str, *, needs_key: bool
    ) -> None:
        method = aws.apigateway.Method(
            f"{self._name}-{role}-method",
            rest_api=self._args.rest_api_id,
            resource_id=resource.id,
            http_method=http_method,
            authorization="NONE",
            api_key_required=needs_key,
            opts=self._child,
        )
        integration = aws.apigateway.Integration(
            f"{self._name}-{role}-integration",
            rest_api=self._args.rest_api_id,
            resource_id=resource.id,
            http_method=method.http_method,
            type="AWS_PROXY",
            integration_http_method="POST",
            uri=self._args.invoke_arn,
            timeout_milliseconds=_INTEGRATION_TIMEOUT_MILLISECONDS,
            opts=self._child,
        )
        self._deployed += [method, integration]
        self._facts += [
            pulumi.Output.all(role, method.http_method, method.authorization, method.api_key_required),
            pulumi.Output.all(integration.type, integration.uri, integration.timeout_milliseconds),
        ]

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
