"""What the steps of one job share: limits, budget, threads, scratch directory, and the record of what ran."""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from media.tools import runner
from media.tools.command import Command, tolerant
from media.tools.errors import DamagedInputError
from media.tools.limits import Allowance, Budget, Limits
from media.tools.output import ProgressParser, ProgressSample
from media.tools.warnings import SourceWarning, WarningCode

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRecord:
    """A command that ran, so that the same work can be repeated and timed without this package.

    Attributes:
        step: What it did.
        argv: Program and arguments, with absolute paths and without the fence of limits around it.
        seconds: Wall time.
    """

    step: str
    argv: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One job's media work.

    Attributes:
        workdir: Scratch directory that the caller made and will remove.
        limits: Ceilings for the source.
        budget: Wall time for everything.
        threads: Processor cores to use.
        memory_bytes: What the encoder must fit into; None where somebody else has chosen the threads.
        keeps_damage: Whether a cut or damaged source is made as far as it decodes.
        cancel: Set when one step has failed, so that those beside it end early.
        records: The commands of the production itself, in the order in which they ended.
        warnings: What was odd about the source, each thing once.
    """

    workdir: Path
    limits: Limits
    budget: Budget
    threads: int
    memory_bytes: int | None = None
    keeps_damage: bool = False
    cancel: threading.Event = field(default_factory=threading.Event)
    records: list[CommandRecord] = field(default_factory=list)
    warnings: list[SourceWarning] = field(default_factory=list)

    def warn(self, *found: SourceWarning) -> None:
        """Note what is odd but usable; the production tells it."""
        self.warnings.extend(warning for warning in found if warning not in self.warnings)

    def bear(self, error: DamagedInputError) -> None:
        """Go on with what is left of a source and tell what is lost, where that is wanted.

        Raises:
            DamagedInputError: It is not.
        """
        if not self.keeps_damage:
            raise error
        if all(warning.message != error.message for warning in self.warnings):
            self.warn(SourceWarning(code=WarningCode.SOURCE_DAMAGED, message=error.message, facts=error.lost))

    def inspect(
        self,
        command: Command,
        *,
        seconds: float | None = None,
        receive: Callable[[bytes], None] | None = None,
    ) -> runner.Completed:
        """Run a command that only reads; it gets little time and little memory.

        Args:
            command: What to run.
            seconds: Wall time instead of the limits' `probe_seconds`.
            receive: Gets the answer piece by piece; then it is not kept.
        """
        wanted = seconds or self.limits.probe_seconds
        allowed = min(wanted, max(self.budget.remaining(), 0.0))
        return runner.run(
            command,
            workdir=self.workdir,
            allowance=Allowance.for_inspection(wanted, threads=self.threads),
            budget=Budget(allowed),
            cancel=self.cancel,
            receive=receive,
        )

    def produce(
        self, command: Command, *, outputs: int, on_progress: Callable[[ProgressSample], None] | None = None
    ) -> runner.Completed:
        """Run a command that makes a part of the result, and record it.

        Args:
            command: What to run.
            outputs: How many encoders it holds, for the memory it may reserve.
            on_progress: Receives progress.
        """
        completed = runner.run(
            tolerant(command) if self.keeps_damage else command,
            workdir=self.workdir,
            allowance=Allowance.for_encoding(self.limits, threads=self.threads, outputs=outputs),
            budget=self.budget,
            cancel=self.cancel,
            receive=ProgressParser(on_progress).feed if on_progress else None,
        )
        record = CommandRecord(step=command.step, argv=completed.argv, seconds=completed.seconds)
        self.records.append(record)
        return completed

    def together(self, *tasks: Callable[[], Result], workers: int | None = None) -> list[Result]:
        """Run tasks side by side; the first failure ends the others and is raised.

        Args:
            *tasks: What to run.
            workers: How many at once; all of them by default.

        Returns:
            The results in the order of the tasks.
        """
        with ThreadPoolExecutor(max_workers=workers or len(tasks), thread_name_prefix="media") as pool:
            futures = [pool.submit(task) for task in tasks]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                failures = [error for future in done if (error := future.exception())]
                if failures:
                    raise failures[0]
            except BaseException:
                self.cancel.set()
                for future in futures:
                    future.cancel()
                raise
            return [future.result() for future in futures]
