"""Customer-managed encryption keys, one per kind of data, so that access to one kind opens nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.naming import CLUSTER_BASE_NAME, NameKind, Names
from components.policies import Statement, policy_document
from components.settings import ProtectionSettings
from components.tags import Tags

_ADMINISTRATION = (
    "kms:Create*",
    "kms:Describe*",
    "kms:Enable*",
    "kms:List*",
    "kms:Put*",
    "kms:Update*",
    "kms:Revoke*",
    "kms:Disable*",
    "kms:Get*",
    "kms:Delete*",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:ScheduleKeyDeletion",
    "kms:CancelKeyDeletion",
    "kms:RotateKeyOnDemand",
)
_ENVELOPE = ("kms:Decrypt", "kms:GenerateDataKey")
_USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")
# ECR retires its grants with the permissions of whoever deletes the repository.
_DELEGATED = (*_USE, "kms:CreateGrant", "kms:RetireGrant")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionArgs:
    """What the keys need to know.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        protection: whether to refuse to delete the keys, because data without its key is lost.
        media_delivered: the edge sets the policy of the media key: it names the edge, which names the bucket,
            which names the key.
    """

    names: Names
    tags: Tags
    protection: ProtectionSettings
    media_delivered: bool


class Encryption(pulumi.ComponentResource):
    """Creates six KMS keys with yearly rotation: media, the database, messages, logs, tasks, and webhooks.

    Every key policy lets this account's IAM policies decide who administers and uses the key, and lets
    exactly the AWS services that write on the platform's behalf use it.
    """

    media_key_arn: pulumi.Output[str]
    database_key_arn: pulumi.Output[str]
    messages_key_arn: pulumi.Output[str]
    logs_key_arn: pulumi.Output[str]
    tasks_key_arn: pulumi.Output[str]
    webhooks_key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:encryption:Encryption", name, None, opts)
        self._name = name
        self._args = args

        self.media_key_arn = self._build_key(
            "media", "uploads, renditions and scratch files", None if args.media_delivered else []
        )
        self.database_key_arn = self._build_key(
            "database", "the database, the cache and their credentials", []
        )
        self.messages_key_arn = self._build_key("messages", "queues and topics", self._message_services())
        self.logs_key_arn = self._build_key("logs", "log groups", self._log_services())
        self.tasks_key_arn = self._build_key(
            "tasks", "container images and the scratch disks of tasks", self._task_services()
        )
        self.webhooks_key_arn = self._build_key("webhooks", "the secrets that webhooks are signed with", [])
        self.register_outputs(
            {
                "media_key_arn": self.media_key_arn,
                "database_key_arn": self.database_key_arn,
                "messages_key_arn": self.messages_key_arn,
                "logs_key_arn": self.logs_key_arn,
                "tasks_key_arn": self.tasks_key_arn,
                "webhooks_key_arn": self.webhooks_key_arn,
            }
        )

    def _message_services(self) -> list[Statement]:
        # No condition: which of their context keys EventBridge and SNS send along here is undocumented, and a
        # wrong guess would lose events and undeliverable messages.
        return [
            self._service_use("UseEvents", "events.amazonaws.com", _ENVELOPE, {}),
            self._service_use("UseNotifications", "sns.amazonaws.com", _ENVELOPE, {}),
        ]

    def _log_services(self) -> list[Statement]:
        names = self._args.names
        groups = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": names.arn("logs", "log-group:*")}}
        return [self._service_use("UseLogs", f"logs.{names.region}.amazonaws.com", _USE, groups)]

    def _task_services(self) -> list[Statement]:
        names = self._args.names
        in_cluster = {
            "kms:EncryptionContext:aws:ecs:clusterAccount": names.account_id,
            "kms:EncryptionContext:aws:ecs:clusterName": names.physical(NameKind.CLUSTER, CLUSTER_BASE_NAME),
        }
        fargate = "fargate.amazonaws.com"
        return [
            self._service_use(
                "EncryptScratch",
                fargate,
                ["kms:GenerateDataKeyWithoutPlaintext"],
                {"StringEquals": in_cluster},
            ),
            self._service_use(
                "GrantScratch",
                fargate,
                ["kms:CreateGrant"],
                {
                    "StringEquals": in_cluster,
                    "ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt"]},
                },
            ),
        ]

    def account_statements(self) -> list[Statement]:
        """What every key's policy says: this account decides who administers and uses the key."""
        owner = {"AWS": self._args.names.account_root}
        return [
            Statement(sid="AdministerKey", actions=_ADMINISTRATION, resources=["*"], principals=owner),
            Statement(sid="DelegateUseToIam", actions=_DELEGATED, resources=["*"], principals=owner),
        ]

    def _build_key(self, role: str, content: str, services: Sequence[Statement] | None) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        stack = self._args.names.stack
        policy = None if services is None else policy_document([*self.account_statements(), *services])
        key = aws.kms.Key(
            f"{self._name}-{role}",
            description=f"Encrypts {content} of the video platform's {stack} stack",
            deletion_window_in_days=30,
            enable_key_rotation=True,
            policy=policy,
            tags=self._args.tags.of("encryption"),
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protection.deletion_protection),
        )
        aws.kms.Alias(
            f"{self._name}-{role}-alias",
            name=f"alias/video-platform-{stack}-{role}",
            target_key_id=key.key_id,
            opts=child,
        )
        return key.arn

    def _service_use(
        self, sid: str, service: str, actions: Sequence[str], conditions: Mapping[str, Mapping[str, Any]]
    ) -> Statement:
        return Statement(
            sid=sid,
            actions=actions,
            resources=["*"],
            principals={"Service": service},
            conditions=conditions,
        )
