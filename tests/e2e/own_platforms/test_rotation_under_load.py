"""Every secret is replaced while jobs run, and nothing is lost: a short soak with an audit at its end."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis

from metadata_api.http.cursor import CursorSigner, pack_position
from metadata_api.http.sealing import FixedKeys, SigningKey
from metadata_api.models.jobs import JobQuery
from metadata_api.operations.paging import scope_of
from tests.platform_client import CHECKOUT, Platform, wait_for
from tests.soak.audit import audit
from tests.soak.load import Load
from tests.soak.run import ended, make_clip, settle
from tests.soak.world import World

JOBS = 16
# The load, three rotations in its midst, and the last announcements.
pytestmark = [pytest.mark.timeout(900), pytest.mark.long]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A platform of its own: the others' tests would meet other secrets."""
    platform = Platform.start(tmp_path_factory.mktemp("rotated"))
    yield World(platform)
    platform.stop()


def rotate(world: World, *arguments: str) -> str:
    """Replace a secret as an operator does."""
    done = run_rotation(world, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_rotation(world: World, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {
        "VIDEO_PLATFORM_DATA_DIR": str(world.platform.data_dir),
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "services")]),
    }
    return subprocess.run(
        [sys.executable, "-m", "tools.rotation", *arguments, "--stack", "dev", "--local"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def accepts(world: World, token: str) -> bool:
    state = world.state()
    client: Any = redis.Redis(
        host=state["redis"]["host"],
        port=state["redis"]["port"],
        password=token,
        ssl=True,
        ssl_cert_reqs="none",
    )
    try:
        return bool(client.ping())
    except redis.AuthenticationError:
        return False
    finally:
        client.close()


def token_of(platform: Platform) -> str:
    secret = platform.aws("secretsmanager").get_secret_value(SecretId=platform.exports["redis_secret_arn"])
    return str(json.loads(secret["SecretString"])["auth_token"])


def cursor_of_key_2(platform: Platform) -> str:
    """What an environment that has started since the rotation hands out."""
    secret = platform.aws("secretsmanager").get_secret_value(SecretId=platform.exports["signing_secret_arn"])
    key = json.loads(secret["SecretString"])["current"]
    assert key["id"] == "2"
    signer = CursorSigner(FixedKeys([SigningKey(id=key["id"], secret=key["key"])]))
    return signer.seal(scope_of("jobs", JobQuery()), pack_position(datetime.now(UTC), uuid4()))


def test_each_secret_is_replaced_during_a_soak_and_nothing_is_lost(world: World, tmp_path: Path) -> None:
    platform = world.platform
    load = Load(world, make_clip(tmp_path), profile="thumbnails")
    running = threading.Thread(target=load.run, args=(JOBS, lambda: ended(world)), daemon=True)
    running.start()
    wait_for("the first results", lambda: (ended(world) or 0) >= 2 or None, timeout_seconds=180)
    cursor = platform.api("GET", "/jobs?limit=1").json()["next_cursor"]
    old_token = token_of(platform)

    assert "video_app_b" in rotate(world, "database", "--anyway")
    assert "key 2" in rotate(world, "signing", "--anyway")
    assert "new token" in rotate(world, "redis")
    left = JOBS - (ended(world) or 0)
    assert left > 0, "all jobs had ended before the last rotation; give the soak more of them"

    in_use = "SELECT FROM pg_stat_activity WHERE usename = 'video_app_b'"
    wait_for("a task with the new login", lambda: world.rows(in_use) or None, timeout_seconds=120)
    assert platform.api("GET", f"/jobs?limit=1&cursor={cursor}").status_code == 200
    by_others = cursor_of_key_2(platform)
    wait_for(
        "an environment that knows the key that others sign with",
        lambda: platform.api("GET", f"/jobs?limit=1&cursor={by_others}").status_code == 200 or None,
    )
    assert platform.api("GET", f"/jobs?limit=1&cursor={cursor}").status_code == 200
    assert accepts(world, old_token)
    running.join(timeout=600)
    assert not running.is_alive()
    wait_for("the end of all jobs", lambda: (ended(world) or 0) >= JOBS or None, timeout_seconds=600)
    assert settle(world, load) == []
    assert audit(world, load) == []
    statuses = world.rows("SELECT status, count(*) FROM jobs GROUP BY 1")
    assert statuses == [("COMPLETED", JOBS)]
    assert "only the token" in rotate(world, "redis", "--finish")
    assert (accepts(world, old_token), accepts(world, token_of(platform))) == (False, True)
    assert platform.api("GET", "/health").json()["status"] == "ok"


def test_a_second_rotation_at_once_is_refused_with_the_time_to_wait_for(world: World) -> None:
    done = run_rotation(world, "database")

    assert done.returncode == 1
    assert "Wait until" in done.stderr
