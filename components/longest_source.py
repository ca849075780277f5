"""What the longest source that a stack accepts needs of a task: time and disk.

Both are reckoned for an ordinary film, 1080p at 30 frames a second through the profile `web`. What costs more
is refused by the first task's own estimate, before anything is encoded. The numbers are those of that
estimate, which this program may not import; tests/contract/test_longest_source.py holds both together.
"""

import math
from typing import Final

from components.settings import ChunkingSettings, JobSettings, TaskSettings

_ENCODE_VCPU_SECONDS: Final = 5.61
"""For each second of the film; assembling takes this share of it, by one task alone."""
_FINISH_SHARE: Final = 0.04
_SOUND_SECONDS: Final = 0.0675
"""For each second of the film, by one task beside the others; checking it takes this share of it."""
_SOUND_FINISH_SHARE: Final = 0.25
_RESERVE: Final = 1.5
_TASK_START_SECONDS: Final = 45
_TRANSFER_BYTES_PER_SECOND: Final = 100_000_000
_MOST_WINDOWS: Final = 1000
_SEGMENT_SECONDS: Final = 4
_CPU_UNITS_PER_VCPU: Final = 1024
_OUTPUT_BYTES_PER_SECOND: Final = 1_725_000
"""All renditions twice, encoded and packaged, the download, and their sound, at half of their peak rates."""


def least_workflow_seconds(
    hours: int, task: TaskSettings, jobs: JobSettings, chunking: ChunkingSettings
) -> int:
    """Give the shortest time limit of a job that fits an ordinary film, one and a half times.

    Args:
        hours: length of the film.
        task: size of each task.
        jobs: gives the size of the file.
        chunking: how many tasks share the work.
    """
    film_seconds = hours * 3600
    vcpus = task.task_cpu_units / _CPU_UNITS_PER_VCPU
    speed = vcpus * (1 - 0.01 * vcpus)
    picture, sound = film_seconds * _ENCODE_VCPU_SECONDS / speed, film_seconds * _SOUND_SECONDS
    finish = picture * _FINISH_SHARE + sound * _SOUND_FINISH_SHARE
    transfer = jobs.max_upload_bytes / _TRANSFER_BYTES_PER_SECOND
    settling = jobs.workflow_timeout_seconds - jobs.task_stops_at_seconds
    alone = math.ceil(_RESERVE * (transfer + picture + sound / speed + finish)) + settling
    windows = min(
        _MOST_WINDOWS, math.ceil(film_seconds / max(_SEGMENT_SECONDS, chunking.chunk_window_seconds))
    )
    rounds = math.ceil(windows / chunking.chunk_max_concurrency)
    encoding = max(rounds * (_TASK_START_SECONDS + picture / windows), _TASK_START_SECONDS + sound)
    together = math.ceil(_RESERVE * (2 * transfer + encoding + _TASK_START_SECONDS + finish))
    return {"always": together, "never": alone, "auto": min(together, alone)}[chunking.chunking_mode]


def least_storage_bytes(jobs: JobSettings) -> int:
    """Give the room that the largest file and the outputs of the longest film take on a task's disk."""
    return jobs.max_upload_bytes + jobs.max_source_hours * 3600 * _OUTPUT_BYTES_PER_SECOND
