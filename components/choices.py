"""Choices that the configuration offers and a component acts on."""

from typing import Literal, TypeAlias

Architecture: TypeAlias = Literal["arm64", "x86_64"]
InsightsMode: TypeAlias = Literal["standard", "advanced"]
NatStrategy: TypeAlias = Literal["none", "single", "per-az"]
RecordAccess: TypeAlias = Literal["shared", "per-client"]
ChunkingMode: TypeAlias = Literal["auto", "always", "never"]
DeliveryMode: TypeAlias = Literal["edge", "presigned"]
ENDPOINT_SERVICES = ("ecr.api", "ecr.dkr", "kms", "lambda", "logs", "secretsmanager", "sns", "sqs", "states")
# Memory that Fargate offers, by the CPU units of a task, from one vCPU on:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
TASK_MEMORY_MIB = {
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}
# fmt: off
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)
# fmt: on
# A week, or 15 months and more (Amazon RDS User Guide, "Considerations for Database Insights"). The spans
# between belonged to the paid tier of Performance Insights, which AWS ended on 31 July 2026 (same guide,
# "Monitoring DB load with Performance Insights"); with either mode they are refused.
INSIGHTS_RETENTION_DAYS = (7, *(31 * months for months in range(15, 24)), 731)
