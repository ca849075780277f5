"""Runs a command in the files of a built container image as Fargate would: by runc, on a read-only disk.

Fargate starts containers by the same program. What it forbids is forbidden here as well: capabilities and new
namespaces; writing anywhere but on mounted volumes. The network is that of this machine.
"""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

IMAGE_VARIABLE = "VIDEO_PLATFORM_IMAGE"
"""Names the description of a mounted image; local tasks then run in it and not on the machine itself."""

_PERMISSION_DENIED, _NO_SUCH_CALL = 1, 38
_NEW_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
_LANDLOCK = ("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self")
_PRIVATE = ("nosuid", "nodev")


@dataclass(frozen=True, slots=True)
class ContainerImage:
    """An image whose files are mounted on this machine.

    Attributes:
        root: the directory with its files.
        environment: variables that it sets.
        working_directory: where its commands start.
        command: what it runs by default.
        user_id: whom it runs as; the group has the same number.
    """

    root: Path
    environment: Mapping[str, str]
    working_directory: str
    command: tuple[str, ...]
    user_id: int

    @classmethod
    def of(cls, root: str, settings: Mapping[str, Any]) -> "ContainerImage":
        """Take over an image's own settings, as the OCI image configuration has them."""
        return cls(
            Path(root),
            dict(entry.split("=", 1) for entry in settings["Env"]),
            settings["WorkingDir"],
            tuple(settings["Cmd"]),
            int(settings["User"].partition(":")[0]),
        )

    def save(self, path: Path) -> None:
        """Write a description that ``load`` reads."""
        path.write_text(json.dumps(asdict(self) | {"root": str(self.root)}), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "ContainerImage":
        """Read what ``save`` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        return cls(**(values | {"root": Path(values["root"]), "command": tuple(values["command"])}))


def configured_image() -> ContainerImage | None:
    """Give the image that tasks of this machine run in, or None where they run on the machine itself."""
    path = os.environ.get(IMAGE_VARIABLE)
    return ContainerImage.load(Path(path)) if path else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What one container gets.

    Attributes:
        environment: variables over those of the image.
        writable: path in the container to the directory of this machine that stands there.
        read_only: the same for what it may only read; paths below /mnt need not exist in the image.
        landlock: whether the kernel offers Landlock.
        memory_mib: most memory of all its processes; None leaves it to the machine.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    writable: Mapping[str, Path] = field(default_factory=dict)
    read_only: Mapping[str, Path] = field(default_factory=dict)
    landlock: bool = True
    memory_mib: int | None = None


def container_command(
    image: ContainerImage, command: Sequence[str], surroundings: Surroundings, *, directory: Path
) -> list[str]:
    """Describe a container and give the command that runs it; it passes signals on and gives the exit code.

    Args:
        image: the image.
        command: program and arguments, as found in the image.
        surroundings: what it gets beside the image.
        directory: gets the container's description; nothing of it is seen inside.
    """
    bundle = directory / "container"
    # The description holds the environment with its secrets.
    bundle.mkdir(mode=0o700, parents=True, exist_ok=True)
    (bundle / "config.json").write_text(json.dumps(_description(image, command, surroundings)), "utf-8")
    name = f"{directory.name}-{secrets.token_hex(4)}"
    return ["runc", "--root", str(bundle / "state"), "run", "--bundle", str(bundle), name]


def _description(image: ContainerImage, command: Sequence[str], surroundings: Surroundings) -> dict[str, Any]:
    environment = {**image.environment, **surroundings.environment}
    memory = {} if surroundings.memory_mib is None else {"limit": surroundings.memory_mib * 1024 * 1024}
    return {
        "ociVersion": "1.0.2",
        "root": {"path": str(image.root), "readonly": True},
        "process": {
            "terminal": False,
            "user": {"uid": image.user_id, "gid": image.user_id},
            "args": list(command),
            "env": [f"{name}={value}" for name, value in environment.items()],
            "cwd": image.working_directory,
            "capabilities": {},
            "noNewPrivileges": False,
        },
        "mounts": [*_system_mounts(), *_volume_mounts(surroundings)],
        "linux": {
            "namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")],
            "resources": {"memory": memory} if memory else {},
            "seccomp": _forbidden_calls(landlock=surroundings.landlock),
        },
    }


def _system_mounts() -> list[dict[str, Any]]:
    def tmpfs(destination: str, *options: str) -> dict[str, Any]:
        return {"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": list(options)}

    return [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        tmpfs("/dev", "nosuid", "strictatime", "mode=755", "size=65536k"),
        tmpfs("/dev/shm", *_PRIVATE, "noexec", "mode=1777", "size=65536k"),  # noqa: S108 - inside of the container
        tmpfs("/mnt", *_PRIVATE, "mode=755", "size=1024k"),
    ]


def _volume_mounts(surroundings: Surroundings) -> list[dict[str, Any]]:
    def bind(destination: str, source: Path, access: str) -> dict[str, Any]:
        options = ["rbind", access, *_PRIVATE]
        return {"destination": destination, "type": "bind", "source": str(source), "options": options}

    return [
        *(bind(path, source, "ro") for path, source in surroundings.read_only.items()),
        *(bind(path, source, "rw") for path, source in surroundings.writable.items()),
    ]


def _forbidden_calls(*, landlock: bool) -> dict[str, Any]:
    """New namespaces, as Fargate forbids them; and Landlock, as on a kernel that has none."""

    def refuse(names: Sequence[str], error: int, **more: Any) -> dict[str, Any]:
        return {"names": list(names), "action": "SCMP_ACT_ERRNO", "errnoRet": error, **more}

    flags = [
        refuse(["clone"], _PERMISSION_DENIED, args=[_with_flag(namespace)]) for namespace in _NEW_NAMESPACES
    ]
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            refuse(["unshare", "setns"], _PERMISSION_DENIED),
            # Its flags are behind a pointer, so no filter sees them; glibc falls back to clone.
            refuse(["clone3"], _NO_SUCH_CALL),
            *flags,
            *([] if landlock else [refuse(_LANDLOCK, _NO_SUCH_CALL)]),
        ],
    }


def _with_flag(flag: int) -> dict[str, Any]:
    return {"index": 0, "value": flag, "valueTwo": flag, "op": "SCMP_CMP_MASKED_EQ"}
