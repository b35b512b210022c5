"""The figures of the statistics, in the quick form of their simulation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "stats_figures.py"
LINE = re.compile(
    r"(?P<name>.+?) +(?P<value>[\d.]+) \+-(?P<error>[\d.]+) +(?P<sign><=|>=) +(?P<target>[\d.]+)"
    r" +(?P<runs>\d+)  (?P<verdict>.+)"
)


def test_no_figure_misses_its_target_by_more_than_its_noise() -> None:
    """Every simulated figure is reached, or lies within three standard errors of its target."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--quick"], capture_output=True, text=True, check=False
    )
    found = [match for line in done.stdout.splitlines() if (match := LINE.fullmatch(line))]
    assert len(found) == 25, done.stdout + done.stderr
    missed = [match[0] for match in found if match["verdict"] == "missed"]
    assert missed == []
    assert done.returncode == 0
    for match in found:
        value, target = float(match["value"]), float(match["target"])
        is_reached = value <= target if match["sign"] == "<=" else value >= target
        assert (match["verdict"] == "reached") is is_reached or abs(value - target) < 1e-4
