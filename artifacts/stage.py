"""Lays out what the container image holds, for a machine that runs the processor without a container."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from artifacts.image import IMAGE_PACKAGES
from artifacts.sources import CA_BUNDLE, REPOSITORY_ROOT, content_hash, package_files

_KEPT_STAGES = 2


def stage_image(target_dir: Path, ca_bundle: bytes, *, root: Path = REPOSITORY_ROOT) -> Path:
    """Returns a directory to use as PYTHONPATH: the image's packages with another CA bundle.

    Equal content is laid out once. The directory of the previous content stays, so that tasks that run
    during an update keep their files.

    Args:
        target_dir: Directory that holds the staged copies.
        ca_bundle: Roots that the processor trusts instead of AWS's.
        root: Root of the repository.
    """
    files: dict[str, Path | bytes] = {**package_files(root, IMAGE_PACKAGES), CA_BUNDLE: ca_bundle}
    target = target_dir / f"image-{content_hash(files)[:20]}"
    if target.is_dir():
        target.touch()
        return target
    target_dir.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="staging-", dir=target_dir))
    for name, source in files.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source if isinstance(source, bytes) else source.read_bytes())
    work.chmod(0o755)
    try:
        work.rename(target)
    except OSError:
        shutil.rmtree(work, ignore_errors=True)
        if not target.is_dir():
            raise
    _remove_old_stages(target_dir)
    return target


def _remove_old_stages(target_dir: Path) -> None:
    stages = sorted(target_dir.glob("image-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for former in stages[_KEPT_STAGES:]:
        shutil.rmtree(former, ignore_errors=True)
