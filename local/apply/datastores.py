"""RDS, ElastiCache and EFS: the servers and directories of this machine take their place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import redis

from local.apply.context import ApplyContext
from local.apply.registry import handles
from local.monitor import Created, Registration
from local.program_errors import ApplyError

_NOT_LISTED = 0o711


@handles("aws:rds/instance:Instance")
def adopt_database(context: ApplyContext, resource: Registration) -> Created:
    """Resolves to this machine's PostgreSQL; the managed master secret is a real secret of the emulator.

    Raises:
        ApplyError: The program names another database or master user than the server has.
    """
    postgres, inputs = context.endpoints.postgres, resource.inputs
    for key, actual in (("dbName", postgres.database), ("username", postgres.master_username)):
        if inputs.get(key) not in (None, actual):
            message = f"{resource.urn}: {key} is {inputs[key]!r}, but the local server has {actual!r}"
            raise ApplyError(
                message, remedy="Make local/servers/postgres.py and components/database.py agree."
            )
    created = context.model(resource)
    outputs = {
        **created.outputs,
        "address": postgres.host,
        "endpoint": f"{postgres.host}:{postgres.port}",
        "port": postgres.port,
        "dbName": postgres.database,
        "username": postgres.master_username,
    }
    if inputs.get("manageMasterUserPassword"):
        outputs["masterUserSecrets"] = [_master_secret(context, created.id)]
    return Created(created.id, outputs)


def _master_secret(context: ApplyContext, instance_id: str) -> dict[str, Any]:
    postgres = context.endpoints.postgres
    value = {"username": postgres.master_username, "password": postgres.master_password}
    answer = context.client("secretsmanager").create_secret(
        Name=f"rds!{instance_id}", SecretString=json.dumps(value)
    )
    return {"secretArn": answer["ARN"], "secretStatus": "active", "kmsKeyId": ""}


@handles("aws:rds/proxy:Proxy")
def adopt_proxy(context: ApplyContext, resource: Registration) -> Created:
    """Resolves to PostgreSQL itself: the proxy's pooling is not reproduced."""
    created = context.model(resource)
    return Created(created.id, {**created.outputs, "endpoint": context.endpoints.postgres.host})


@handles("aws:elasticache/replicationGroup:ReplicationGroup")
def adopt_cache(context: ApplyContext, resource: Registration) -> Created:
    """Resolves to this machine's Redis and lets it accept the token that the program generated.

    Raises:
        ApplyError: Redis did not take the token.
    """
    endpoint, created = context.endpoints.redis, context.model(resource)
    token = resource.inputs.get("authToken")
    if token and token != endpoint.auth_token:
        client: Any = redis.Redis(
            host=endpoint.host,
            port=endpoint.port,
            password=endpoint.auth_token,
            ssl=True,
            ssl_ca_certs=str(endpoint.ca_path),
            socket_timeout=5,
        )
        try:
            # ElastiCache rotates the same way: the former token goes on working beside the new one.
            client.acl_setuser("default", enabled=True, passwords=[f"+{token}"])
        except redis.RedisError as error:
            message = f"{resource.urn}: the local Redis refused the program's token: {error}"
            raise ApplyError(message, remedy="Run `python -m local down` and `up` again.") from error
        finally:
            client.close()
    address = {"primaryEndpointAddress": endpoint.host, "readerEndpointAddress": endpoint.host}
    return Created(created.id, {**created.outputs, **address, "port": endpoint.port})


@handles("aws:efs/fileSystem:FileSystem")
def make_file_system(context: ApplyContext, resource: Registration) -> Created:
    """Resolves to a directory that stays between runs."""
    created = context.model(resource)
    context.mounts[created.id] = _directory(context.endpoints.efs_dir / created.id)
    return created


@handles("aws:efs/accessPoint:AccessPoint")
def make_access_point(context: ApplyContext, resource: Registration) -> Created:
    """Resolves to the directory below its file system that the access point starts from."""
    created = context.model(resource)
    file_system = context.endpoints.efs_dir / str(resource.inputs["fileSystemId"])
    path = str((resource.inputs.get("rootDirectory") or {}).get("path", "/")).lstrip("/")
    context.mounts[created.id] = _directory(file_system / path)
    # EFS users are not reproduced, but tools of a root worker have users of their own, who see no other job.
    context.mounts[created.id].chmod(_NOT_LISTED)
    return created


def _directory(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
