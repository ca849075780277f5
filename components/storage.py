"""Where files live: uploads, published renditions, access logs, and the tasks' shared file system."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws

from components.buckets import PrivateBucket, PrivateBucketArgs, Transition
from components.naming import Names
from components.policies import Statement, policy_document, tls_only
from components.settings import ProtectionSettings, RetentionSettings
from components.shared_root import (
    SHARED_ROOT_OWNER_ID,
    SHARED_ROOT_PATH,
    SHARED_ROOT_PERMISSIONS,
    SWEEP_GROUP_ID,
    TASK_USER_ID,
)
from components.tags import Tags


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaBuckets:
    """The two buckets that services work with.

    Attributes:
        ingest: name of the bucket with sources.
        ingest_arn: its ARN.
        media: name of the bucket with renditions.
        media_arn: its ARN.
        key_arn: key that encrypts both.
    """

    ingest: pulumi.Input[str]
    ingest_arn: pulumi.Input[str]
    media: pulumi.Input[str]
    media_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFiles:
    """The EFS file system that tasks share.

    Attributes:
        file_system_id: EFS file system.
        file_system_arn: its ARN.
        access_point_id: access point that tasks enter by.
        access_point_arn: its ARN.
        sweep_access_point_arn: the one that the sweep enters by, which sees all jobs.
        mount_targets: must exist before anything mounts it.
    """

    file_system_id: pulumi.Input[str]
    file_system_arn: pulumi.Input[str]
    access_point_id: pulumi.Input[str]
    access_point_arn: pulumi.Input[str]
    sweep_access_point_arn: pulumi.Input[str]
    mount_targets: Sequence[pulumi.Resource]

    def mount_statement(self, access_point_arn: pulumi.Input[str]) -> Statement:
        """Let a role mount the file system through one of the access points, and write; not as root."""
        return Statement(
            sid="MountSharedFiles",
            actions=["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            resources=[self.file_system_arn],
            conditions={"StringEquals": {"elasticfilesystem:AccessPointArn": access_point_arn}},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageArgs:
    """Retention and place of the stored files.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        protection: whether to refuse to delete the buckets and the file system.
        retention: when originals move to archives, and how long replaced versions and the objects of
            superseded attempts are kept.
        access_log_days: how long access logs are kept.
        cors_origins: web origins that may upload and play from a browser.
        delivered: the edge sets the policy of the media bucket, which it reads.
        key_arn: key that encrypts files.
        availability_zones: number of private subnets, one mount target each.
        subnet_ids: private subnets.
        security_group_id: group of the file system.
    """

    names: Names
    tags: Tags
    protection: ProtectionSettings
    retention: RetentionSettings
    access_log_days: int
    cors_origins: Sequence[str]
    delivered: bool
    key_arn: pulumi.Input[str]
    availability_zones: int
    subnet_ids: pulumi.Output[Sequence[str]]
    security_group_id: pulumi.Input[str]


class Storage(pulumi.ComponentResource):
    """Creates the ingest, media and access-log buckets and an EFS file system with two access points.

    The ingest bucket reports new objects to EventBridge; the rule that listens is the ingest component's.
    """

    ingest_bucket: pulumi.Output[str]
    ingest_bucket_arn: pulumi.Output[str]
    media_bucket: pulumi.Output[str]
    media_bucket_arn: pulumi.Output[str]
    log_bucket: pulumi.Output[str]
    efs_file_system_id: pulumi.Output[str]
    efs_file_system_arn: pulumi.Output[str]
    efs_access_point_id: pulumi.Output[str]
    efs_access_point_arn: pulumi.Output[str]
    efs_sweep_access_point_arn: pulumi.Output[str]

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:storage:Storage", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        ingest, media, logs = self._build_buckets()
        file_system = self._build_file_system()
        access_point = self._build_access_point("tasks", file_system, group_id=TASK_USER_ID)
        sweep_access_point = self._build_access_point("sweep", file_system, group_id=SWEEP_GROUP_ID)
        self._build_file_policy(file_system, [access_point.arn, sweep_access_point.arn])
        self._mount_targets = self._build_mount_targets(file_system)
        self.media = media
        self.ingest_bucket = ingest.bucket_name
        self.ingest_bucket_arn = ingest.arn
        self.media_bucket = media.bucket_name
        self.media_bucket_arn = media.arn
        self.log_bucket = logs.bucket_name
        self.efs_file_system_id = file_system.id
        self.efs_file_system_arn = file_system.arn
        self.efs_access_point_id = access_point.id
        self.efs_access_point_arn = access_point.arn
        self.efs_sweep_access_point_arn = sweep_access_point.arn
        self._register()

    @property
    def buckets(self) -> MediaBuckets:
        """What a service needs to know of the buckets."""
        return MediaBuckets(
            ingest=self.ingest_bucket,
            ingest_arn=self.ingest_bucket_arn,
            media=self.media_bucket,
            media_arn=self.media_bucket_arn,
            key_arn=self._args.key_arn,
        )

    @property
    def shared_files(self) -> SharedFiles:
        """What a task or function needs to know of the file system."""
        return SharedFiles(
            file_system_id=self.efs_file_system_id,
            file_system_arn=self.efs_file_system_arn,
            access_point_id=self.efs_access_point_id,
            access_point_arn=self.efs_access_point_arn,
            sweep_access_point_arn=self.efs_sweep_access_point_arn,
            mount_targets=self._mount_targets,
        )

    def _register(self) -> None:
        self.register_outputs(
            {
                "ingest_bucket": self.ingest_bucket,
                "ingest_bucket_arn": self.ingest_bucket_arn,
                "media_bucket": self.media_bucket,
                "media_bucket_arn": self.media_bucket_arn,
                "log_bucket": self.log_bucket,
                "efs_file_system_id": self.efs_file_system_id,
                "efs_file_system_arn": self.efs_file_system_arn,
                "efs_access_point_id": self.efs_access_point_id,
                "efs_access_point_arn": self.efs_access_point_arn,
                "efs_sweep_access_point_arn": self.efs_sweep_access_point_arn,
            }
        )

    def _build_buckets(self) -> tuple[PrivateBucket, PrivateBucket, PrivateBucket]:
        args = self._args
        logs = PrivateBucket(
            f"{self._name}-logs",
            PrivateBucketArgs(
                tags=args.tags,
                force_destroy=not args.protection.deletion_protection,
                key_arn=None,
                access_log_bucket=None,
                superseded_retention_days=args.retention.superseded_retention_days,
                expire_after_days=args.access_log_days,
                log_delivery_account_id=args.names.account_id,
            ),
            opts=self._child,
        )
        media_settings = PrivateBucketArgs(
            tags=args.tags,
            force_destroy=not args.protection.deletion_protection,
            key_arn=args.key_arn,
            access_log_bucket=logs.bucket_name,
            superseded_retention_days=args.retention.superseded_retention_days,
            expire_superseded=True,
            cors_origins=args.cors_origins,
        )
        ingest_settings = replace(
            media_settings,
            send_events=True,
            expire_superseded=False,
            transitions=[
                Transition(after_days=args.retention.originals_archive_days, storage_class="GLACIER_IR"),
                Transition(
                    after_days=args.retention.originals_deep_archive_days, storage_class="DEEP_ARCHIVE"
                ),
            ],
        )
        ingest = PrivateBucket(f"{self._name}-ingest", ingest_settings, opts=self._child)
        delivered = replace(media_settings, policy_elsewhere=args.delivered)
        media = PrivateBucket(f"{self._name}-media", delivered, opts=self._child)
        return ingest, media, logs

    def _build_file_system(self) -> aws.efs.FileSystem:
        file_system = aws.efs.FileSystem(
            f"{self._name}-efs",
            encrypted=True,
            kms_key_id=self._args.key_arn,
            performance_mode="generalPurpose",
            throughput_mode="elastic",
            lifecycle_policies=[
                aws.efs.FileSystemLifecyclePolicyArgs(transition_to_ia="AFTER_7_DAYS"),
                aws.efs.FileSystemLifecyclePolicyArgs(transition_to_primary_storage_class="AFTER_1_ACCESS"),
            ],
            tags=self._args.tags.of("storage", Name=f"video-processing-{self._args.names.stack}"),
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protection.deletion_protection),
        )
        aws.efs.BackupPolicy(
            f"{self._name}-efs-backup",
            file_system_id=file_system.id,
            backup_policy=aws.efs.BackupPolicyBackupPolicyArgs(status="ENABLED"),
            opts=self._child,
        )
        return file_system

    def _build_access_point(
        self, role: str, file_system: aws.efs.FileSystem, *, group_id: int
    ) -> aws.efs.AccessPoint:
        return aws.efs.AccessPoint(
            f"{self._name}-efs-{role}",
            file_system_id=file_system.id,
            posix_user=aws.efs.AccessPointPosixUserArgs(uid=TASK_USER_ID, gid=group_id),
            root_directory=aws.efs.AccessPointRootDirectoryArgs(
                path=SHARED_ROOT_PATH,
                creation_info=aws.efs.AccessPointRootDirectoryCreationInfoArgs(
                    owner_uid=SHARED_ROOT_OWNER_ID,
                    owner_gid=SWEEP_GROUP_ID,
                    permissions=SHARED_ROOT_PERMISSIONS,
                ),
            ),
            tags=self._args.tags.of("storage"),
            opts=self._child,
        )

    def _build_file_policy(
        self, file_system: aws.efs.FileSystem, access_point_arns: Sequence[pulumi.Output[str]]
    ) -> None:
        aws.efs.FileSystemPolicy(
            f"{self._name}-efs-policy",
            file_system_id=file_system.id,
            policy=policy_document(
                [
                    Statement(
                        sid="MountThroughAccessPoint",
                        principals={"AWS": self._args.names.account_root},
                        actions=["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
                        resources=[file_system.arn],
                        conditions={
                            "StringEquals": {"elasticfilesystem:AccessPointArn": access_point_arns},
                            "Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"},
                        },
                    ),
                    tls_only([file_system.arn], ["elasticfilesystem:Client*"]),
                ]
            ),
            opts=self._child,
        )

    def _build_mount_targets(self, file_system: aws.efs.FileSystem) -> list[aws.efs.MountTarget]:
        return [
            aws.efs.MountTarget(
                f"{self._name}-efs-mount-{zone + 1}",
                file_system_id=file_system.id,
                subnet_id=self._args.subnet_ids[zone],
                security_groups=[self._args.security_group_id],
                opts=self._child,
            )
            for zone in range(self._args.availability_zones)
        ]
