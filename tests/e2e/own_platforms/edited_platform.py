"""A platform from a checkout with another rung and topic, no retries and everything in chunks."""

import json
from pathlib import Path

import yaml

from tests.platform_client import Platform, copy_checkout
from tests.stack_files import configure


def start_edited(checkout: Path, data_dir: Path) -> Platform:
    """Bring it up from a checkout that is put into the first directory; the caller stops it."""
    _edit(copy_checkout(checkout))
    return Platform.start(data_dir, checkout=checkout)


def _edit(checkout: Path) -> None:
    profile = checkout / "services/profiles/web.yaml"
    content = yaml.safe_load(profile.read_text())
    content["video"]["rungs"] = [
        {"name": "240p", "short_side_pixels": 240, "long_side_pixels": 426, "max_bitrate_kbps": 400}
    ]
    profile.write_text(yaml.safe_dump(content))

    configure(checkout, "dev", chunking_mode="always", chunk_window_seconds=4, max_source_hours=6)

    notifications = checkout / "components/notifications.py"
    named = 'f"video-processing-{role}"'
    assert named in notifications.read_text()
    notifications.write_text(notifications.read_text().replace(named, 'f"films-{role}"'))

    workflow = checkout / "workflow/video_processing.asl.json"
    definition = json.loads(workflow.read_text())
    definition["States"]["ProcessVideo"]["Retry"] = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}]
    workflow.write_text(json.dumps(definition))
