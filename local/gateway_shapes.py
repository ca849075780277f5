"""What the outputs of API Gateway's resource types look like; data for `local.model`."""

from __future__ import annotations

from collections.abc import Mapping

from local.shape import Shape

_API_ARN = "arn:aws:apigateway:{region}::/restapis/{digest:.10}"

GATEWAY_SHAPES: Mapping[str, Shape] = {
    "aws:apigateway/restApi:RestApi": Shape(
        id="{digest:.10}",
        arn=_API_ARN,
        name_key="name",
        outputs={
            "rootResourceId": "root{digest:.6}",
            "executionArn": "arn:aws:execute-api:{region}:{account}:{digest:.10}",
        },
    ),
    "aws:apigateway/resource:Resource": Shape(id="{digest:.6}", outputs={"path": "/{inputs[pathPart]}"}),
    "aws:apigateway/deployment:Deployment": Shape(id="{digest:.6}"),
    "aws:apigateway/stage:Stage": Shape(
        id="ags-{inputs[restApi]}-{inputs[stageName]}",
        arn="arn:aws:apigateway:{region}::/restapis/{inputs[restApi]}/stages/{inputs[stageName]}",
        outputs={
            "invokeUrl": "https://{inputs[restApi]}.execute-api.{region}.amazonaws.com/{inputs[stageName]}",
            "executionArn": "arn:aws:execute-api:{region}:{account}:{inputs[restApi]}/{inputs[stageName]}",
        },
    ),
    "aws:apigateway/apiKey:ApiKey": Shape(
        id="{digest:.10}",
        arn="arn:aws:apigateway:{region}::/apikeys/{digest:.10}",
        name_key="name",
        outputs={"value": "modelled-{digest}"},
        secret_outputs=("value",),
    ),
    "aws:apigateway/domainName:DomainName": Shape(
        id="{name}",
        arn="arn:aws:apigateway:{region}::/domainnames/{name}",
        name_key="domainName",
        outputs={
            "regionalDomainName": "d-{digest:.10}.execute-api.{region}.amazonaws.com",
            "regionalZoneId": "Z1YSHQZHG15GKL",
        },
    ),
    "aws:apigateway/usagePlan:UsagePlan": Shape(
        id="{digest:.6}", arn="arn:aws:apigateway:{region}::/usageplans/{digest:.6}", name_key="name"
    ),
}
