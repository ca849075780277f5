"""What a stack tells the world: the exports that people, tests and other stacks read."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import pulumi

from components.composition.edge import Edge
from components.composition.events import Events
from components.composition.foundation import Foundation
from components.composition.functions import Functions
from components.composition.pipeline import Pipeline
from components.composition.stores import Stores
from components.console_links import ConsoleLinks

Exports: TypeAlias = Mapping[str, pulumi.Input[Any]]


def stack_exports(
    base: Foundation,
    stores: Stores,
    functions: Functions,
    pipeline: Pipeline,
    events: Events,
    edge: Edge,
) -> Exports:
    """Give all exports by name.

    Args:
        base: names and network.
        stores: database, cache, buckets and files.
        functions: the migrations.
        pipeline: topics, cluster, task and workflow.
        events: ingest, webhooks and sweep.
        edge: the API, and its domain if any.
    """
    return {
        **_network(base),
        **_stores(stores),
        **_pipeline(pipeline),
        **_events(events),
        **_edge(edge),
        "migrate_function_name": functions.migrations.migrate_function_name,
        "console_links": {
            **_work_links(ConsoleLinks(names=base.names), pipeline),
            **_function_links(ConsoleLinks(names=base.names), functions, pipeline, events, edge),
        },
    }


def _network(base: Foundation) -> Exports:
    network = base.network
    return {
        "vpc_id": network.vpc_id,
        "public_subnet_ids": network.public_subnet_ids,
        "private_subnet_ids": network.private_subnet_ids,
        "isolated_subnet_ids": network.isolated_subnet_ids,
        "ecs_security_group_id": network.ecs_security_group_id,
        "rds_security_group_id": network.rds_security_group_id,
        "redis_security_group_id": network.redis_security_group_id,
        "efs_security_group_id": network.efs_security_group_id,
        "lambda_security_group_id": network.lambda_security_group_id,
    }


def _stores(stores: Stores) -> Exports:
    return {
        "database_endpoint": stores.database.endpoint,
        # Secret because one read of what they name gives a credential.
        "database_secret_arn": pulumi.Output.secret(stores.database.application_secret_arn),
        "redis_secret_arn": pulumi.Output.secret(stores.cache.secret_arn),
        "redis_replication_group_id": stores.cache.group_id,
        "redis_primary_endpoint": stores.cache.primary_endpoint,
        "redis_reader_endpoint": stores.cache.reader_endpoint,
        "efs_file_system_id": stores.storage.efs_file_system_id,
        "ingest_bucket": stores.storage.ingest_bucket,
        "media_bucket": stores.storage.media_bucket,
    }


def _pipeline(pipeline: Pipeline) -> Exports:
    return {
        "ecs_cluster_name": pipeline.processing.cluster_name,
        "ecs_cluster_arn": pipeline.processing.cluster_arn,
        "task_definition_arn": pipeline.task.task_definition_arn,
        "completion_topic_arn": pipeline.notifications.completion_topic_arn,
        "error_topic_arn": pipeline.notifications.error_topic_arn,
        "state_machine_arn": pipeline.workflow.state_machine_arn,
        "state_machine_name": pipeline.workflow.state_machine_name,
    }


def _events(events: Events) -> Exports:
    return {
        "ingest_queue_url": events.ingest.queue_url,
        "ingest_dead_letter_queue_url": events.ingest.dead_letter_queue_url,
        "webhook_queue_url": events.webhooks.queue_url,
        "webhook_dead_letter_queue_url": events.webhooks.dead_letter_queue_url,
        "webhook_report_queue_url": events.webhooks.report_queue_url,
        "webhook_report_dead_letter_queue_url": events.webhooks.report_dead_letter_queue_url,
        "maintain_function_name": events.ingest.maintain_function_name,
        "webhooks_function_name": events.webhooks.function_name,
        "sweep_function_name": events.sweep.function_name,
    }


def _edge(edge: Edge) -> Exports:
    exports: dict[str, pulumi.Input[Any]] = {
        "api_url": edge.api.url,
        # Secret because one read of what they name gives a credential.
        "api_key_id": pulumi.Output.secret(edge.api.api_key_id),
        "signing_secret_arn": pulumi.Output.secret(edge.signing.secret_arn),
    }
    if edge.domain is not None:
        exports |= {"api_domain_url": edge.domain.url, "api_domain_target": edge.domain.target}
    return exports


def _work_links(links: ConsoleLinks, pipeline: Pipeline) -> Exports:
    return {
        "state_machine": links.state_machine(pipeline.workflow.state_machine_arn),
        "cluster": links.cluster(pipeline.processing.cluster_name),
        "workflow_log": links.log_group(pipeline.workflow.log_group_name),
        "task_log": links.log_group(pipeline.task.log_group_name),
    }


def _function_links(
    links: ConsoleLinks, functions: Functions, pipeline: Pipeline, events: Events, edge: Edge
) -> Exports:
    return {
        "api_access_log": links.log_group(edge.api.access_log_group_name),
        "api_log": links.function_log(edge.api.function_name),
        "health_log": links.function_log(edge.api.health_function_name),
        "key_maker_log": links.function_log(edge.keys.function_name),
        "ingest_log": links.function_log(events.ingest.ingest_function_name),
        "outcome_log": links.function_log(pipeline.workflow.outcome_function_name),
        "order_log": links.function_log(pipeline.workflow.order_function_name),
        "maintain_log": links.function_log(events.ingest.maintain_function_name),
        "webhooks_log": links.function_log(events.webhooks.function_name),
        "webhook_sender_log": links.function_log(events.webhooks.sender_function_name),
        "sweep_log": links.function_log(events.sweep.function_name),
        "migrate_log": links.function_log(functions.migrations.migrate_function_name),
    }
