"""Where an attempt is: its stage, how long each stage took, and its share of the whole job on the board."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Final

from ledger.states import Stage
from media.produce.production import Progress
from processor.task.progress import ProgressBoard

# The share of the whole job, in percent, that each part of it takes.
_TRANSFER_SPANS: Final = {
    Stage.DOWNLOADING: (0.0, 5.0),
    Stage.UPLOADING: (90.0, 99.0),
    Stage.PUBLISHING: (99.0, 100.0),
}
_MEDIA_WORK_SPAN: Final = (5.0, 90.0)
_CHUNKS_SPAN: Final = (5.0, 80.0)
JOINING_SPAN: Final = (80.0, 90.0)
"""The media work of the task that only joins chunks."""


class StageTracker:
    """Follows one attempt through its stages.

    Args:
        board: Where people watch; it is told only from the claim on, because the fence orders its entries.

    Attributes:
        media_work_span: Share of the whole job, in percent, that the media work of this task takes.
    """

    def __init__(self, board: ProgressBoard) -> None:
        self._board = board
        self._fence: int | None = None
        self.stage: str = Stage.DOWNLOADING.value
        self.seconds: dict[str, float] = {}
        self.media_work_span = _MEDIA_WORK_SPAN

    def start(self, fence: int) -> None:
        """Show progress under this fence from now on."""
        self._fence = fence

    @contextmanager
    def measure(self, stage: Stage) -> Iterator[Callable[[float], None]]:
        """Enter a stage and note its wall time at the end; gives a function that takes the percentage."""
        started = time.monotonic()
        self.show(stage, 0.0)
        try:
            yield lambda percent: self.show(stage, percent)
        finally:
            self.seconds[stage.value] = round(time.monotonic() - started, 3)

    def show(self, stage: Stage, percent_of_stage: float) -> None:
        """Show how far one of the worker's own stages is."""
        self._write(stage.value, _TRANSFER_SPANS[stage], percent_of_stage)

    def show_media_work(self, progress: Progress) -> None:
        """Show how far the media work is; called from its threads."""
        self._write(
            progress.stage, self.media_work_span, progress.percent, progress.fps, progress.eta_seconds
        )

    def seed_chunks(self, done: Collection[str], total: int) -> None:
        """Show the chunks that an earlier attempt finished."""
        for name in done:
            self.show_chunk(name, 1.0, total)

    def show_chunk(self, name: str, share: float, total: int) -> None:
        """Show how much of one chunk is done; the board adds those of all tasks up.

        Args:
            name: The chunk.
            share: 0 to 1.
            total: Number of chunks of the job.
        """
        self.stage = Stage.ENCODING.value
        if self._fence is not None:
            self._board.show_chunk(
                fence=self._fence, name=name, share=min(1.0, share), total=total, span=_CHUNKS_SPAN
            )

    def _write(
        self,
        stage: str,
        span: tuple[float, float],
        percent: float,
        fps: float | None = None,
        eta_seconds: float | None = None,
    ) -> None:
        self.stage = str(stage)
        if self._fence is not None:
            start, end = span
            self._board.show(
                fence=self._fence,
                stage=self.stage,
                percent=start + (end - start) * percent / 100.0,
                fps=fps,
                eta_seconds=eta_seconds,
            )
