"""The REST API, built resource by resource; its id and key are the same on every run."""

from __future__ import annotations

import secrets
from typing import Any

from local.apply.context import ApplyContext, present, tag_map
from local.apply.registry import handles
from local.model import digest_of
from local.monitor import Created, Registration

# The emulator takes the API's id from this tag, so that the address stays the same between runs.
_ID_TAG = "ms-custom-id"
_API_KEY_BYTES = 30


@handles("aws:apigateway/restApi:RestApi")
def create_api(context: ApplyContext, resource: Registration) -> Created:
    """Creates a REST API with its root."""
    inputs, client, name = resource.inputs, context.client("apigateway"), context.name(resource)
    endpoint = inputs.get("endpointConfiguration") or {}
    types = endpoint.get("types", "REGIONAL")
    api = client.create_rest_api(
        name=name,
        endpointConfiguration={"types": types if isinstance(types, list) else [types]},
        tags={**tag_map(resource), _ID_TAG: digest_of(resource.urn)[:8]},
        **present(
            description=inputs.get("description"),
            policy=inputs.get("policy"),
            apiKeySource=inputs.get("apiKeySource"),
            binaryMediaTypes=inputs.get("binaryMediaTypes"),
        ),
    )
    root = next(item for item in client.get_resources(restApiId=api["id"])["items"] if item["path"] == "/")
    region, account = context.account.region, context.account.id
    return Created(
        api["id"],
        {
            "arn": f"arn:aws:apigateway:{region}::/restapis/{api['id']}",
            "name": name,
            "rootResourceId": root["id"],
            "executionArn": f"arn:aws:execute-api:{region}:{account}:{api['id']}",
        },
    )


@handles("aws:apigateway/resource:Resource")
def create_path(context: ApplyContext, resource: Registration) -> Created:
    """Creates one segment of a path."""
    inputs = resource.inputs
    answer = context.client("apigateway").create_resource(
        restApiId=inputs["restApi"], parentId=inputs["parentId"], pathPart=inputs["pathPart"]
    )
    return Created(answer["id"], {"path": answer["path"]})


@handles("aws:apigateway/method:Method")
def put_method(context: ApplyContext, resource: Registration) -> Created:
    """Allows an HTTP method on a path."""
    inputs = resource.inputs
    context.client("apigateway").put_method(
        **_method_key(resource),
        authorizationType=inputs["authorization"],
        apiKeyRequired=bool(inputs.get("apiKeyRequired", False)),
        **present(
            authorizerId=inputs.get("authorizerId"),
            requestParameters=inputs.get("requestParameters"),
            requestModels=inputs.get("requestModels"),
            requestValidatorId=inputs.get("requestValidatorId"),
            operationName=inputs.get("operationName"),
        ),
    )
    return Created(_method_id("agm", resource))


@handles("aws:apigateway/methodResponse:MethodResponse")
def put_method_response(context: ApplyContext, resource: Registration) -> Created:
    """Declares a status code of a method."""
    inputs = resource.inputs
    context.client("apigateway").put_method_response(
        **_method_key(resource),
        statusCode=str(inputs["statusCode"]),
        **present(
            responseParameters=inputs.get("responseParameters"), responseModels=inputs.get("responseModels")
        ),
    )
    return Created(_method_id("agmr", resource, str(inputs["statusCode"])))


@handles("aws:apigateway/integration:Integration")
def put_integration(context: ApplyContext, resource: Registration) -> Created:
    """Says what answers a method."""
    inputs = resource.inputs
    context.client("apigateway").put_integration(
        **_method_key(resource),
        type=inputs["type"],
        **present(
            integrationHttpMethod=inputs.get("integrationHttpMethod"),
            uri=inputs.get("uri"),
            credentials=inputs.get("credentials"),
            requestTemplates=inputs.get("requestTemplates"),
            requestParameters=inputs.get("requestParameters"),
            passthroughBehavior=inputs.get("passthroughBehavior"),
            contentHandling=inputs.get("contentHandling"),
            timeoutInMillis=inputs.get("timeoutMilliseconds"),
        ),
    )
    return Created(_method_id("agi", resource))


@handles("aws:apigateway/integrationResponse:IntegrationResponse")
def put_integration_response(context: ApplyContext, resource: Registration) -> Created:
    """Maps an answer of the integration to one of the method."""
    inputs = resource.inputs
    context.client("apigateway").put_integration_response(
        **_method_key(resource),
        statusCode=str(inputs["statusCode"]),
        **present(
            selectionPattern=inputs.get("selectionPattern"),
            responseParameters=inputs.get("responseParameters"),
            responseTemplates=inputs.get("responseTemplates"),
        ),
    )
    return Created(_method_id("agir", resource, str(inputs["statusCode"])))


@handles("aws:apigateway/response:Response")
def put_gateway_response(context: ApplyContext, resource: Registration) -> Created:
    """Shapes an error that the gateway itself answers."""
    inputs = resource.inputs
    context.client("apigateway").put_gateway_response(
        restApiId=inputs["restApiId"],
        responseType=inputs["responseType"],
        **present(
            statusCode=inputs.get("statusCode"),
            responseParameters=inputs.get("responseParameters"),
            responseTemplates=inputs.get("responseTemplates"),
        ),
    )
    return Created(f"aggr-{inputs['restApiId']}-{inputs['responseType']}")


@handles("aws:apigateway/deployment:Deployment")
def deploy(context: ApplyContext, resource: Registration) -> Created:
    """Takes a snapshot of the API."""
    inputs = resource.inputs
    answer = context.client("apigateway").create_deployment(
        restApiId=inputs["restApi"], **present(description=inputs.get("description"))
    )
    return Created(answer["id"])


@handles("aws:apigateway/stage:Stage")
def create_stage(context: ApplyContext, resource: Registration) -> Created:
    """Publishes a deployment; the invoke URL is one that needs no special host name."""
    inputs = resource.inputs
    api, stage = str(inputs["restApi"]), str(inputs["stageName"])
    context.client("apigateway").create_stage(
        restApiId=api,
        stageName=stage,
        deploymentId=inputs["deployment"],
        tags=dict(tag_map(resource)),
        **present(
            description=inputs.get("description"),
            variables=inputs.get("variables"),
            tracingEnabled=inputs.get("xrayTracingEnabled"),
        ),
    )
    if settings := inputs.get("accessLogSettings"):
        _set_access_log(context, api, stage, settings)
    region, account = context.account.region, context.account.id
    return Created(
        f"ags-{api}-{stage}",
        {
            "arn": f"arn:aws:apigateway:{region}::/restapis/{api}/stages/{stage}",
            "executionArn": f"arn:aws:execute-api:{region}:{account}:{api}/{stage}",
            "invokeUrl": f"{context.endpoints.emulator_url}/_aws/execute-api/{api}/{stage}",
        },
    )


@handles("aws:apigateway/apiKey:ApiKey")
def create_key(context: ApplyContext, resource: Registration) -> Created:
    """Creates an API key whose value survives restarts."""
    inputs, name = resource.inputs, context.name(resource)
    value = str(inputs.get("value") or "") or context.generated.get_or_make(
        resource.urn, lambda: secrets.token_urlsafe(_API_KEY_BYTES)
    )
    answer = context.client("apigateway").create_api_key(
        name=name,
        value=value,
        enabled=bool(inputs.get("enabled", True)),
        tags=dict(tag_map(resource)),
        **present(description=inputs.get("description")),
    )
    arn = f"arn:aws:apigateway:{context.account.region}::/apikeys/{answer['id']}"
    return Created(answer["id"], {"arn": arn, "name": name, "value": value}, ("value",))


@handles("aws:apigateway/usagePlan:UsagePlan")
def create_usage_plan(context: ApplyContext, resource: Registration) -> Created:
    """Creates a usage plan with its throttle and quota."""
    inputs, name = resource.inputs, context.name(resource)
    answer = context.client("apigateway").create_usage_plan(
        name=name,
        apiStages=[
            {"apiId": stage["apiId"], "stage": stage["stage"]} for stage in inputs.get("apiStages") or []
        ],
        tags=dict(tag_map(resource)),
        **present(
            description=inputs.get("description"),
            throttle=inputs.get("throttleSettings"),
            quota=inputs.get("quotaSettings"),
        ),
    )
    arn = f"arn:aws:apigateway:{context.account.region}::/usageplans/{answer['id']}"
    return Created(answer["id"], {"arn": arn, "name": name})


@handles("aws:apigateway/usagePlanKey:UsagePlanKey")
def add_key_to_plan(context: ApplyContext, resource: Registration) -> Created:
    """Puts an API key under a usage plan."""
    inputs = resource.inputs
    context.client("apigateway").create_usage_plan_key(
        usagePlanId=inputs["usagePlanId"], keyId=inputs["keyId"], keyType=inputs["keyType"]
    )
    return Created(str(inputs["keyId"]))


def _set_access_log(context: ApplyContext, api: str, stage: str, settings: dict[str, Any]) -> None:
    operations = [
        {"op": "replace", "path": f"/accessLogSettings/{key}", "value": settings[key]}
        for key in ("destinationArn", "format")
    ]
    context.client("apigateway").update_stage(restApiId=api, stageName=stage, patchOperations=operations)


def _method_key(resource: Registration) -> dict[str, Any]:
    inputs = resource.inputs
    return {
        "restApiId": inputs["restApi"],
        "resourceId": inputs["resourceId"],
        "httpMethod": inputs["httpMethod"],
    }


def _method_id(prefix: str, resource: Registration, *more: str) -> str:
    key = _method_key(resource)
    return "-".join([prefix, str(key["restApiId"]), str(key["resourceId"]), str(key["httpMethod"]), *more])
