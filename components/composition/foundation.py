"""What everything else stands on: names, tags, keys, log keeping and the network."""

from dataclasses import dataclass

from components.encryption import Encryption, EncryptionArgs
from components.log_keeping import LogKeeping
from components.naming import Names
from components.network import Network, NetworkArgs
from components.stack_config import StackConfig
from components.tags import Tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What every other group is given.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        encryption: one key per kind of data.
        logs: which log lines are written, and how they are kept.
        network: subnets and security groups.
    """

    names: Names
    tags: Tags
    encryption: Encryption
    logs: LogKeeping
    network: Network


def build_foundation(config: StackConfig, names: Names, project: str) -> Foundation:
    """Create the keys and the network.

    Args:
        config: configuration of the stack.
        names: physical names and ARNs of the stack.
        project: Pulumi project, which every resource is tagged with.
    """
    tags = Tags(project=project, stack=names.stack, owner=config.owner)
    encryption = Encryption(
        "encryption",
        EncryptionArgs(
            names=names,
            tags=tags,
            protection=config.protection,
            media_delivered=config.delivery.delivery == "edge",
        ),
    )
    logs = LogKeeping(settings=config.logs, key_arn=encryption.logs_key_arn)
    network = Network(
        "network",
        NetworkArgs(
            names=names,
            tags=tags,
            settings=config.network,
            database_proxy=config.database.database_proxy,
            logs=logs,
        ),
    )
    return Foundation(names=names, tags=tags, encryption=encryption, logs=logs, network=network)
