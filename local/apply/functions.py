"""Lambda functions, who may call them, what calls them, and calls that belong to the deployment."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from artifacts.freshness import PACKAGE_PATH
from local.agent.plan import rewrite_path
from local.apply.context import ApplyContext, pascal, present, tag_map
from local.apply.preparation import lambda_dependencies
from local.apply.registry import handles
from local.monitor import Created, Registration
from local.program_errors import ApplyError

_EDGE_VARIABLE = "EDGE_URL"
_PACKAGE_NAME = Path(PACKAGE_PATH).name


@handles("aws:lambda/function:Function")
def create_function(context: ApplyContext, resource: Registration) -> Created:
    """Creates a function; the platform's package is replaced by its build for this machine."""
    inputs, name = resource.inputs, context.name(resource)
    client = context.client("lambda")
    configuration = client.create_function(
        FunctionName=name,
        Role=inputs["role"],
        Code=_code(context, resource),
        **present(
            Runtime=inputs.get("runtime"),
            Handler=inputs.get("handler"),
            Description=inputs.get("description"),
            Timeout=inputs.get("timeout"),
            MemorySize=inputs.get("memorySize"),
            Architectures=inputs.get("architectures"),
            Environment=_environment(context, resource),
            VpcConfig=pascal(inputs.get("vpcConfig")),
            TracingConfig=pascal(inputs.get("tracingConfig")),
            LoggingConfig=pascal(inputs.get("loggingConfig")),
            DeadLetterConfig=pascal(inputs.get("deadLetterConfig")),
            EphemeralStorage=pascal(inputs.get("ephemeralStorage")),
            KMSKeyArn=inputs.get("kmsKeyArn"),
            Tags=dict(tag_map(resource)) or None,
        ),
    )
    reserved = inputs.get("reservedConcurrentExecutions")
    if reserved is not None and int(reserved) >= 0:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))
    arn = configuration["FunctionArn"]
    invoke_arn = (
        f"arn:aws:apigateway:{context.account.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
    )
    return Created(
        name,
        {
            "arn": arn,
            "name": name,
            "invokeArn": invoke_arn,
            "version": configuration["Version"],
            "qualifiedArn": f"{arn}:{configuration['Version']}",
            "codeSha256": configuration["CodeSha256"],
        },
    )


@handles("aws:lambda/permission:Permission")
def add_permission(context: ApplyContext, resource: Registration) -> Created:
    """Lets a service call a function."""
    inputs = resource.inputs
    statement_id = str(inputs.get("statementId") or context.model(resource).id)
    context.client("lambda").add_permission(
        FunctionName=inputs["function"],
        StatementId=statement_id,
        Action=inputs["action"],
        Principal=inputs["principal"],
        **present(
            SourceArn=inputs.get("sourceArn"),
            SourceAccount=inputs.get("sourceAccount"),
            Qualifier=inputs.get("qualifier"),
        ),
    )
    return Created(statement_id, {"statementId": statement_id})


@handles("aws:lambda/eventSourceMapping:EventSourceMapping")
def map_event_source(context: ApplyContext, resource: Registration) -> Created:
    """Feeds a function from a queue."""
    inputs = resource.inputs
    answer = context.client("lambda").create_event_source_mapping(
        EventSourceArn=inputs["eventSourceArn"],
        FunctionName=inputs["functionName"],
        **present(
            BatchSize=inputs.get("batchSize"),
            Enabled=inputs.get("enabled"),
            MaximumBatchingWindowInSeconds=inputs.get("maximumBatchingWindowInSeconds"),
            FunctionResponseTypes=inputs.get("functionResponseTypes"),
            ScalingConfig=pascal(inputs.get("scalingConfig")),
            FilterCriteria=pascal(inputs.get("filterCriteria")),
            Tags=dict(tag_map(resource)) or None,
        ),
    )
    return Created(
        answer["UUID"],
        {"uuid": answer["UUID"], "functionArn": answer["FunctionArn"], "state": answer["State"]},
    )


@handles("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
def configure_asynchronous_calls(context: ApplyContext, resource: Registration) -> Created:
    """Says how often and how long an asynchronous call is tried, and where failures go."""
    inputs = resource.inputs
    context.client("lambda").put_function_event_invoke_config(
        FunctionName=inputs["functionName"],
        **present(
            MaximumRetryAttempts=inputs.get("maximumRetryAttempts"),
            MaximumEventAgeInSeconds=inputs.get("maximumEventAgeInSeconds"),
            DestinationConfig=pascal(inputs.get("destinationConfig")),
        ),
    )
    return Created(str(inputs["functionName"]))


@handles("aws:lambda/functionRecursionConfig:FunctionRecursionConfig")
def configure_recursion(context: ApplyContext, resource: Registration) -> Created:
    """Says whether Lambda ends a chain of calls that comes back to the function."""
    name = str(resource.inputs["functionName"])
    context.client("lambda").put_function_recursion_config(
        FunctionName=name, RecursiveLoop=resource.inputs["recursiveLoop"]
    )
    return Created(name)


@handles("aws:lambda/invocation:Invocation")
def invoke(context: ApplyContext, resource: Registration) -> Created:
    """Calls a function as part of the deployment, for example the database migrations.

    Raises:
        ApplyError: The function failed; the message carries what it said.
    """
    inputs = resource.inputs
    answer = context.client("lambda").invoke(
        FunctionName=inputs["functionName"], Payload=str(inputs["input"]).encode()
    )
    result = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        message = f"{resource.urn}: {inputs['functionName']} failed during the deployment: {result}"
        raise ApplyError(
            message, remedy="Read the function's log (`python -m local logs`) and correct the cause."
        )
    return Created(hashlib.sha256(result.encode()).hexdigest()[:32], {"result": result})


def _environment(context: ApplyContext, resource: Registration) -> dict[str, Any] | None:
    """Gives the variables as they must be here.

    Paths below a mounted file system become those of its directory, the edge is that of this machine, and the
    platform's package finds its dependencies beside it.
    """
    variables = dict((resource.inputs.get("environment") or {}).get("variables") or {})
    mount = resource.inputs.get("fileSystemConfig")
    if mount is not None:
        access_point = str(mount["arn"]).rpartition("/")[2]
        mounts = {str(mount["localMountPath"]): context.mounts[access_point]}
        variables = {name: rewrite_path(value, mounts) for name, value in variables.items()}
    if variables.get(_EDGE_VARIABLE):
        variables[_EDGE_VARIABLE] = context.endpoints.edge_url
    if _archive(resource).name == _PACKAGE_NAME:
        variables["PYTHONPATH"] = str(lambda_dependencies())
    return {"Variables": variables} if variables else None


def _archive(resource: Registration) -> Path:
    """Gives the path of the code, which counts from the project's directory: the working directory here."""
    archive = (resource.inputs.get("code") or {}).get("archive") or {}
    return Path(str(archive.get("path", "")))


def _code(context: ApplyContext, resource: Registration) -> dict[str, Any]:
    path = _archive(resource)
    if path.name == _PACKAGE_NAME:
        return context.lambda_code()
    if path.suffix != ".zip" or not path.is_file():
        message = f"{resource.urn}: code {str(path)!r} is neither {_PACKAGE_NAME} nor an existing zip file."
        raise ApplyError(message, remedy="Build the package first, or use the platform's own.")
    return {"ZipFile": path.read_bytes()}
