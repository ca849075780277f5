"""Checks of the picture as people will see it: its likeness with the source, black and frozen parts."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from media.encode import quality_commands
from media.encode.encode import Encoded
from media.encode.picture_facts import PictureFacts, Section
from media.package.package import Packaged
from media.plan.plan import Plan
from media.plan.quality_samples import Run, existing_runs
from media.plan.rungs import PlannedRung, has_ssim, has_vmaf
from media.tools.errors import ToolFailedError
from media.tools.session import Session
from media.verify.error import fail, failure
from profiles import VerificationSettings

_SSIM: Final = re.compile(
    r"^\[[^\]]*ssim[^\]]*\] \[info\] SSIM Y:([\d.]+) \([^)]*\) U:([\d.]+) \([^)]*\) V:([\d.]+)", re.MULTILINE
)
_VMAF: Final = re.compile(r"^\[[^\]]*libvmaf[^\]]*\] \[info\] VMAF score: ([\d.]+)", re.MULTILINE)
_COMPARE_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What comparing samples of one rendition with the source showed.

    Attributes:
        frames: Frames that were compared.
        ssim: Of the brightness, 0 to 1; mean of the frames.
        colour_ssim: Of the worse of the two colour planes.
        vmaf: 0 to 100; None where the installed ffmpeg cannot measure it.
    """

    frames: int
    ssim: float
    colour_ssim: float
    vmaf: float | None

    def details(self) -> dict[str, Any]:
        """The facts for the output's record."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """What all renditions are compared with."""

    session: Session
    plan: Plan
    settings: VerificationSettings
    reference: quality_commands.Reference
    runs: tuple[Run, ...]
    vmaf: bool

    def check(self, path: Path, rung: PlannedRung) -> Likeness:
        command = quality_commands.compare(
            path,
            rung,
            self.runs,
            self.reference,
            plan=self.plan,
            vmaf=self.vmaf and has_vmaf(rung),
            limits=self.session.limits,
        )
        try:
            completed = self.session.inspect(command, seconds=_COMPARE_SECONDS)
        except ToolFailedError as error:
            raise failure(f"{path.name} cannot be compared with the source: {error.message}") from error
        frames = sum(run.frames for run in self.runs)
        return check_likeness(path.name, parse_likeness(completed.notes, frames), self.settings)


def likeness_checks(
    session: Session, packaged: Packaged, plan: Plan, encoded: Encoded, settings: VerificationSettings
) -> dict[str, Callable[[], Likeness]]:
    """Give the check of each rendition, by rung; none where no frame was kept for it, or it is too small."""
    runs = existing_runs(plan.samples, encoded.frames)
    if encoded.reference is None or not runs:
        return {}
    comparison = _Comparison(
        session=session,
        plan=plan,
        settings=settings,
        reference=quality_commands.Reference(encoded.reference, (plan.top.width, plan.top.height)),
        runs=runs,
        vmaf=b" libvmaf " in session.inspect(quality_commands.list_filters()).stdout,
    )
    return {
        rung.name: partial(comparison.check, packaged.renditions[rung.name], rung)
        for rung in plan.rungs
        if has_ssim(rung)
    }


def parse_likeness(notes: str, frames: int) -> Likeness | None:
    """Read the log of a comparison of `frames` frames; None if it holds no result."""
    ssim, vmaf = _SSIM.search(notes), _VMAF.search(notes)
    if ssim is None:
        return None
    return Likeness(
        frames=frames,
        ssim=float(ssim[1]),
        colour_ssim=min(float(ssim[2]), float(ssim[3])),
        vmaf=round(float(vmaf[1]), 2) if vmaf is not None else None,
    )


def check_likeness(name: str, likeness: Likeness | None, settings: VerificationSettings) -> Likeness:
    """Hold compared samples to the profile's floors."""
    if likeness is None:
        fail(f"{name} could not be compared with the source: nothing was measured.")
    for part, ssim in (("picture", likeness.ssim), ("colours", likeness.colour_ssim)):
        if ssim < settings.min_ssim:
            fail(f"{name}: SSIM of the {part} is {ssim:.4f}; at least {settings.min_ssim:g} is needed.")
    if likeness.vmaf is not None and likeness.vmaf < settings.min_vmaf:
        fail(f"{name}: VMAF is {likeness.vmaf:.2f}; at least {settings.min_vmaf:g} is needed.")
    return likeness


def check_picture_facts(facts: PictureFacts, video_seconds: float, settings: VerificationSettings) -> None:
    """Hold what was measured during the encode to the profile's limits."""
    for name, ssim in facts.ssim.items():
        if ssim < settings.min_ssim:
            fail(f"{name}: its encoder measured SSIM {ssim:.4f}; at least {settings.min_ssim:g} is needed.")
    for word, sections, most in (
        ("black", facts.black, settings.max_black_share),
        ("frozen", facts.frozen, settings.max_frozen_share),
    ):
        share = _share(sections, video_seconds)
        if share > most:
            fail(f"The picture is {word} for {share:.0%} of the time; at most {most:.0%} is allowed.")


def _share(sections: tuple[Section, ...], video_seconds: float) -> float:
    return min(1.0, sum(end - start for start, end in sections) / video_seconds) if video_seconds else 0.0
