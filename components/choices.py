"""Choices that the configuration offers and a component acts on."""

from typing import Literal, TypeAlias

Architecture: TypeAlias = Literal["arm64", "x86_64"]
InsightsMode: TypeAlias = Literal["standard", "advanced"]
NatStrategy: TypeAlias = Literal["none", "single", "per-az"]
ChunkingMode: TypeAlias = Literal["auto", "always", "never"]
