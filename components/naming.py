"""Physical names and ARNs that somebody outside one component must know.

Everything else gets its physical name from Pulumi. A name that is too long is refused, never cut: two names
cut to the same prefix would meet in one account.
"""

import re
from dataclasses import dataclass
from enum import Enum

# Both the cluster and the key that encrypts its tasks' disks must know it.
CLUSTER_BASE_NAME = "video-processing-cluster"


class NameKind(Enum):
    """A kind of AWS name that has limits of its own."""

    CLUSTER = "cluster"
    DATABASE_INSTANCE = "database instance"
    DATABASE_PROXY = "database proxy"
    CACHE_GROUP = "cache group"
    FUNCTION = "function"
    LOG_GROUP = "log group"
    QUEUE = "queue"
    REPOSITORY = "image repository"
    REST_API = "REST API"
    RULE = "rule"
    STATE_MACHINE = "state machine"
    TASK_FAMILY = "task family"
    TOPIC = "topic"
    VPC = "VPC"
    WEB_FIREWALL = "web firewall"


# Longest length and allowed characters, from the AWS references of the services.
_LIMITS: dict[NameKind, tuple[int, str]] = {
    NameKind.CLUSTER: (255, r"[A-Za-z0-9_-]+"),
    NameKind.DATABASE_INSTANCE: (63, r"[a-z][a-z0-9]*(-[a-z0-9]+)*"),
    NameKind.DATABASE_PROXY: (60, r"[a-z][a-z0-9]*(-[a-z0-9]+)*"),
    NameKind.CACHE_GROUP: (40, r"[a-z][a-z0-9]*(-[a-z0-9]+)*"),
    NameKind.FUNCTION: (64, r"[A-Za-z0-9_-]+"),
    NameKind.LOG_GROUP: (512, r"[A-Za-z0-9_/.#-]+"),
    NameKind.QUEUE: (80, r"[A-Za-z0-9_-]+"),
    NameKind.REPOSITORY: (256, r"[a-z0-9]+([/._-][a-z0-9]+)*"),
    NameKind.REST_API: (128, r"[A-Za-z0-9_ -]+"),
    NameKind.RULE: (64, r"[A-Za-z0-9_.-]+"),
    NameKind.STATE_MACHINE: (80, r"[A-Za-z0-9_-]+"),
    NameKind.TASK_FAMILY: (255, r"[A-Za-z0-9_-]+"),
    NameKind.TOPIC: (256, r"[A-Za-z0-9_-]+"),
    NameKind.VPC: (255, r"[A-Za-z0-9_-]+"),
    NameKind.WEB_FIREWALL: (128, r"[A-Za-z0-9_-]+"),
}


class InvalidNameError(ValueError):
    """A physical name does not fit what AWS allows."""


def checked_name(kind: NameKind, name: str) -> str:
    """Give the name back when AWS accepts it for this kind of resource.

    Raises:
        InvalidNameError: the name is too long or holds a character that AWS refuses.
    """
    longest, pattern = _LIMITS[kind]
    if len(name) > longest:
        raise InvalidNameError(
            f"{kind.value} name {name!r} has {len(name)} characters, but AWS allows {longest}. "
            "Use a shorter stack name."
        )
    if not re.fullmatch(pattern, name):
        raise InvalidNameError(
            f"{kind.value} name {name!r} does not match {pattern}. "
            "Use lower-case letters, digits and hyphens in the stack name."
        )
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Builds the physical names and ARNs of one stack in one account and region.

    Attributes:
        stack: Pulumi stack name; it ends every physical name.
        region: AWS region of the stack.
        account_id: twelve-digit AWS account.
    """

    stack: str
    region: str
    account_id: str

    def physical(self, kind: NameKind, base: str) -> str:
        """Name a resource ``<base>-<stack>`` and check it against the limits of its kind."""
        return checked_name(kind, f"{base}-{self.stack}")

    def log_group(self, prefix: str, name: str) -> str:
        """Name a log group below an AWS prefix such as ``/aws/lambda``."""
        return checked_name(NameKind.LOG_GROUP, f"{prefix}/{name}")

    def arn(self, service: str, resource: str) -> str:
        """Build the ARN of a regional resource in this account."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    @property
    def account_root(self) -> str:
        """The principal by which a resource policy trusts this account's own IAM policies."""
        return f"arn:aws:iam::{self.account_id}:root"
