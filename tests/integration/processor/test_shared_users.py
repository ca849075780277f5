"""The shared file system under the users that its access points give: what a task and the sweep can do there.

Each program here is that user and nothing more; only root can arrange that.
"""

import dataclasses
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from components.shared_root import SHARED_ROOT_OWNER_ID, SHARED_ROOT_PERMISSIONS, SWEEP_GROUP_ID, TASK_USER_ID
from ledger.jobs import jobs
from local.paths import REPOSITORY_ROOT
from tests.fence.stage import can_mount
from tests.integration.processor import sweep_stand_in
from tests.integration.processor.conftest import Stage
from tests.integration.processor.open_world import is_closed, run_as
from tests.integration.processor.test_chunks import NAMES, chunk_clip
from tests.integration.processor.test_process import environment, image

__all__ = ["chunk_clip", "image"]
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not can_mount(), reason="only root with mounts can be the users of the access points"),
    pytest.mark.skipif(is_closed(REPOSITORY_ROOT), reason="the checkout is closed to other users"),
]

SERVICES = REPOSITORY_ROOT / "services"
# A tool that leaves a directory which its own user cannot list.
HOSTILE = "import os, sys; os.makedirs(sys.argv[1], 0o300); open(sys.argv[1] + '/file', 'w').close()"
LISTING = "import os, sys; os.listdir(sys.argv[1])"


@dataclass(frozen=True, kw_only=True)
class SharedWorld:
    """A shared file system as EFS makes it, and the programs that mount it."""

    stage: Stage
    place: Path
    image: Path
    access: dict[str, Any]

    @property
    def root(self) -> Path:
        return self.place / "shared"

    def step(self, job_id: UUID, step: str, chunk: str = "") -> Any:
        """Run one step as the container's command does, as the tasks' user; give the workflow's answer."""
        callback = self.stage.wait_for_task()
        scratch = dict.fromkeys(("scratch_dir", "tmpdir", "home"), self.place / "scratch")
        changes = {"step": step, "chunk": chunk, "chunking_mode": "always", "chunk_window_seconds": 4}
        settings = self.stage.settings(job_id, callback, shared_dir=self.root, **scratch, **changes)
        given = environment(self.stage, self.image, settings, self.access)
        given["PATH"] = f"{Path(sys.executable).parent}:{given['PATH']}"
        self.run(TASK_USER_ID, "-m", "processor.start", environment=given)
        return callback.result()

    def sweep(self) -> int:
        """Run the sweep's step as its access point's user; give of how many jobs it deletes the files."""
        database = self.stage.database
        trusted = shutil.copy(database.settings.ca_bundle_path, self.place)
        asked = {
            "root": str(self.root),
            "database": dataclasses.asdict(database.settings) | {"ca_bundle_path": trusted},
            "login": dataclasses.asdict(database.application.credentials),
        }
        given = {"PYTHONPATH": f"{SERVICES}:{REPOSITORY_ROOT}", "PATH": os.environ["PATH"]}
        text = json.dumps(asked, default=str)
        output = self.run(SWEEP_GROUP_ID, sweep_stand_in.__file__, environment=given, text=text)
        return int(json.loads(output.splitlines()[-1])["given_up"])

    def run(self, group: int, *arguments: str, environment: dict[str, str], text: str = "") -> str:
        """Run Python as the tasks' user, who is the sweep's too, in a group; give what it wrote."""
        done = run_as(
            TASK_USER_ID, group, [sys.executable, *arguments], environment=environment, text=text,
            place=self.place / "mounts", needed=[self.image],
        )  # fmt: skip
        if done.returncode != 0:
            raise PermissionError(done.stdout + done.stderr)
        return done.stdout + done.stderr

    def tree(self) -> list[Path]:
        return sorted(self.root.rglob("*"))


@pytest.fixture
def world(stage: Stage, image: Path, access: dict[str, Any]) -> Iterator[SharedWorld]:
    place = Path(tempfile.mkdtemp(prefix="shared-", dir="/tmp"))
    place.chmod(0o755)
    for name, owner, group, mode in (
        ("scratch", TASK_USER_ID, TASK_USER_ID, 0o700),
        ("mounts", 0, 0, 0o755),
        ("shared", SHARED_ROOT_OWNER_ID, SWEEP_GROUP_ID, int(SHARED_ROOT_PERMISSIONS, 8)),
    ):
        (place / name).mkdir()
        os.chown(place / name, owner, group)
        (place / name).chmod(mode)
    yield SharedWorld(stage=stage, place=place, image=image, access=access)
    shutil.rmtree(place)


@pytest.mark.long
def test_tasks_do_a_whole_job_in_chunks_below_a_root_that_they_cannot_list(
    world: SharedWorld, chunk_clip: Path
) -> None:
    job_id = world.stage.order(chunk_clip)

    assert world.step(job_id, "prepare")[1]["chunks"] == NAMES
    for name in NAMES:
        assert world.step(job_id, "encode", name)[1] == {"chunk": name}
    made = {(path.stat().st_uid, path.stat().st_gid) for path in world.tree()}
    completed = world.step(job_id, "assemble")

    assert made == {(TASK_USER_ID, TASK_USER_ID)}
    assert completed[1]["status"] == "COMPLETED"
    assert world.tree() == []


@pytest.mark.long
def test_the_sweep_lists_the_root_and_deletes_all_that_a_task_and_its_tools_have_made(
    world: SharedWorld, chunk_clip: Path
) -> None:
    cancelled, live = (world.stage.order(chunk_clip) for _ in range(2))
    for job_id in (cancelled, live):
        world.step(job_id, "prepare")
    world.step(cancelled, "encode", "window-0001")
    closed = world.root / str(cancelled) / "closed"
    world.run(TASK_USER_ID, "-c", HOSTILE, str(closed), environment={})
    kept = [path for path in world.tree() if str(live) in path.parts]
    with world.stage.database.connect() as conn:
        jobs.cancel(conn, cancelled)

    assert world.sweep() == 1
    assert world.sweep() == 0  # what was closed is opened by the first run and deleted by the second

    assert world.tree() == kept


def test_what_cannot_be_deleted_keeps_nothing_else_from_going(world: SharedWorld) -> None:
    stuck, other = (world.root / f"removed-{number}-{uuid4()}" for number in (1, 2))
    for directory in (stuck, other):
        (directory / "plan").mkdir(parents=True)
        os.chown(directory, TASK_USER_ID, TASK_USER_ID)
        os.chown(directory / "plan", TASK_USER_ID, TASK_USER_ID)
    os.chown(stuck, 0, 0)

    assert world.sweep() == 0

    assert world.tree() == [stuck, stuck / "plan"]


def test_a_task_opens_what_it_can_name_and_lists_nothing_above_it(world: SharedWorld) -> None:
    name = str(uuid4())
    directory = world.root / name
    make = "import os, sys; os.makedirs(sys.argv[1]); open(sys.argv[1] + '/source', 'w').close()"
    world.run(TASK_USER_ID, "-c", make, str(directory), environment={})

    world.run(TASK_USER_ID, "-c", LISTING, str(directory), environment={})
    world.run(SWEEP_GROUP_ID, "-c", LISTING, str(world.root), environment={})
    with pytest.raises(PermissionError, match="Permission denied"):
        world.run(TASK_USER_ID, "-c", LISTING, str(world.root), environment={})
