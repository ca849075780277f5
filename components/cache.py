"""The Redis cache, which also carries the live progress of jobs."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.log_keeping import LogKeeping
from components.naming import NameKind, Names
from components.settings import CacheSettings, ProtectionSettings
from components.tags import Tags

_PORT = 6379
_ENGINE_VERSION = "7.1"
_LOGS = ("slow-log", "engine-log")


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheAccess:
    """Where the cache is and which secret opens it.

    Attributes:
        host: primary endpoint.
        port: TCP port.
        secret_arn: secret with the token.
    """

    host: pulumi.Input[str]
    port: pulumi.Input[int]
    secret_arn: pulumi.Input[str]

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """What functions that ask the cache are told."""
        return {
            "REDIS_HOST": self.host,
            "REDIS_PORT": pulumi.Output.from_input(self.port).apply(str),
            "REDIS_SECRET_ARN": self.secret_arn,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheArgs:
    """Size and place of the cache.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        settings: type of the nodes, their number, primary and replicas together, and the daily snapshots.
        protection: whether secrets stay recoverable for longer, and a last snapshot is taken before deletion.
        logs: how the slow log and the engine log are kept.
        subnet_ids: isolated subnets in at least two zones.
        security_group_id: group of the cache.
        key_arn: key that encrypts the nodes' disks and the secret.
    """

    names: Names
    tags: Tags
    settings: CacheSettings
    protection: ProtectionSettings
    logs: LogKeeping
    subnet_ids: pulumi.Input[Sequence[str]]
    security_group_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]

    def __post_init__(self) -> None:
        nodes = self.settings.cache_nodes
        if not 2 <= nodes <= 6:
            raise ValueError(f"cache_nodes is {nodes}, but failover needs 2 to 6; set it accordingly")


class Cache(pulumi.ComponentResource):
    """Creates a replication group with failover across zones, TLS and a token in Secrets Manager."""

    primary_endpoint: pulumi.Output[str]
    reader_endpoint: pulumi.Output[str]
    port: pulumi.Output[int]
    secret_arn: pulumi.Output[str]
    group_id: pulumi.Output[str]

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:cache:Cache", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        # Letters and digits only: ElastiCache refuses several punctuation marks in a token.
        token = random.RandomPassword(f"{name}-token", length=64, special=False, opts=self._child)
        group = self._build_group(token)
        self.primary_endpoint = group.primary_endpoint_address
        self.reader_endpoint = group.reader_endpoint_address
        self.port = group.port.apply(lambda port: port or _PORT)
        self.secret_arn = self._build_secret(token)
        self.group_id = group.replication_group_id
        self.register_outputs(
            {
                "primary_endpoint": self.primary_endpoint,
                "reader_endpoint": self.reader_endpoint,
                "port": self.port,
                "secret_arn": self.secret_arn,
                "group_id": self.group_id,
            }
        )

    @property
    def access(self) -> CacheAccess:
        """What a client of the cache needs to know."""
        return CacheAccess(host=self.primary_endpoint, port=self.port, secret_arn=self.secret_arn)

    def _build_group(self, token: random.RandomPassword) -> aws.elasticache.ReplicationGroup:
        args = self._args
        group_name = args.names.physical(NameKind.CACHE_GROUP, "video-cache")
        return aws.elasticache.ReplicationGroup(
            f"{self._name}-group",
            replication_group_id=group_name,
            description="Live progress and cached answers of the video platform",
            engine="redis",
            engine_version=_ENGINE_VERSION,
            node_type=args.settings.cache_node_type,
            num_cache_clusters=args.settings.cache_nodes,
            automatic_failover_enabled=True,
            multi_az_enabled=True,
            port=_PORT,
            subnet_group_name=self._build_subnet_group().name,
            parameter_group_name=self._build_parameter_group().name,
            security_group_ids=[args.security_group_id],
            at_rest_encryption_enabled=True,
            kms_key_id=args.key_arn,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auth_token=token.result,
            auth_token_update_strategy="ROTATE",  # noqa: S106  not a password: how a new token replaces it
            snapshot_retention_limit=args.settings.cache_snapshot_retention_days,
            snapshot_window="18:30-19:30",
            maintenance_window="sun:20:00-sun:21:00",
            final_snapshot_identifier=f"{group_name}-final" if args.protection.final_snapshots else None,
            log_delivery_configurations=[self._build_log(group_name, kind) for kind in _LOGS],
            auto_minor_version_upgrade=True,
            tags=args.tags.of("cache"),
            opts=self._child,
        )

    def _build_log(
        self, group_name: str, kind: str
    ) -> aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs:
        args = self._args
        # A vended name needs no resource policy, which has a size limit for the whole account.
        log_group = args.logs.group(
            f"{self._name}-{kind}",
            args.names.log_group(f"/aws/vendedlogs/elasticache/{group_name}", kind),
            tags=args.tags.of("cache"),
            parent=self,
        )
        return aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
            log_type=kind, log_format="json", destination_type="cloudwatch-logs", destination=log_group.name
        )

    def _build_subnet_group(self) -> aws.elasticache.SubnetGroup:
        return aws.elasticache.SubnetGroup(
            f"{self._name}-subnets",
            description="Isolated subnets of the video platform",
            subnet_ids=self._args.subnet_ids,
            tags=self._args.tags.of("cache"),
            opts=self._child,
        )

    def _build_parameter_group(self) -> aws.elasticache.ParameterGroup:
        return aws.elasticache.ParameterGroup(
            f"{self._name}-parameters",
            family="redis7",
            description="Evict the least recently used keys that expire",
            parameters=[
                aws.elasticache.ParameterGroupParameterArgs(name="maxmemory-policy", value="volatile-lru"),
            ],
            tags=self._args.tags.of("cache"),
            opts=self._child,
        )

    def _build_secret(self, token: random.RandomPassword) -> pulumi.Output[str]:
        args = self._args
        secret = aws.secretsmanager.Secret(
            f"{self._name}-secret",
            description="Token that opens the Redis cache",
            kms_key_id=args.key_arn,
            recovery_window_in_days=args.protection.secret_recovery_days,
            tags=args.tags.of("cache"),
            opts=self._child,
        )
        aws.secretsmanager.SecretVersion(
            f"{self._name}-secret-version",
            secret_id=secret.id,
            secret_string=pulumi.Output.json_dumps({"auth_token": token.result}),
            opts=self._child,
        )
        return secret.arn
