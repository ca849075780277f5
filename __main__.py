"""The video platform: reads the stack's configuration, composes the components, exports what others need."""

from dataclasses import replace

import pulumi
import pulumi_aws as aws

from components.api import Api, ApiArgs
from components.api_domain import ApiDomain, ApiDomainArgs
from components.cache import Cache, CacheArgs
from components.config import load_config
from components.database import DATABASE_NAME, Database, DatabaseArgs
from components.database_proxy import DatabaseProxy, DatabaseProxyArgs
from components.deployment_package import check_package
from components.encryption import Encryption, EncryptionArgs
from components.exports import StackParts, stack_exports
from components.function import DatabaseAccess, FunctionPlatform
from components.ingest import Ingest, IngestArgs
from components.log_keeping import LogKeeping
from components.migrations import Migrations, MigrationsArgs
from components.naming import Names
from components.network import Network, NetworkArgs
from components.notifications import Notifications, NotificationsArgs
from components.processing import Processing, ProcessingArgs, pulled_repository_arn
from components.storage import Storage, StorageArgs
from components.sweep import Sweep, SweepArgs
from components.tags import Tags
from components.task import ChunkingSettings, ProcessingTask, ProcessingTaskArgs
from components.web_firewall import WebFirewall, WebFirewallArgs
from components.webhooks import Webhooks, WebhooksArgs
from components.workflow import Workflow, WorkflowArgs

config, region = load_config(pulumi.get_project())
check_package(config.cpu_architecture)
names = Names(stack=pulumi.get_stack(), region=region, account_id=aws.get_caller_identity().account_id)
tags = Tags(project=pulumi.get_project(), stack=names.stack, owner=config.owner)

encryption = Encryption(
    "encryption", EncryptionArgs(names=names, tags=tags, deletion_protection=config.deletion_protection)
)
logs = LogKeeping(retention_days=config.log_retention_days, key_arn=encryption.logs_key_arn)
network = Network(
    "network",
    NetworkArgs(
        names=names,
        tags=tags,
        cidr_block=config.vpc_cidr,
        availability_zones=config.availability_zones,
        nat_strategy=config.nat_strategy,
        interface_endpoints=config.interface_endpoints,
        database_proxy=config.database_proxy,
        logs=logs,
    ),
)
database = Database(
    "database",
    DatabaseArgs(
        names=names,
        tags=tags,
        engine_version=config.database_engine_version,
        instance_class=config.database_instance_class,
        allocated_storage_gib=config.database_allocated_storage_gib,
        max_allocated_storage_gib=config.database_max_allocated_storage_gib,
        backup_retention_days=config.database_backup_retention_days,
        insights_retention_days=config.database_insights_retention_days,
        insights_mode=config.database_insights_mode,
        slow_query_milliseconds=config.database_slow_query_milliseconds,
        master_rotation_days=config.database_master_rotation_days,
        logs=logs,
        deletion_protection=config.deletion_protection,
        final_snapshot=config.final_snapshots,
        subnet_ids=network.isolated_subnet_ids,
        security_group_id=network.rds_security_group_id,
        key_arn=encryption.database_key_arn,
    ),
)
cache = Cache(
    "cache",
    CacheArgs(
        names=names,
        tags=tags,
        node_type=config.cache_node_type,
        nodes=config.cache_nodes,
        snapshot_retention_days=config.cache_snapshot_retention_days,
        logs=logs,
        deletion_protection=config.deletion_protection,
        final_snapshot=config.final_snapshots,
        subnet_ids=network.isolated_subnet_ids,
        security_group_id=network.redis_security_group_id,
        key_arn=encryption.database_key_arn,
    ),
)
storage = Storage(
    "storage",
    StorageArgs(
        names=names,
        tags=tags,
        deletion_protection=config.deletion_protection,
        originals_archive_days=config.originals_archive_days,
        originals_deep_archive_days=config.originals_deep_archive_days,
        superseded_retention_days=config.superseded_retention_days,
        access_log_days=config.log_retention_days,
        cors_origins=config.cors_origins,
        key_arn=encryption.media_key_arn,
        availability_zones=config.availability_zones,
        subnet_ids=network.private_subnet_ids,
        security_group_id=network.efs_security_group_id,
    ),
)
notifications = Notifications(
    "notifications",
    NotificationsArgs(
        names=names,
        tags=tags,
        emails=config.notification_emails,
        sms_numbers=config.notification_sms_numbers,
        https_endpoints=config.notification_https_endpoints,
        key_arn=encryption.messages_key_arn,
    ),
)
database_access = DatabaseAccess(
    host=database.host,
    port=database.port,
    name=DATABASE_NAME,
    secret_arn=database.application_secret_arn,
    key_arn=encryption.database_key_arn,
)
migrate_platform = FunctionPlatform(
    names=names,
    tags=tags,
    architecture=config.cpu_architecture,
    memory_mib=config.lambda_memory_mib,
    background_reserved_concurrency=config.background_reserved_concurrency,
    log_level=config.log_level,
    logs=logs,
    subnet_ids=network.private_subnet_ids,
    security_group_id=network.migrate_security_group_id,
    database=database_access,
)
migrations = Migrations(
    "migrations",
    MigrationsArgs(
        platform=migrate_platform,
        master_secret_arn=database.master_secret_arn,
        database_resource_id=database.resource_id,
        application_secret_version_id=database.application_secret_version_id,
    ),
)
functions = replace(migrate_platform, security_group_id=network.lambda_security_group_id, after=[migrations])
if config.database_proxy:
    proxy = DatabaseProxy(
        "database-proxy",
        DatabaseProxyArgs(
            names=names,
            tags=tags,
            database_identifier=database.identifier,
            application_secret_arn=database.application_secret_arn,
            secret_key_arn=encryption.database_key_arn,
            logs=logs,
            subnet_ids=network.isolated_subnet_ids,
            security_group_id=network.proxy_security_group_id,
            after=[migrations],
        ),
    )
    functions = replace(
        functions,
        database=replace(database_access, host=proxy.host, proxied=True),
        after=[migrations, proxy],
    )
processing = Processing(
    "processing",
    ProcessingArgs(
        names=names,
        tags=tags,
        image_uri=config.image_uri,
        architecture=config.task_cpu_architecture,
        key_arn=encryption.tasks_key_arn,
        force_destroy=not config.deletion_protection,
    ),
)
task = ProcessingTask(
    "task",
    ProcessingTaskArgs(
        names=names,
        tags=tags,
        image=processing.image,
        repository_arn=pulled_repository_arn(names, config.image_uri),
        architecture=config.task_cpu_architecture,
        cpu_units=config.task_cpu_units,
        memory_mib=config.task_memory_mib,
        ephemeral_storage_gib=config.task_ephemeral_storage_gib,
        max_source_bytes=config.max_upload_bytes,
        chunking=ChunkingSettings(
            mode=config.chunking_mode,
            window_seconds=config.chunk_window_seconds,
            max_concurrency=config.chunk_max_concurrency,
            task_timeout_seconds=config.task_stops_at_seconds,
            workflow_timeout_seconds=config.workflow_timeout_seconds,
        ),
        log_level=config.log_level,
        logs=logs,
        database=database_access,
        redis=cache.access,
        buckets=storage.buckets,
        shared_files=storage.shared_files,
    ),
)
workflow = Workflow(
    "workflow",
    WorkflowArgs(
        platform=functions,
        timeout_seconds=config.workflow_timeout_seconds,
        task_timeout_seconds=config.task_stops_at_seconds,
        max_running_jobs=config.max_running_jobs,
        first_capacity_provider="FARGATE_SPOT" if config.fargate_spot else "FARGATE",
        chunk_max_concurrency=config.chunk_max_concurrency,
        cluster_arn=processing.cluster_arn,
        cluster_name=processing.cluster_name,
        task_definition_arn=task.task_definition_arn,
        task_role_arn=task.task_role_arn,
        execution_role_arn=task.execution_role_arn,
        task_subnet_ids=network.private_subnet_ids,
        task_security_group_id=network.ecs_security_group_id,
        topics=notifications.topics,
    ),
)
ingest = Ingest(
    "ingest",
    IngestArgs(
        platform=functions,
        buckets=storage.buckets,
        state_machine_arn=workflow.state_machine_arn,
        state_machine_name=workflow.state_machine_name,
        topics=notifications.topics,
        max_upload_bytes=config.max_upload_bytes,
        upload_expiry_seconds=config.upload_expiry_seconds,
        max_running_jobs=config.max_running_jobs,
        concurrency=config.ingest_concurrency,
    ),
)
webhooks = Webhooks(
    "webhooks",
    WebhooksArgs(
        platform=functions,
        messages_key_arn=encryption.messages_key_arn,
        secrets_key_arn=encryption.webhooks_key_arn,
        state_machine_arn=workflow.state_machine_arn,
        trusted_hosts=config.webhook_trusted_hosts,
    ),
)
sweep = Sweep(
    "sweep",
    SweepArgs(
        platform=functions,
        buckets=storage.buckets,
        shared_files=storage.shared_files,
        ingest_queue=ingest.redrivable.queue,
        messages_key_arn=encryption.messages_key_arn,
        deleted_retention_days=config.deleted_retention_days,
    ),
)
api = Api(
    "api",
    ApiArgs(
        platform=functions,
        rate_limit_per_second=config.api_rate_limit_per_second,
        burst_limit=config.api_burst_limit,
        monthly_quota=config.api_monthly_quota,
        reserved_concurrency=config.api_reserved_concurrency,
        cors_origins=config.cors_origins,
        manage_gateway_account=config.manage_api_gateway_account,
        redis=cache.access,
        buckets=storage.buckets,
        state_machine_arn=workflow.state_machine_arn,
        state_machine_name=workflow.state_machine_name,
        max_running_jobs=config.max_running_jobs,
        max_waiting_jobs=config.max_waiting_jobs,
        max_upload_bytes=config.max_upload_bytes,
        webhooks=webhooks.access,
        redrivable=[ingest.redrivable, *webhooks.redrivable],
        messages_key_arn=encryption.messages_key_arn,
    ),
)

if config.web_firewall:
    WebFirewall(
        "web-firewall",
        WebFirewallArgs(
            names=names,
            tags=tags,
            stage_arn=api.stage_arn,
            address_limit=config.web_firewall_address_limit,
            logs=logs,
        ),
    )

domain = None
if config.api_domain_name:
    domain = ApiDomain(
        "api-domain",
        ApiDomainArgs(
            names=names,
            tags=tags,
            domain_name=config.api_domain_name,
            certificate_arn=config.api_certificate_arn,
            rest_api_id=api.rest_api_id,
            stage_name=api.stage_name,
        ),
    )
parts = StackParts(
    network=network,
    database=database,
    cache=cache,
    storage=storage,
    notifications=notifications,
    migrations=migrations,
    processing=processing,
    task=task,
    workflow=workflow,
    ingest=ingest,
    webhooks=webhooks,
    sweep=sweep,
    api=api,
    api_domain=domain,
)
for key, output in stack_exports(names, parts).items():
    pulumi.export(key, output)
