"""Where data live: the database, the cache, the buckets and the shared files."""

from dataclasses import dataclass

from components.cache import Cache, CacheArgs
from components.composition.foundation import Foundation
from components.database import Database, DatabaseArgs
from components.stack_config import StackConfig
from components.storage import Storage, StorageArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything that keeps data.

    Attributes:
        database: PostgreSQL with the job ledger.
        cache: Redis with live progress.
        storage: buckets of sources and outputs, and the file system of jobs in windows.
    """

    database: Database
    cache: Cache
    storage: Storage


def build_stores(config: StackConfig, base: Foundation) -> Stores:
    """Create all stores.

    Args:
        config: configuration of the stack.
        base: names, keys and network.
    """
    return Stores(
        database=_build_database(config, base),
        cache=_build_cache(config, base),
        storage=_build_storage(config, base),
    )


def _build_database(config: StackConfig, base: Foundation) -> Database:
    return Database(
        "database",
        DatabaseArgs(
            names=base.names,
            tags=base.tags,
            settings=config.database,
            protection=config.protection,
            logs=base.logs,
            subnet_ids=base.network.isolated_subnet_ids,
            security_group_id=base.network.rds_security_group_id,
            key_arn=base.encryption.database_key_arn,
        ),
    )


def _build_cache(config: StackConfig, base: Foundation) -> Cache:
    return Cache(
        "cache",
        CacheArgs(
            names=base.names,
            tags=base.tags,
            settings=config.cache,
            protection=config.protection,
            logs=base.logs,
            subnet_ids=base.network.isolated_subnet_ids,
            security_group_id=base.network.redis_security_group_id,
            key_arn=base.encryption.database_key_arn,
        ),
    )


def _build_storage(config: StackConfig, base: Foundation) -> Storage:
    return Storage(
        "storage",
        StorageArgs(
            names=base.names,
            tags=base.tags,
            protection=config.protection,
            retention=config.retention,
            access_log_days=config.logs.log_retention_days,
            cors_origins=config.cors_origins,
            delivered=config.delivery.delivery == "edge",
            key_arn=base.encryption.media_key_arn,
            availability_zones=config.network.availability_zones,
            subnet_ids=base.network.private_subnet_ids,
            security_group_id=base.network.efs_security_group_id,
        ),
    )
