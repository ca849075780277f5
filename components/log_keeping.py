"""Log groups, which all keep their lines equally long and under one key."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.settings import LogSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeeping:
    """How a stack keeps its logs.

    Attributes:
        settings: how long lines are kept, and the least severe one that services write.
        key_arn: key that encrypts them.
    """

    settings: LogSettings
    key_arn: pulumi.Input[str]

    def group(
        self, name: str, physical_name: pulumi.Input[str], *, tags: dict[str, str], parent: pulumi.Resource
    ) -> aws.cloudwatch.LogGroup:
        """Create a log group before a service makes it for itself, unencrypted and endless.

        Args:
            name: logical name.
            physical_name: name under which the service writes.
            tags: tags of the group.
            parent: component that it belongs to.
        """
        return aws.cloudwatch.LogGroup(
            name,
            name=physical_name,
            retention_in_days=self.settings.log_retention_days,
            kms_key_id=self.key_arn,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )
