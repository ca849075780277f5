"""Applies the Pulumi program to this machine: the AWS emulator, PostgreSQL, Redis and directories."""

from local.apply.endpoints import Endpoints, PostgresEndpoint, RedisEndpoint
from local.apply.preparation import prepare
from local.apply.provider import Applied, AppliedResource, apply_program

__all__ = [
    "Applied",
    "AppliedResource",
    "Endpoints",
    "PostgresEndpoint",
    "RedisEndpoint",
    "apply_program",
    "prepare",
]
