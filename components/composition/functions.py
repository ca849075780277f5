"""What all functions share, and what must exist before one of them runs: the schema, and the proxy if any."""

from dataclasses import dataclass, replace

from components.composition.foundation import Foundation
from components.composition.stores import Stores
from components.database import Database
from components.database_proxy import DatabaseProxy, DatabaseProxyArgs
from components.function import FunctionPlatform
from components.migrations import Migrations, MigrationsArgs
from components.stack_config import StackConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """The ground of every function.

    Attributes:
        migrations: brings the schema up to date; the only function that needs the database as it is.
        platform: what all other functions share; they wait for the schema and for the proxy.
    """

    migrations: Migrations
    platform: FunctionPlatform


def build_functions(config: StackConfig, base: Foundation, stores: Stores) -> Functions:
    """Create the migrations and the proxy, and put together what functions share.

    Args:
        config: configuration of the stack.
        base: names, keys and network.
        stores: the database is the one that is migrated.
    """
    database = stores.database
    direct = FunctionPlatform(
        names=base.names,
        tags=base.tags,
        architecture=config.cpu_architecture,
        settings=config.functions,
        logs=base.logs,
        subnet_ids=base.network.private_subnet_ids,
        security_group_id=base.network.migrate_security_group_id,
        database=database.access,
    )
    migrations = Migrations(
        "migrations",
        MigrationsArgs(
            platform=direct,
            master_secret_arn=database.master_secret_arn,
            database_resource_id=database.resource_id,
            application_secret_version_id=database.application_secret_version_id,
        ),
    )
    platform = replace(direct, security_group_id=base.network.lambda_security_group_id, after=[migrations])
    if config.database.database_proxy:
        platform = _behind_proxy(platform, base, database)
    return Functions(migrations=migrations, platform=platform)


def _behind_proxy(platform: FunctionPlatform, base: Foundation, database: Database) -> FunctionPlatform:
    """Create the proxy and lead the functions to it."""
    proxy = DatabaseProxy(
        "database-proxy",
        DatabaseProxyArgs(
            names=base.names,
            tags=base.tags,
            database_identifier=database.identifier,
            application_secret_arn=database.application_secret_arn,
            secret_key_arn=base.encryption.database_key_arn,
            logs=base.logs,
            subnet_ids=base.network.isolated_subnet_ids,
            security_group_id=base.network.proxy_security_group_id,
            after=platform.after,
        ),
    )
    return replace(
        platform,
        database=replace(database.access, host=proxy.host, proxied=True),
        after=[*platform.after, proxy],
    )
