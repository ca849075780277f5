"""The REST API in front of the metadata function."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.api_keys import ApiKeys, ApiKeysArgs, build_api_keys
from components.cache import CacheAccess
from components.edge_settings import ApiSettings, DeliverySettings
from components.edge_writer import EdgeAccess, edge_environment, edge_statements
from components.function import FunctionPlatform, LambdaFunction, LambdaFunctionArgs
from components.gateway_account import build_gateway_account
from components.health import HEALTH_LIMITS, build_health_function
from components.key_maker import ask_key_maker, key_maker_environment
from components.method_limits import CallLimits, WatchedStage, limit_calls
from components.naming import NameKind
from components.policies import Statement, read_sources, restore_sources, use_key
from components.queues import RedrivableQueue, redrive_environment, redrive_statements
from components.routes import HEALTH_PATH, CalledFunction, Routes, RoutesArgs
from components.settings import JobSettings, RestoreSettings, RetentionSettings
from components.storage import MediaBuckets
from components.webhooks import WebhookAccess

_FUNCTION_TIMEOUT_SECONDS = 28  # API Gateway gives up after 29
_STAGE = "v1"
_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "extendedRequestId": "$context.extendedRequestId",
    "time": "$context.requestTime",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "responseBytes": "$context.responseLength",
    "latencyMilliseconds": "$context.responseLatency",
    "integrationMilliseconds": "$context.integrationLatency",
    "integrationStatus": "$context.integration.status",
    "sourceIp": "$context.identity.sourceIp",
    "apiKeyId": "$context.identity.apiKeyId",
    "userAgent": "$context.identity.userAgent",
    "error": "$context.error.message",
    "traceId": "$context.xrayTraceId",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiArgs:
    """Limits of the API and what its function works with.

    Attributes:
        platform: what all functions share.
        settings: calls a second, at once and a month.
        cors_origins: web origins that may call the API.
        manage_gateway_account: set the region's API Gateway logging role.
        redis: the cache.
        signing_secret_arn: secret with the keys of cursors and playback links.
        buckets: buckets for uploads and renditions.
        state_machine_arn: workflow to start.
        state_machine_name: its name, for the ARNs of its executions.
        retention: how long the content of deleted videos is kept.
        restore: how originals are brought back from the archive.
        jobs: how many are processed at the same time, how many of one key may wait, and the largest source
            that is accepted.
        webhooks: how endpoints are taken up.
        redrivable: queues whose dead letters it gives back.
        messages_key_arn: key that encrypts them.
        migrate_function_name: function that takes the API's keys up in the ledger.
        database_resource_id: changes when the database is replaced.
        delivery: how long links over the edge live.
        edge: how it links over the edge; None where links are presigned.
    """

    platform: FunctionPlatform
    settings: ApiSettings
    cors_origins: Sequence[str]
    manage_gateway_account: bool
    redis: CacheAccess
    signing_secret_arn: pulumi.Input[str]
    buckets: MediaBuckets
    state_machine_arn: pulumi.Input[str]
    state_machine_name: pulumi.Input[str]
    retention: RetentionSettings
    restore: RestoreSettings
    jobs: JobSettings
    webhooks: WebhookAccess
    redrivable: Sequence[RedrivableQueue]
    messages_key_arn: pulumi.Input[str]
    migrate_function_name: pulumi.Input[str]
    database_resource_id: pulumi.Input[str]
    delivery: DeliverySettings
    edge: EdgeAccess | None


class Api(pulumi.ComponentResource):
    """Creates a regional REST API: everything needs an API key except health, the description and its page.

    The function answers every path but one, so routes live in one place; the gateway knows keys, limits and
    logs, and answers preflights. Health has a function of its own: whoever calls it without a key takes no
    run away from those who have one.
    """

    url: pulumi.Output[str]
    api_key_id: pulumi.Output[str]
    usage_plan_id: pulumi.Output[str]
    rest_api_id: pulumi.Output[str]
    stage_name: pulumi.Output[str]
    stage_arn: pulumi.Output[str]
    function_name: pulumi.Output[str]
    health_function_name: pulumi.Output[str]
    access_log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: ApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:api:Api", name, None, opts)
        self._name = name
        self._args = args
        self._names = args.platform.names
        self._child = pulumi.ResourceOptions(parent=self)
        self._api_name = self._names.physical(NameKind.REST_API, "video-metadata-api")
        self._log_group_name = self._names.log_group("/aws/apigateway", self._api_name)

        function = self._build_function()
        health = build_health_function(
            f"{name}-health", args.platform, args.redis, args.cors_origins, parent=self
        )
        api = self._build_rest_api()
        routes = Routes(
            f"{name}-routes",
            RoutesArgs(
                rest_api_id=api.id,
                root_resource_id=api.root_resource_id,
                execution_arn=api.execution_arn,
                everything=CalledFunction(name=function.function_name, invoke_arn=function.invoke_arn),
                health=CalledFunction(name=health.function_name, invoke_arn=health.invoke_arn),
                cors_origins=args.cors_origins,
            ),
            opts=self._child,
        )
        stage = self._build_stage(api, routes)
        keys = self._build_keys(api, stage)
        self.url = stage.invoke_url
        self.api_key_id = keys.first.id
        self.usage_plan_id = keys.plan.id
        self.rest_api_id = api.id
        self.stage_name = stage.stage_name
        self.stage_arn = stage.arn
        self.function_name = function.function_name
        self.health_function_name = health.function_name
        self.access_log_group_name = pulumi.Output.from_input(self._log_group_name)
        self.register_outputs(
            {
                "url": self.url,
                "api_key_id": self.api_key_id,
                "usage_plan_id": self.usage_plan_id,
                "rest_api_id": self.rest_api_id,
                "stage_name": self.stage_name,
                "stage_arn": self.stage_arn,
                "function_name": self.function_name,
                "health_function_name": self.health_function_name,
                "access_log_group_name": self.access_log_group_name,
            }
        )

    def _build_function(self) -> LambdaFunction:
        args = self._args
        return LambdaFunction(
            f"{self._name}-metadata",
            LambdaFunctionArgs(
                platform=args.platform,
                role="api",
                handler="metadata_api.api.handler",
                description="Answers the metadata and job API",
                timeout_seconds=_FUNCTION_TIMEOUT_SECONDS,
                environment={
                    **args.redis.environment,
                    "SIGNING_SECRET_ARN": args.signing_secret_arn,
                    "INGEST_BUCKET": args.buckets.ingest,
                    "MEDIA_BUCKET": args.buckets.media,
                    "STATE_MACHINE_ARN": args.state_machine_arn,
                    "MAX_RUNNING_JOBS": str(args.jobs.max_running_jobs),
                    "MAX_WAITING_JOBS": str(args.jobs.max_waiting_jobs),
                    "MAX_UPLOAD_BYTES": str(args.jobs.max_upload_bytes),
                    "DELETED_RETENTION_DAYS": str(args.retention.deleted_retention_days),
                    **args.restore.environment,
                    "CORS_ORIGINS": ",".join(args.cors_origins),
                    "RECORD_ACCESS": args.settings.record_access,
                    "WEBHOOK_KEY_ARN": args.webhooks.key_arn,
                    "WEBHOOK_TRUSTED_HOSTS": ",".join(args.webhooks.trusted_hosts),
                    **redrive_environment(args.redrivable),
                    **key_maker_environment(self._names),
                    **edge_environment(args.edge, args.delivery),
                },
                statements=self._function_statements(),
                reserved_concurrency=args.platform.settings.api_reserved_concurrency or None,
            ),
            opts=self._child,
        )

    def _function_statements(self) -> list[Statement]:
        args = self._args
        executions = pulumi.Output.concat(
            self._names.arn("states", "execution:"), args.state_machine_name, ":*"
        )
        return [
            Statement(
                sid="ReadSecrets",
                actions=["secretsmanager:GetSecretValue"],
                resources=[args.redis.secret_arn, args.signing_secret_arn],
            ),
            Statement(
                sid="SignUploads",
                actions=["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                resources=[pulumi.Output.concat(args.buckets.ingest_arn, "/uploads/*")],
            ),
            *read_sources(args.buckets.ingest_arn),
            restore_sources(args.buckets.ingest_arn),
            Statement(
                sid="SignDownloads",
                actions=["s3:GetObject"],
                resources=[pulumi.Output.concat(args.buckets.media_arn, "/videos/*")],
            ),
            use_key("UseMediaKey", args.buckets.key_arn, write=True),
            Statement(
                sid="StartWorkflow", actions=["states:StartExecution"], resources=[args.state_machine_arn]
            ),
            # It shows a new secret once and cannot read it again.
            Statement(sid="SealSecrets", actions=["kms:Encrypt"], resources=[args.webhooks.key_arn]),
            *redrive_statements(args.redrivable),
            use_key("UseMessagesKey", args.messages_key_arn, write=True),
            ask_key_maker(self._names),
            *edge_statements(args.edge),
            Statement(sid="CancelJobs", actions=["states:StopExecution"], resources=[executions]),
        ]

    def _build_keys(self, api: aws.apigateway.RestApi, stage: aws.apigateway.Stage) -> ApiKeys:
        args = self._args
        return build_api_keys(
            self._name,
            ApiKeysArgs(
                names=self._names,
                tags=args.platform.tags.of("api"),
                settings=args.settings,
                rest_api_id=api.id,
                stage_name=stage.stage_name,
                migrate_function_name=args.migrate_function_name,
                database_resource_id=args.database_resource_id,
                after=args.platform.after,
            ),
            parent=self,
        )

    def _build_rest_api(self) -> aws.apigateway.RestApi:
        return aws.apigateway.RestApi(
            f"{self._name}-rest",
            name=self._api_name,
            description="Videos, jobs and their results",
            api_key_source="HEADER",
            endpoint_configuration=aws.apigateway.RestApiEndpointConfigurationArgs(types="REGIONAL"),
            tags=self._args.platform.tags.of("api"),
            opts=self._child,
        )

    def _build_stage(self, api: aws.apigateway.RestApi, routes: Routes) -> aws.apigateway.Stage:
        platform = self._args.platform
        log_group = self._build_log_group("access-logs", self._log_group_name)
        account = []
        if self._args.manage_gateway_account:
            account = [build_gateway_account(self._name, tags=platform.tags.of("api"), parent=self)]
        stage = aws.apigateway.Stage(
            f"{self._name}-stage",
            rest_api=api.id,
            deployment=routes.deployment_id,
            stage_name=_STAGE,
            xray_tracing_enabled=True,
            access_log_settings=aws.apigateway.StageAccessLogSettingsArgs(
                destination_arn=log_group.arn, format=json.dumps(_ACCESS_LOG)
            ),
            tags=platform.tags.of("api"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=account),
        )
        # The stage's method settings write to it. Made by API Gateway itself, it would outlive the stack.
        execution_log_group = self._build_log_group(
            "execution-logs", pulumi.Output.concat("API-Gateway-Execution-Logs_", api.id, f"/{_STAGE}")
        )
        settings = self._args.settings
        watched = WatchedStage(api=api, stage=stage, log_group=execution_log_group)
        everything = CallLimits(
            per_second=float(settings.api_rate_limit_per_second), at_once=settings.api_burst_limit
        )
        limit_calls(f"{self._name}-method-settings", "*/*", watched, everything, parent=self)
        limit_calls(
            f"{self._name}-health-settings", f"{HEALTH_PATH}/GET", watched, HEALTH_LIMITS, parent=self
        )
        return stage

    def _build_log_group(self, role: str, name: pulumi.Input[str]) -> aws.cloudwatch.LogGroup:
        platform = self._args.platform
        return platform.logs.group(f"{self._name}-{role}", name, tags=platform.tags.of("api"), parent=self)
