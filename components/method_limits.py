"""How often methods of the API may be called, and what API Gateway notes of their calls."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """How often.

    Attributes:
        per_second: steady calls a second.
        at_once: calls accepted at once.
    """

    per_second: float
    at_once: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedStage:
    """A stage whose methods are limited.

    Attributes:
        api: the REST API.
        stage: its stage.
        log_group: where its errors go; settings that lead to it wait for it.
    """

    api: aws.apigateway.RestApi
    stage: aws.apigateway.Stage
    log_group: aws.cloudwatch.LogGroup


def limit_calls(
    name: str, method_path: str, stage: WatchedStage, limits: CallLimits, *, parent: pulumi.Resource
) -> None:
    """Limit the calls of some methods, count them, and log their errors without their contents.

    Args:
        name: logical name.
        method_path: `PATH/METHOD`, or `*/*` for all that have no settings of their own.
        stage: where they are.
        limits: how often they may be called.
        parent: component that the settings belong to.
    """
    aws.apigateway.MethodSettings(
        name,
        rest_api=stage.api.id,
        stage_name=stage.stage.stage_name,
        method_path=method_path,
        settings=aws.apigateway.MethodSettingsSettingsArgs(
            metrics_enabled=True,
            logging_level="ERROR",
            data_trace_enabled=False,
            throttling_rate_limit=limits.per_second,
            throttling_burst_limit=limits.at_once,
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[stage.log_group]),
    )
