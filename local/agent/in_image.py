"""Where a planned container runs: in the files of a built image if one is named, else on the machine."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from artifacts.sources import CA_BUNDLE
from local.agent.plan import ContainerPlan
from local.container_image import Surroundings, configured_image, container_command

# The image brings these itself; the agent's are for tasks on the machine.
_OF_THE_IMAGE = frozenset({"PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "LANG"})
_OUTSIDE = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def placed(
    plan: ContainerPlan, environment: Mapping[str, str], task_dir: Path, image_dir: Path
) -> tuple[Sequence[str], dict[str, str]]:
    """Give the command that runs a planned container, and the environment of that command.

    Args:
        plan: The container; its volumes are given to the image's user.
        environment: What the task gets on the machine itself.
        task_dir: Private directory of this task.
        image_dir: The staged image, whose trusted roots the built one gets in place of its own.
    """
    image = configured_image()
    if image is None:
        return plan.command, dict(environment)
    for directory in plan.mounts.values():
        os.chown(directory, image.user_id, image.user_id)
    kept = {name: text for name, text in environment.items() if name not in _OF_THE_IMAGE}
    rewritten = {
        name: text for name, text in plan.environment_inside.items() if plan.environment[name] != text
    }
    inside = kept | rewritten
    trusted = f"{image.working_directory}/{CA_BUNDLE}"
    if "AWS_CA_BUNDLE" in inside:
        inside["AWS_CA_BUNDLE"] = trusted
    surroundings = Surroundings(
        environment=inside, writable=plan.mounts, read_only={trusted: image_dir / CA_BUNDLE}
    )
    # What starts the container needs nothing of the task's own environment, and must not show it to others.
    return container_command(image, plan.command, surroundings, directory=task_dir), dict(_OUTSIDE)
