"""The Fargate side: cluster, container image, and the task that runs ffmpeg."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

from artifacts.image import image_content_hash
from components.function import DatabaseAccess
from components.naming import NameKind, Names
from components.policies import Statement, policy_document, trust_policy, use_key, write_logs
from components.storage import TASK_USER_ID
from components.tags import Tags

CONTAINER_NAME = "processor"
SCRATCH_DIRECTORY = "/scratch"
SHARED_DIRECTORY = "/shared"
_STOP_TIMEOUT_SECONDS = 120
_PLATFORMS = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}
_KEPT_IMAGES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFiles:
    """The EFS file system that tasks mount.

    Attributes:
        file_system_id: EFS file system.
        file_system_arn: its ARN.
        access_point_id: access point that tasks enter by.
        access_point_arn: its ARN.
    """

    file_system_id: pulumi.Input[str]
    file_system_arn: pulumi.Input[str]
    access_point_id: pulumi.Input[str]
    access_point_arn: pulumi.Input[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingArgs:
    """Size, image and surroundings of the processing task.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        image_uri: ready image; empty builds one from the repository.
        architecture: processor architecture of the task and of a built image.
        cpu_units: Fargate CPU units.
        memory_mib: Fargate memory.
        ephemeral_storage_gib: scratch disk.
        max_source_bytes: largest source that the task accepts.
        log_level: least severe log line.
        log_retention_days: how long log lines are kept.
        logs_key_arn: key that encrypts the log group.
        force_destroy: delete the image repository with its images when the stack goes.
        database: the ledger.
        redis_host: primary endpoint of the cache.
        redis_port: its TCP port.
        redis_secret_arn: secret with the cache's token.
        ingest_bucket: name of the bucket with sources.
        ingest_bucket_arn: its ARN.
        media_bucket: name of the bucket for renditions.
        media_bucket_arn: its ARN.
        media_key_arn: key that encrypts both buckets.
        shared_files: file system of chunked jobs.
    """

    names: Names
    tags: Tags
    image_uri: str
    architecture: Literal["arm64", "x86_64"]
    cpu_units: int
    memory_mib: int
    ephemeral_storage_gib: int
    max_source_bytes: int
    log_level: str
    log_retention_days: int
    logs_key_arn: pulumi.Input[str]
    force_destroy: bool
    database: DatabaseAccess
    redis_host: pulumi.Input[str]
    redis_port: pulumi.Input[int]
    redis_secret_arn: pulumi.Input[str]
    ingest_bucket: pulumi.Input[str]
    ingest_bucket_arn: pulumi.Input[str]
    media_bucket: pulumi.Input[str]
    media_bucket_arn: pulumi.Input[str]
    media_key_arn: pulumi.Input[str]
    shared_files: SharedFiles


class Processing(pulumi.ComponentResource):
    """Creates the cluster, the image and the task definition with two roles.

    The execution role starts the container (image, secrets, logs); the task role is what the running code may do.
    """

    cluster_name: pulumi.Output[str]
    cluster_arn: pulumi.Output[str]
    task_definition_arn: pulumi.Output[str]
    task_role_arn: pulumi.Output[str]
    execution_role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ProcessingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:processing:Processing", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._family = task_family(args.names)
        self._log_group_name = args.names.log_group("/aws/ecs", self._family)

        cluster = self._build_cluster()
        execution_role = self._build_role("execution", "Starts video-processing tasks", self._execution_statements())
        task_role = self._build_role("task", "What a running video-processing task may do", self._task_statements())
        task = self._build_task_definition(execution_role, task_role)
        self.cluster_name = cluster.name
        self.cluster_arn = cluster.arn
        self.task_definition_arn = task.arn
        self.task_role_arn = task_role.arn
        self.execution_role_arn = execution_role.arn
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "cluster_arn": self.cluster_arn,
                "task_definition_arn": self.task_definition_arn,
                "task_role_arn": self.task_role_arn,
                "execution_role_arn": self.execution_role_arn,
            }
        )

    def _build_cluster(self) -> aws.ecs.Cluster:
        args = self._args
        cluster = aws.ecs.Cluster(
            f"{self._name}-cluster",
            name=args.names.physical(NameKind.CLUSTER, "video-processing-cluster"),
            settings=[aws.ecs.ClusterSettingArgs(name="containerInsights", value="enabled")],
            tags=args.tags.of("processing"),
            opts=self._child,
        )
        aws.ecs.ClusterCapacityProviders(
            f"{self._name}-capacity",
            cluster_name=cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            default_capacity_provider_strategies=[
                aws.ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs(
                    capacity_provider="FARGATE", weight=1
                )
            ],
            opts=self._child,
        )
        return cluster

    def _build_image(self) -> pulumi.Input[str]:
        args = self._args
        if args.image_uri:
            return args.image_uri
        repository = awsx.ecr.Repository(
            f"{self._name}-repository",
            name=args.names.physical(NameKind.REPOSITORY, "video-processor"),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            lifecycle_policy=awsx.ecr.LifecyclePolicyArgs(
                rules=[
                    awsx.ecr.LifecyclePolicyRuleArgs(
                        description=f"keep the last {_KEPT_IMAGES} images",
                        tag_status=awsx.ecr.LifecycleTagStatus.ANY,
                        maximum_number_of_images=_KEPT_IMAGES,
                    )
                ]
            ),
            force_delete=args.force_destroy,
            tags=args.tags.of("processing"),
            opts=self._child,
        )
        return awsx.ecr.Image(
            f"{self._name}-image",
            repository_url=repository.url,
            context=".",
            dockerfile="services/processor/Dockerfile",
            platform=_PLATFORMS[args.architecture],
            image_tag=image_content_hash(),
            opts=self._child,
        ).image_uri

    def _build_role(self, role: str, description: str, statements: Sequence[Statement]) -> aws.iam.Role:
        iam_role = aws.iam.Role(
            f"{self._name}-{role}-role",
            description=description,
            assume_role_policy=trust_policy("ecs-tasks.amazonaws.com", source_account_id=self._args.names.account_id),
            tags=self._args.tags.of("processing"),
            opts=self._child,
        )
        aws.iam.RolePolicy(
            f"{self._name}-{role}-policy", role=iam_role.name, policy=policy_document(statements), opts=self._child
        )
        return iam_role

    def _execution_statements(self) -> list[Statement]:
        args = self._args
        repository = args.names.physical(NameKind.REPOSITORY, "video-processor")
        return [
            write_logs(args.names.arn("logs", f"log-group:{self._log_group_name}")),
            Statement(sid="PullImageLogin", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
            Statement(
                sid="PullImage",
                actions=["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
                resources=[args.names.arn("ecr", f"repository/{repository}")],
            ),
            Statement(
                sid="ReadTaskSecrets",
                actions=["secretsmanager:GetSecretValue"],
                resources=[args.database.secret_arn, args.redis_secret_arn],
            ),
            use_key("DecryptSecrets", args.database.key_arn, write=False),
        ]

    def _task_statements(self) -> list[Statement]:
        args = self._args
        shared = args.shared_files
        return [
            Statement(
                sid="ReadSources",
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                resources=[pulumi.Output.concat(args.ingest_bucket_arn, "/*")],
            ),
            # Without ListBucket a missing source is reported as forbidden and could not be told from a wrong policy.
            Statement(sid="TellMissingSources", actions=["s3:ListBucket"], resources=[args.ingest_bucket_arn]),
            Statement(
                sid="PublishRenditions",
                actions=["s3:PutObject", "s3:AbortMultipartUpload"],
                resources=[pulumi.Output.concat(args.media_bucket_arn, "/videos/*")],
            ),
            use_key("UseMediaKey", args.media_key_arn, write=True),
            Statement(
                sid="AnswerTaskTokens",
                actions=["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"],
                resources=["*"],
            ),
            Statement(
                sid="MountSharedFiles",
                actions=["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
                resources=[shared.file_system_arn],
                conditions={"StringEquals": {"elasticfilesystem:AccessPointArn": shared.access_point_arn}},
            ),
        ]

    def _build_task_definition(self, execution_role: aws.iam.Role, task_role: aws.iam.Role) -> aws.ecs.TaskDefinition:
        args = self._args
        log_group = aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=self._log_group_name,
            retention_in_days=args.log_retention_days,
            kms_key_id=args.logs_key_arn,
            tags=args.tags.of("processing"),
            opts=self._child,
        )
        return aws.ecs.TaskDefinition(
            f"{self._name}-task",
            family=self._family,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(args.cpu_units),
            memory=str(args.memory_mib),
            ephemeral_storage=aws.ecs.TaskDefinitionEphemeralStorageArgs(size_in_gib=args.ephemeral_storage_gib),
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
            "image": self._build_image(),
            "command": ["python", "-m", "processor"],
            "essential": True,
            "user": f"{TASK_USER_ID}:{TASK_USER_ID}",
            "privileged": False,
            "readonlyRootFilesystem": True,
            "linuxParameters": {"capabilities": {"drop": ["ALL"]}, "initProcessEnabled": True},
            "stopTimeout": _STOP_TIMEOUT_SECONDS,
            "mountPoints": [
                {"sourceVolume": "scratch", "containerPath": SCRATCH_DIRECTORY, "readOnly": False},
                {"sourceVolume": "shared", "containerPath": SHARED_DIRECTORY, "readOnly": False},
            ],
            "environment": [{"name": key, "value": text} for key, text in sorted(self._environment().items())],
            "secrets": [{"name": key, "valueFrom": source} for key, source in sorted(self._secrets().items())],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self._log_group_name,
                    "awslogs-region": self._args.names.region,
                    "awslogs-stream-prefix": CONTAINER_NAME,
                },
            },
        }

    def _environment(self) -> Mapping[str, pulumi.Input[str]]:
        args = self._args
        return {
            "STACK": args.names.stack,
            "LOG_LEVEL": args.log_level,
            "DATABASE_HOST": args.database.host,
            "DATABASE_PORT": pulumi.Output.from_input(args.database.port).apply(str),
            "DATABASE_NAME": args.database.name,
            "REDIS_HOST": args.redis_host,
            "REDIS_PORT": pulumi.Output.from_input(args.redis_port).apply(str),
            "INGEST_BUCKET": args.ingest_bucket,
            "MEDIA_BUCKET": args.media_bucket,
            "SCRATCH_DIR": SCRATCH_DIRECTORY,
            "TMPDIR": SCRATCH_DIRECTORY,
            "HOME": SCRATCH_DIRECTORY,
            "MAX_SOURCE_BYTES": str(args.max_source_bytes),
        }

    def _secrets(self) -> Mapping[str, pulumi.Input[str]]:
        database, redis = self._args.database.secret_arn, self._args.redis_secret_arn
        return {
            "DATABASE_USERNAME": pulumi.Output.concat(database, ":username::"),
            "DATABASE_PASSWORD": pulumi.Output.concat(database, ":password::"),
            "REDIS_AUTH_TOKEN": pulumi.Output.concat(redis, ":auth_token::"),
        }


def task_family(names: Names) -> str:
    """Name the family of the processing task's definitions, which the workflow's role is limited to."""
    return names.physical(NameKind.TASK_FAMILY, "video-processor")
