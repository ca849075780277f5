"""What happens without a call: files that arrive, webhooks that are due, and what is swept up."""

from dataclasses import dataclass

from components.composition.foundation import Foundation
from components.composition.functions import Functions
from components.composition.pipeline import Pipeline
from components.composition.stores import Stores
from components.ingest import Ingest, IngestArgs
from components.stack_config import StackConfig
from components.sweep import Sweep, SweepArgs
from components.webhooks import Webhooks, WebhooksArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Everything that events and schedules start.

    Attributes:
        ingest: takes up files that were dropped into the bucket, and lets no job be forgotten.
        webhooks: tells other systems.
        sweep: deletes for good what was deleted or left behind.
    """

    ingest: Ingest
    webhooks: Webhooks
    sweep: Sweep


def build_events(
    config: StackConfig, base: Foundation, stores: Stores, functions: Functions, pipeline: Pipeline
) -> Events:
    """Create the functions behind events and schedules, with their queues.

    Args:
        config: configuration of the stack.
        base: the keys.
        stores: where files arrive and are deleted.
        functions: what all functions share.
        pipeline: the workflow that is started, and the topics that are told.
    """
    ingest = Ingest(
        "ingest",
        IngestArgs(
            platform=functions.platform,
            buckets=stores.storage.buckets,
            state_machine_arn=pipeline.workflow.state_machine_arn,
            state_machine_name=pipeline.workflow.state_machine_name,
            topics=pipeline.notifications.topics,
            jobs=config.jobs,
            restore=config.restore,
        ),
    )
    webhooks = Webhooks(
        "webhooks",
        WebhooksArgs(
            platform=functions.platform,
            messages_key_arn=base.encryption.messages_key_arn,
            secrets_key_arn=base.encryption.webhooks_key_arn,
            state_machine_arn=pipeline.workflow.state_machine_arn,
            trusted_hosts=config.webhook_trusted_hosts,
        ),
    )
    return Events(
        ingest=ingest, webhooks=webhooks, sweep=_build_sweep(config, base, stores, functions, ingest)
    )


def _build_sweep(
    config: StackConfig, base: Foundation, stores: Stores, functions: Functions, ingest: Ingest
) -> Sweep:
    return Sweep(
        "sweep",
        SweepArgs(
            platform=functions.platform,
            buckets=stores.storage.buckets,
            shared_files=stores.storage.shared_files,
            ingest_queue=ingest.redrivable.queue,
            messages_key_arn=base.encryption.messages_key_arn,
            retention=config.retention,
        ),
    )
