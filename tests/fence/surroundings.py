"""The surroundings in which the fence must hold: who the worker is, and what the kernel offers."""

import os
from dataclasses import dataclass
from itertools import product
from typing import Final

from media.tools.fence_kernel import Kernel, Network, this_kernel

ORDINARY_USER: Final = os.geteuid() or 1_880_000_000 + os.getpid()
"""Who plays the worker that is not root, as in the image: a user who has no other process on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where a worker runs.

    Attributes:
        user: Of the worker.
        namespaces: Whether the kernel gives tools a network of their own.
        landlock: Whether the kernel has Landlock.
    """

    user: int
    namespaces: bool
    landlock: bool

    @property
    def label(self) -> str:
        """Name for tables and tests."""
        user = "root" if self.user == 0 else "ordinary user"
        words = ("namespaces" if self.namespaces else "none", "Landlock" if self.landlock else "none")
        return f"{user}, {words[0]}, {words[1]}"

    @property
    def kernel(self) -> Kernel:
        """What the fence is told that the kernel offers."""
        network = Network.OWN if self.user == 0 else Network.USER
        return Kernel(
            network=network if self.namespaces else Network.SHARED,
            landlock=this_kernel().landlock if self.landlock else 0,
        )

    @property
    def missing(self) -> str | None:
        """Why they cannot be had on this machine; None when they can."""
        if self.user != os.geteuid() and os.geteuid() != 0:
            return "only root can become another user"
        if self.namespaces and this_kernel().network is Network.SHARED:
            return "this kernel refuses network namespaces"
        if self.landlock and not this_kernel().landlock:
            return "this kernel has no Landlock"
        return None


EVERY: Final = tuple(
    Surroundings(user=user, namespaces=namespaces, landlock=landlock)
    for user, namespaces, landlock in product((0, ORDINARY_USER), (True, False), (True, False))
)
