"""The one typed configuration of a stack.

No key has a default here: those are in Pulumi.yaml, where the engine, local mode and people find them. What
reaches the program is complete, and a stack's file holds only what differs.
"""

from dataclasses import dataclass
from typing import get_args

from components.choices import Architecture
from components.config_values import value
from components.edge_settings import ApiDomainSettings, ApiSettings, DeliverySettings, WebFirewallSettings
from components.settings import (
    CacheSettings,
    ChunkingSettings,
    DatabaseSettings,
    FunctionSettings,
    JobSettings,
    LogSettings,
    NetworkSettings,
    NotificationSettings,
    ProtectionSettings,
    RestoreSettings,
    RetentionSettings,
    TaskSettings,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig:
    """Everything about a stack that is known before it is deployed.

    The names of all fields but the groups are configuration keys, here and in the groups.
    """

    owner: str = value(
        "team that answers for the stack; written on every resource",
        pattern=r"[\w .@-]{1,64}",
        example="media-team",
    )
    protection: ProtectionSettings
    logs: LogSettings
    notifications: NotificationSettings
    network: NetworkSettings
    database: DatabaseSettings
    cache: CacheSettings
    retention: RetentionSettings
    restore: RestoreSettings
    cors_origins: tuple[str, ...] = value(
        "web origins that may call the API and upload from a browser",
        pattern=r"https?://[^/\s*]+",
        example="https://video.example.com",
    )
    cpu_architecture: Architecture = value(  # noqa: RUF009  value() gives a dataclass field
        "processor architecture of functions", choices=get_args(Architecture)
    )
    task_cpu_architecture: Architecture = value(  # noqa: RUF009  value() gives a dataclass field
        "processor architecture of tasks; arm64 needs an image_uri, and none was ever built or run",
        choices=get_args(Architecture),
    )
    image_uri: str = value(
        "ready container image of the processor; empty builds it",
        pattern=r"(\S+[:@]\S+)?",
        example="<registry>/<name>:<tag>",
    )
    task: TaskSettings
    jobs: JobSettings
    chunking: ChunkingSettings
    functions: FunctionSettings
    webhook_trusted_hosts: tuple[str, ...] = value(
        "hosts that webhooks may reach without TLS and at a private address; for receivers on one machine",
        maximum=1,
        pattern=r"127\.0\.0\.1",
        example="127.0.0.1",
    )
    api: ApiSettings
    domain: ApiDomainSettings
    delivery: DeliverySettings
    firewall: WebFirewallSettings
    manage_api_gateway_account: bool = value(
        "set the region's API Gateway logging role; one stack per account and region"
    )
