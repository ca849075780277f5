"""The benchmark measures whole process trees and compares runs of the same round."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import render
from bench.contenders import Run
from bench.measure import Cost, run_measured


def _run(wall: float, cpu: float, **stages: float) -> Run:
    return Run(Cost(wall, cpu, 100.0), stages, stages, {"360p": 1.0})


def test_ratios_are_taken_within_a_round_and_then_their_median() -> None:
    report = render(
        {
            "naive": [_run(80, 120), _run(90, 160), _run(100, 120)],
            "bare": [_run(40, 80), _run(60, 100), _run(40, 80)],
            "ours": [_run(48, 80, encoding=40), _run(66, 100, encoding=63), _run(44, 96, encoding=42)],
            "chunked": [
                replace(_run(40, 88), likeness={"360p": 0.9}),
                replace(_run(40, 110), likeness={"360p": 0.99}),
                replace(_run(40, 96), likeness={"360p": 0.98}),
            ],
        },
        20.0,
    )

    assert "| bare | 40.0 | 80.0 | 100 | 40.0 60.0 40.0 | 80.0 100.0 80.0 |" in report
    assert "c/b wall, encode stage alone: 1.05" in report
    assert "c/b wall, whole work: 1.10" in report
    assert "c/b CPU, whole work: 1.00" in report
    assert "a/c CPU: 1.50" in report
    assert "d/c CPU: 1.10" in report
    assert "that lost most: 0.9000" in report


def test_the_cost_of_a_command_includes_what_its_children_took(tmp_path: Path) -> None:
    busy = "import time; data = bytearray(60_000_000)\nwhile time.process_time() < 0.5: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}], check=True)"
    cost = run_measured([sys.executable, "-c", parent], tmp_path / "log")

    assert cost.cpu_seconds >= 0.5
    assert cost.peak_mib > 60


def test_a_command_that_fails_ends_the_benchmark_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 3: no such thing"):
        run_measured(
            [sys.executable, "-c", "import sys; print('no such thing'); sys.exit(3)"], tmp_path / "log"
        )
