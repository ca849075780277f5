"""The API's key, and the plan that limits what one key may ask for."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.naming import NameKind, Names
from components.settings import ApiSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyArgs:
    """What the key opens, and how far.

    Attributes:
        names: names of the stack.
        tags: tags of everything that belongs to the API.
        settings: calls a second, at once and a month.
        rest_api_id: the API.
        stage_name: its stage.
    """

    names: Names
    tags: dict[str, str]
    settings: ApiSettings
    rest_api_id: pulumi.Input[str]
    stage_name: pulumi.Input[str]


def build_api_key(name: str, args: ApiKeyArgs, *, parent: pulumi.Resource) -> aws.apigateway.ApiKey:
    """Create the key and its plan.

    Args:
        name: start of the logical names.
        args: what it opens, and how far.
        parent: component that both belong to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    plan = aws.apigateway.UsagePlan(
        f"{name}-plan",
        name=args.names.physical(NameKind.REST_API, "video-metadata-plan"),
        description="Limits of one API key",
        api_stages=[aws.apigateway.UsagePlanApiStageArgs(api_id=args.rest_api_id, stage=args.stage_name)],
        throttle_settings=aws.apigateway.UsagePlanThrottleSettingsArgs(
            rate_limit=float(args.settings.api_rate_limit_per_second),
            burst_limit=args.settings.api_burst_limit,
        ),
        quota_settings=aws.apigateway.UsagePlanQuotaSettingsArgs(
            limit=args.settings.api_monthly_quota, period="MONTH"
        ),
        tags=args.tags,
        opts=child,
    )
    key = aws.apigateway.ApiKey(
        f"{name}-key",
        name=args.names.physical(NameKind.REST_API, "video-metadata-key"),
        description="Default client of the video platform",
        tags=args.tags,
        opts=child,
    )
    aws.apigateway.UsagePlanKey(
        f"{name}-plan-key", usage_plan_id=plan.id, key_id=key.id, key_type="API_KEY", opts=child
    )
    return key
