"""Choices that the configuration offers and a component acts on."""

from typing import Literal, TypeAlias

Architecture: TypeAlias = Literal["arm64", "x86_64"]
InsightsMode: TypeAlias = Literal["standard", "advanced"]
NatStrategy: TypeAlias = Literal["none", "single", "per-az"]
ChunkingMode: TypeAlias = Literal["auto", "always", "never"]
ENDPOINT_SERVICES = ("ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager", "sns", "sqs", "states")
# Memory that Fargate offers, by the CPU units of a task.
TASK_MEMORY_MIB = {
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}
