"""What a stack tells the world: the exports that people, tests and other stacks read."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.api import Api
from components.api_domain import ApiDomain
from components.cache import Cache
from components.console_links import ConsoleLinks
from components.database import Database
from components.ingest import Ingest
from components.migrations import Migrations
from components.naming import Names
from components.network import Network
from components.notifications import Notifications
from components.processing import Processing
from components.storage import Storage
from components.sweep import Sweep
from components.task import ProcessingTask
from components.webhooks import Webhooks
from components.workflow import Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class StackParts:
    """The components whose outputs are exported; ``api_domain`` is None without a domain of one's own."""

    network: Network
    database: Database
    cache: Cache
    storage: Storage
    notifications: Notifications
    migrations: Migrations
    processing: Processing
    task: ProcessingTask
    workflow: Workflow
    ingest: Ingest
    webhooks: Webhooks
    sweep: Sweep
    api: Api
    api_domain: ApiDomain | None


def stack_exports(names: Names, parts: StackParts) -> dict[str, pulumi.Input[Any]]:
    """Give all exports by name.

    Args:
        names: physical names and ARNs of the stack.
        parts: components of the stack.
    """
    exports: dict[str, pulumi.Input[Any]] = {
        "vpc_id": parts.network.vpc_id,
        "public_subnet_ids": parts.network.public_subnet_ids,
        "private_subnet_ids": parts.network.private_subnet_ids,
        "isolated_subnet_ids": parts.network.isolated_subnet_ids,
        "ecs_security_group_id": parts.network.ecs_security_group_id,
        "rds_security_group_id": parts.network.rds_security_group_id,
        "redis_security_group_id": parts.network.redis_security_group_id,
        "efs_security_group_id": parts.network.efs_security_group_id,
        "lambda_security_group_id": parts.network.lambda_security_group_id,
        "database_endpoint": parts.database.endpoint,
        # Secret because one read of either gives a credential.
        "database_secret_arn": pulumi.Output.secret(parts.database.application_secret_arn),
        "redis_primary_endpoint": parts.cache.primary_endpoint,
        "redis_reader_endpoint": parts.cache.reader_endpoint,
        "efs_file_system_id": parts.storage.efs_file_system_id,
        "ecs_cluster_name": parts.processing.cluster_name,
        "ecs_cluster_arn": parts.processing.cluster_arn,
        "task_definition_arn": parts.task.task_definition_arn,
        "api_url": parts.api.url,
        "api_key_id": pulumi.Output.secret(parts.api.api_key_id),
        "completion_topic_arn": parts.notifications.completion_topic_arn,
        "error_topic_arn": parts.notifications.error_topic_arn,
        "state_machine_arn": parts.workflow.state_machine_arn,
        "state_machine_name": parts.workflow.state_machine_name,
        "ingest_bucket": parts.storage.ingest_bucket,
        "media_bucket": parts.storage.media_bucket,
        "ingest_queue_url": parts.ingest.queue_url,
        "ingest_dead_letter_queue_url": parts.ingest.dead_letter_queue_url,
        "webhook_queue_url": parts.webhooks.queue_url,
        "webhook_dead_letter_queue_url": parts.webhooks.dead_letter_queue_url,
        "webhook_report_queue_url": parts.webhooks.report_queue_url,
        "webhook_report_dead_letter_queue_url": parts.webhooks.report_dead_letter_queue_url,
        "migrate_function_name": parts.migrations.migrate_function_name,
        "maintain_function_name": parts.ingest.maintain_function_name,
        "webhooks_function_name": parts.webhooks.function_name,
        "sweep_function_name": parts.sweep.function_name,
        "console_links": _console_links(ConsoleLinks(names=names), parts),
    }
    if parts.api_domain is not None:
        exports |= {"api_domain_url": parts.api_domain.url, "api_domain_target": parts.api_domain.target}
    return exports


def _console_links(links: ConsoleLinks, parts: StackParts) -> dict[str, pulumi.Output[str]]:
    return {
        "state_machine": links.state_machine(parts.workflow.state_machine_arn),
        "cluster": links.cluster(parts.processing.cluster_name),
        "workflow_log": links.log_group(parts.workflow.log_group_name),
        "task_log": links.log_group(parts.task.log_group_name),
        "api_access_log": links.log_group(parts.api.access_log_group_name),
        "api_log": links.function_log(parts.api.function_name),
        "ingest_log": links.function_log(parts.ingest.ingest_function_name),
        "outcome_log": links.function_log(parts.workflow.outcome_function_name),
        "maintain_log": links.function_log(parts.ingest.maintain_function_name),
        "webhooks_log": links.function_log(parts.webhooks.function_name),
        "webhook_sender_log": links.function_log(parts.webhooks.sender_function_name),
        "sweep_log": links.function_log(parts.sweep.function_name),
        "migrate_log": links.function_log(parts.migrations.migrate_function_name),
    }
