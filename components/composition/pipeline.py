"""From a source to its outputs: cluster, task, the workflow that runs it, and the topics that it tells."""

from dataclasses import dataclass

from components.composition.foundation import Foundation
from components.composition.functions import Functions
from components.composition.stores import Stores
from components.notifications import Notifications, NotificationsArgs
from components.processing import Processing, ProcessingArgs
from components.stack_config import StackConfig
from components.task import ProcessingTask, ProcessingTaskArgs
from components.workflow import Workflow, WorkflowArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Everything that processes a video.

    Attributes:
        notifications: topics for finished and failed jobs.
        processing: Fargate cluster and container image.
        task: the task that runs ffmpeg.
        workflow: the state machine that drives each job.
    """

    notifications: Notifications
    processing: Processing
    task: ProcessingTask
    workflow: Workflow


def build_pipeline(config: StackConfig, base: Foundation, stores: Stores, functions: Functions) -> Pipeline:
    """Create the workflow with everything that it runs and tells.

    Args:
        config: configuration of the stack.
        base: names, keys and network.
        stores: what the task reads and writes.
        functions: what the function that settles jobs shares with the others.
    """
    notifications = Notifications(
        "notifications",
        NotificationsArgs(
            names=base.names,
            tags=base.tags,
            settings=config.notifications,
            key_arn=base.encryption.messages_key_arn,
        ),
    )
    processing = Processing(
        "processing",
        ProcessingArgs(
            names=base.names,
            tags=base.tags,
            image_uri=config.image_uri,
            architecture=config.task_cpu_architecture,
            key_arn=base.encryption.tasks_key_arn,
            protection=config.protection,
        ),
    )
    task = _build_task(config, base, stores, processing)
    return Pipeline(
        notifications=notifications,
        processing=processing,
        task=task,
        workflow=_build_workflow(config, base, stores, functions, notifications, processing, task),
    )


def _build_task(
    config: StackConfig, base: Foundation, stores: Stores, processing: Processing
) -> ProcessingTask:
    return ProcessingTask(
        "task",
        ProcessingTaskArgs(
            names=base.names,
            tags=base.tags,
            image=processing.image,
            repository_arn=processing.repository_arn,
            architecture=config.task_cpu_architecture,
            settings=config.task,
            jobs=config.jobs,
            chunking=config.chunking,
            logs=base.logs,
            # The instance itself: the proxy is for functions.
            database=stores.database.access,
            redis=stores.cache.access,
            buckets=stores.storage.buckets,
            shared_files=stores.storage.shared_files,
        ),
    )


def _build_workflow(
    config: StackConfig,
    base: Foundation,
    stores: Stores,
    functions: Functions,
    notifications: Notifications,
    processing: Processing,
    task: ProcessingTask,
) -> Workflow:
    return Workflow(
        "workflow",
        WorkflowArgs(
            platform=functions.platform,
            restore=config.restore,
            jobs=config.jobs,
            chunking=config.chunking,
            task=config.task,
            cluster_arn=processing.cluster_arn,
            cluster_name=processing.cluster_name,
            task_definition_arn=task.task_definition_arn,
            task_role_arn=task.task_role_arn,
            execution_role_arn=task.execution_role_arn,
            task_subnet_ids=base.network.private_subnet_ids,
            task_security_group_id=base.network.ecs_security_group_id,
            topics=notifications.topics,
            buckets=stores.storage.buckets,
        ),
    )
