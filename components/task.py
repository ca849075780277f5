"""The Fargate task that runs ffmpeg: its definition, its log, and its two roles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.cache import CacheAccess
from components.choices import Architecture
from components.function import DatabaseAccess
from components.log_keeping import LogKeeping
from components.naming import NameKind, Names
from components.policies import Statement, policy_document, trust_policy
from components.settings import ChunkingSettings, JobSettings, TaskSettings
from components.shared_root import TASK_USER_ID
from components.storage import MediaBuckets, SharedFiles
from components.tags import Tags
from components.task_policies import execution_statements, task_statements

CONTAINER_NAME = "processor"
SCRATCH_DIRECTORY = "/scratch"
SHARED_DIRECTORY = "/shared"
_STOP_TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingTaskArgs:
    """Size, image and surroundings of the processing task.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        image: container image.
        repository_arn: ECR repository that the image is pulled from; None for an image from elsewhere.
        architecture: processor architecture of the image.
        settings: CPU, memory and scratch disk.
        jobs: largest source that the task accepts, and the times that an estimate must fit.
        chunking: when and how a job is spread over many tasks.
        logs: which log lines are written, and how they are kept.
        database: the ledger.
        redis: the cache.
        buckets: buckets for sources and renditions.
        shared_files: file system of chunked jobs.
    """

    names: Names
    tags: Tags
    image: pulumi.Input[str]
    repository_arn: str | None
    architecture: Architecture
    settings: TaskSettings
    jobs: JobSettings
    chunking: ChunkingSettings
    logs: LogKeeping
    database: DatabaseAccess
    redis: CacheAccess
    buckets: MediaBuckets
    shared_files: SharedFiles


class ProcessingTask(pulumi.ComponentResource):
    """Creates the task definition with two roles.

    The execution role starts the container (image, secrets, logs); the task role is what running code may do.
    """

    task_definition_arn: pulumi.Output[str]
    task_role_arn: pulumi.Output[str]
    execution_role_arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: ProcessingTaskArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("video-platform:task:ProcessingTask", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._family = task_family(args.names)
        self._log_group_name = args.names.log_group("/aws/ecs", self._family)

        starting = execution_statements(
            log_group_arn=args.names.arn("logs", f"log-group:{self._log_group_name}"),
            database=args.database,
            redis=args.redis,
            repository_arn=args.repository_arn,
        )
        working = task_statements(args.buckets, args.shared_files)
        execution_role = self._build_role("execution", "Starts video tasks", starting)
        task_role = self._build_role("task", "What a running video task may do", working)
        task = self._build_task_definition(execution_role, task_role)
        self.task_definition_arn = task.arn
        self.task_role_arn = task_role.arn
        self.execution_role_arn = execution_role.arn
        self.log_group_name = pulumi.Output.from_input(self._log_group_name)
        self.register_outputs(
            {
                "task_definition_arn": self.task_definition_arn,
                "task_role_arn": self.task_role_arn,
                "execution_role_arn": self.execution_role_arn,
                "log_group_name": self.log_group_name,
            }
        )

    def _build_role(self, role: str, description: str, statements: Sequence[Statement]) -> aws.iam.Role:
        iam_role = aws.iam.Role(
            f"{self._name}-{role}-role",
            description=description,
            assume_role_policy=trust_policy(
                "ecs-tasks.amazonaws.com", source_account_id=self._args.names.account_id
            ),
            tags=self._args.tags.of("processing"),
            opts=self._child,
        )
        aws.iam.RolePolicy(
            f"{self._name}-{role}-policy",
            role=iam_role.name,
            policy=policy_document(statements),
            opts=self._child,
        )
        return iam_role

    def _build_task_definition(
        self, execution_role: aws.iam.Role, task_role: aws.iam.Role
    ) -> aws.ecs.TaskDefinition:
        args = self._args
        log_group = args.logs.group(
            f"{self._name}-logs", self._log_group_name, tags=args.tags.of("processing"), parent=self
        )
        return aws.ecs.TaskDefinition(
            f"{self._name}-definition",
            family=self._family,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(args.settings.task_cpu_units),
            memory=str(args.settings.task_memory_mib),
            ephemeral_storage=aws.ecs.TaskDefinitionEphemeralStorageArgs(
                size_in_gib=args.settings.task_ephemeral_storage_gib
            ),
            runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
                cpu_architecture=args.architecture.upper(), operating_system_family="LINUX"
            ),
            execution_role_arn=execution_role.arn,
            task_role_arn=task_role.arn,
            container_definitions=pulumi.Output.json_dumps([self._container()]),
            volumes=self._volumes(),
            # A running execution may still start its retry from the revision before.
            skip_destroy=True,
            tags=args.tags.of("processing"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[log_group]),
        )

    def _volumes(self) -> list[aws.ecs.TaskDefinitionVolumeArgs]:
        shared = self._args.shared_files
        return [
            aws.ecs.TaskDefinitionVolumeArgs(name="scratch"),
            aws.ecs.TaskDefinitionVolumeArgs(
                name="shared",
                efs_volume_configuration=aws.ecs.TaskDefinitionVolumeEfsVolumeConfigurationArgs(
                    file_system_id=shared.file_system_id,
                    transit_encryption="ENABLED",
                    authorization_config=aws.ecs.TaskDefinitionVolumeEfsVolumeConfigurationAuthorizationConfigArgs(
                        access_point_id=shared.access_point_id, iam="ENABLED"
                    ),
                ),
            ),
        ]

    def _container(self) -> dict[str, Any]:
        return {
            "name": CONTAINER_NAME,
            "image": self._args.image,
            "command": ["python", "-m", "processor.start"],
            "essential": True,
            "user": f"{TASK_USER_ID}:{TASK_USER_ID}",
            "privileged": False,
            "readonlyRootFilesystem": True,
            # ECS's init would hold the whole environment, readable for everybody. Ours is processor.start.
            "linuxParameters": {"capabilities": {"drop": ["ALL"]}, "initProcessEnabled": False},
            "stopTimeout": _STOP_TIMEOUT_SECONDS,
            "mountPoints": [
                {"sourceVolume": "scratch", "containerPath": SCRATCH_DIRECTORY, "readOnly": False},
                {"sourceVolume": "shared", "containerPath": SHARED_DIRECTORY, "readOnly": False},
            ],
            "environment": [
                {"name": key, "value": text} for key, text in sorted(self._environment().items())
            ],
            "secrets": [
                {"name": key, "valueFrom": source} for key, source in sorted(self._secrets().items())
            ],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self._log_group_name,
                    "awslogs-region": self._args.names.region,
                    "awslogs-stream-prefix": CONTAINER_NAME,
                    # A log service that is away must not stop the work; lines beyond the buffer are lost.
                    "mode": "non-blocking",
                    "max-buffer-size": "25m",
                },
            },
        }

    def _environment(self) -> Mapping[str, pulumi.Input[str]]:
        args = self._args
        return {
            "STACK": args.names.stack,
            "LOG_LEVEL": args.logs.settings.log_level,
            "DATABASE_HOST": args.database.host,
            "DATABASE_PORT": pulumi.Output.from_input(args.database.port).apply(str),
            "DATABASE_NAME": args.database.name,
            "REDIS_HOST": args.redis.host,
            "REDIS_PORT": pulumi.Output.from_input(args.redis.port).apply(str),
            "INGEST_BUCKET": args.buckets.ingest,
            "MEDIA_BUCKET": args.buckets.media,
            "SCRATCH_DIR": SCRATCH_DIRECTORY,
            "TMPDIR": SCRATCH_DIRECTORY,
            "HOME": SCRATCH_DIRECTORY,
            "MAX_SOURCE_BYTES": str(args.jobs.max_upload_bytes),
            "MAX_SOURCE_HOURS": str(args.jobs.max_source_hours),
            "SHARED_DIR": SHARED_DIRECTORY,
            "CHUNKING_MODE": args.chunking.chunking_mode,
            "CHUNK_WINDOW_SECONDS": str(args.chunking.chunk_window_seconds),
            "CHUNK_CONCURRENCY": str(args.chunking.chunk_max_concurrency),
            "TASK_TIMEOUT_SECONDS": str(args.jobs.task_stops_at_seconds),
            "WORKFLOW_TIMEOUT_SECONDS": str(args.jobs.workflow_timeout_seconds),
        }

    def _secrets(self) -> Mapping[str, pulumi.Input[str]]:
        database, redis = self._args.database.secret_arn, self._args.redis.secret_arn
        return {
            "DATABASE_USERNAME": pulumi.Output.concat(database, ":username::"),
            "DATABASE_PASSWORD": pulumi.Output.concat(database, ":password::"),
            "REDIS_AUTH_TOKEN": pulumi.Output.concat(redis, ":auth_token::"),
        }


def task_family(names: Names) -> str:
    """Name the family of the processing task's definitions, which the workflow's role is limited to."""
    return names.physical(NameKind.TASK_FAMILY, "video-processor")
