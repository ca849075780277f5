"""Step Functions machines, and the ECS cluster and task definitions that the local agent runs."""

from __future__ import annotations

import json
from typing import Any

from local.apply.context import ApplyContext, present, tag_pairs
from local.apply.registry import handles
from local.monitor import Created, Registration


@handles("aws:sfn/stateMachine:StateMachine")
def create_state_machine(context: ApplyContext, resource: Registration) -> Created:
    """Creates a state machine from the definition that a deployment would send."""
    inputs, name = resource.inputs, context.name(resource)
    logging = inputs.get("loggingConfiguration")
    configuration: dict[str, Any] | None = None
    if logging:
        configuration = present(
            level=logging.get("level"), includeExecutionData=logging.get("includeExecutionData")
        )
        destination = {"cloudWatchLogsLogGroup": {"logGroupArn": logging["logDestination"]}}
        configuration["destinations"] = [destination]
    arn = context.client("stepfunctions").create_state_machine(
        name=name,
        definition=inputs["definition"],
        roleArn=inputs["roleArn"],
        tags=_lower_tags(resource),
        **present(
            type=inputs.get("type"),
            loggingConfiguration=configuration,
            tracingConfiguration=inputs.get("tracingConfiguration"),
        ),
    )["stateMachineArn"]
    return Created(arn, {"arn": arn, "name": name})


@handles("aws:ecs/cluster:Cluster")
def create_cluster(context: ApplyContext, resource: Registration) -> Created:
    """Creates a cluster."""
    name = context.name(resource)
    arn = context.client("ecs").create_cluster(
        clusterName=name,
        tags=_lower_tags(resource),
        **present(settings=resource.inputs.get("settings")),
    )["cluster"]["clusterArn"]
    return Created(arn, {"arn": arn, "name": name})


@handles("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
def set_capacity_providers(context: ApplyContext, resource: Registration) -> Created:
    """Says which kinds of capacity a cluster may use."""
    inputs = resource.inputs
    context.client("ecs").put_cluster_capacity_providers(
        cluster=inputs["clusterName"],
        capacityProviders=inputs.get("capacityProviders") or [],
        defaultCapacityProviderStrategy=inputs.get("defaultCapacityProviderStrategies") or [],
    )
    return Created(str(inputs["clusterName"]))


@handles("aws:ecs/taskDefinition:TaskDefinition")
def register_task_definition(context: ApplyContext, resource: Registration) -> Created:
    """Registers a task definition as the program wrote it."""
    inputs = resource.inputs
    storage = inputs.get("ephemeralStorage")
    definition = context.client("ecs").register_task_definition(
        family=inputs["family"],
        containerDefinitions=json.loads(inputs["containerDefinitions"]),
        tags=_lower_tags(resource),
        volumes=[_volume(volume) for volume in inputs.get("volumes") or []],
        **present(
            cpu=_text(inputs.get("cpu")),
            memory=_text(inputs.get("memory")),
            networkMode=inputs.get("networkMode"),
            requiresCompatibilities=inputs.get("requiresCompatibilities"),
            executionRoleArn=inputs.get("executionRoleArn"),
            taskRoleArn=inputs.get("taskRoleArn"),
            runtimePlatform=inputs.get("runtimePlatform"),
            ephemeralStorage=None if storage is None else {"sizeInGiB": storage["sizeInGib"]},
        ),
    )["taskDefinition"]
    arn = definition["taskDefinitionArn"]
    return Created(
        str(inputs["family"]),
        {
            "arn": arn,
            "revision": definition["revision"],
            "arnWithoutRevision": arn.rsplit(":", 1)[0],
        },
    )


def _volume(volume: dict[str, Any]) -> dict[str, Any]:
    efs = volume.get("efsVolumeConfiguration")
    converted: dict[str, Any] = {"name": volume["name"]}
    if efs is not None:
        converted["efsVolumeConfiguration"] = present(
            fileSystemId=efs["fileSystemId"],
            rootDirectory=efs.get("rootDirectory"),
            transitEncryption=efs.get("transitEncryption"),
            authorizationConfig=efs.get("authorizationConfig"),
        )
    elif volume.get("hostPath"):
        converted["host"] = {"sourcePath": volume["hostPath"]}
    return converted


def _lower_tags(resource: Registration) -> list[dict[str, str]]:
    return [{"key": tag["Key"], "value": tag["Value"]} for tag in tag_pairs(resource)]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
