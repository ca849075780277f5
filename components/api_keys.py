"""The API's keys that belong to the deployment, and the plan that limits what one key may ask for.

API Gateway knows a key's value; the ledger must know whose the key is, and is told by the function that also
migrates it. Keys that operators make later come from the key maker.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.edge_settings import ApiSettings
from components.naming import NameKind, Names

_FIRST = {"client": "default", "name": "first", "scope": "operator"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeysArgs:
    """What the keys open, how far, and who is told about them.

    Attributes:
        names: names of the stack.
        tags: tags of everything that belongs to the API.
        settings: calls a second, at once and a month, and the keys beside the first.
        rest_api_id: the API.
        stage_name: its stage.
        migrate_function_name: function that takes the keys up in the ledger.
        database_resource_id: changes when the database is replaced, which then knows no key.
        after: the ledger's tables.
    """

    names: Names
    tags: dict[str, str]
    settings: ApiSettings
    rest_api_id: pulumi.Input[str]
    stage_name: pulumi.Input[str]
    migrate_function_name: pulumi.Input[str]
    database_resource_id: pulumi.Input[str]
    after: Sequence[pulumi.Resource]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeys:
    """What was made.

    Attributes:
        first: the operator's key that every stack has.
        plan: what further keys are put under.
    """

    first: aws.apigateway.ApiKey
    plan: aws.apigateway.UsagePlan


def build_api_keys(name: str, args: ApiKeysArgs, *, parent: pulumi.Resource) -> ApiKeys:
    """Create the plan and the keys, and tell the ledger about them.

    Args:
        name: start of the logical names.
        args: what they open, and how far.
        parent: component that all belong to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    plan = _build_plan(name, args, child)
    first = _build_key(name, "", "Default client of the video platform", plan, args, child)
    told = [pulumi.Output.all(gateway_id=first.id, **_FIRST)]
    for entry in args.settings.api_client_keys:
        # As the configuration's pattern has it: CLIENT/KEY:SCOPE.
        whose, _, scope = entry.partition(":")
        client, _, key_name = whose.partition("/")
        key = _build_key(name, f"-{client}-{key_name}", f"{client}: {key_name}", plan, args, child)
        told.append(pulumi.Output.all(gateway_id=key.id, client=client, name=key_name, scope=scope))
    aws.lambda_.Invocation(
        f"{name}-take-up-keys",
        function_name=args.migrate_function_name,
        input=pulumi.Output.json_dumps({"keys": told}),
        triggers={"database": args.database_resource_id},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=args.after),
    )
    return ApiKeys(first=first, plan=plan)


def _build_plan(name: str, args: ApiKeysArgs, child: pulumi.ResourceOptions) -> aws.apigateway.UsagePlan:
    return aws.apigateway.UsagePlan(
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


def _build_key(
    name: str,
    suffix: str,
    description: str,
    plan: aws.apigateway.UsagePlan,
    args: ApiKeysArgs,
    child: pulumi.ResourceOptions,
) -> aws.apigateway.ApiKey:
    key = aws.apigateway.ApiKey(
        f"{name}-key{suffix}",
        name=args.names.physical(NameKind.REST_API, f"video-metadata-key{suffix}"),
        description=description,
        tags=args.tags,
        opts=child,
    )
    aws.apigateway.UsagePlanKey(
        f"{name}-plan-key{suffix}", usage_plan_id=plan.id, key_id=key.id, key_type="API_KEY", opts=child
    )
    return key
