"""There is one copy of each definition: what is edited in a checkout is what runs."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.platform_client import CHECKOUT, Platform, wait_for
from tests.e2e.processes import kill_while_encoding
from tests.media import BIKES, make_landscape

COPIED = ("__main__.py", "Pulumi*.yaml", "pyproject.toml", "constraints.txt", "requirements*.txt")
COPIED_DIRECTORIES = ("artifacts", "components", "local", "services", "workflow")


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A checkout with another rung, another topic name and no retries, running beside the first one."""
    checkout = tmp_path_factory.mktemp("checkout")
    for pattern in COPIED:
        for file in CHECKOUT.glob(pattern):
            shutil.copy2(file, checkout / file.name)
    for directory in COPIED_DIRECTORIES:
        shutil.copytree(CHECKOUT / directory, checkout / directory)
    for environment in (".venv", ".venv-emulator"):
        (checkout / environment).symlink_to(CHECKOUT / environment)
    edit(checkout)
    running = Platform.start(tmp_path_factory.mktemp("edited"), checkout=checkout)
    yield running
    running.stop()


def edit(checkout: Path) -> None:
    profile = checkout / "services/profiles/web.yaml"
    content = yaml.safe_load(profile.read_text())
    content["video"]["rungs"] = [
        {"name": "240p", "short_side_pixels": 240, "long_side_pixels": 426, "max_bitrate_kbps": 400}
    ]
    profile.write_text(yaml.safe_dump(content))

    notifications = checkout / "components/notifications.py"
    named = 'f"video-processing-{role}"'
    assert named in notifications.read_text()
    notifications.write_text(notifications.read_text().replace(named, 'f"films-{role}"'))

    workflow = checkout / "workflow/video_processing.asl.json"
    definition = json.loads(workflow.read_text())
    definition["States"]["ProcessVideo"]["Retry"] = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}]
    workflow.write_text(json.dumps(definition))


def test_an_edited_rung_and_topic_are_what_runs(edited: Platform) -> None:
    job = edited.settled(edited.upload(BIKES))
    assert [output["name"] for output in job["outputs"] if output["kind"] == "rendition"] == ["240p"]
    assert edited.exports["completion_topic_arn"].endswith(":films-completion-dev")
    edited.mail(job["job_id"])


def test_an_edited_retry_is_what_runs(edited: Platform, tmp_path: Path) -> None:
    job_id = edited.upload(make_landscape(tmp_path, seconds=8))
    kill_while_encoding(job_id, "libx264")
    job = edited.settled(job_id)
    assert (job["status"], job["attempt"]) == ("FAILED", 1), "without a Retry, the first kill is the end"


def test_two_platforms_share_neither_ports_nor_jobs(edited: Platform, platform: Platform) -> None:
    assert edited.description["api_url"] != platform.description["api_url"]
    job_id = platform.upload(BIKES)
    platform.settled(job_id)
    assert edited.api("GET", f"/jobs/{job_id}").status_code in {403, 404}
    wait_for("the mail of the first platform", lambda: next(iter(platform.mails(job_id)), None))
    assert edited.mails(job_id) == []
